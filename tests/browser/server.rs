//! The Atlas binary, serving the development environment from a temporary folder.

use std::fs::{self, File};
use std::path::Path;
use std::process::Command;
use std::thread;

use tempfile::TempDir;

use super::child_process::ChildProcess;

/// A running server. Dropping it stops the process, and prints its log if the test has failed.
pub struct Server {
    /// For example `http://localhost:1234`.
    pub base_url: String,
    // Dropped in this order: the process must not write to a deleted folder.
    process: Option<ChildProcess>,
    folder: TempDir,
    /// Environment variables of this server.
    variables: Vec<(String, String)>,
}

impl Server {
    /// Starts on a new data file.
    pub fn start() -> Self {
        Self::start_in(tempfile::tempdir().expect("a temporary folder"), "127.0.0.1:0", &[])
    }

    /// Starts on a data file that `atlas seed` has filled.
    pub fn start_seeded() -> Self {
        Self::start_seeded_with(&[])
    }

    /// Starts on a seeded data file with additional environment variables.
    pub fn start_seeded_with(variables: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let seeding = atlas_command(folder.path()).arg("seed").output().expect("atlas starts");
        assert!(seeding.status.success(), "atlas seed failed: {}", String::from_utf8_lossy(&seeding.stderr));
        Self::start_in(folder, "127.0.0.1:0", variables)
    }

    /// Stops the process; the data file stays.
    pub fn stop(&mut self) {
        drop(self.process.take());
    }

    /// Starts again on the same data file and at the same address.
    pub fn restart(&mut self) {
        let listen = self.base_url.replace("http://localhost", "127.0.0.1");
        self.spawn(&listen);
    }

    fn start_in(folder: TempDir, listen: &str, variables: &[(&str, &str)]) -> Self {
        let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        // Constructed before the process starts, so that `drop` prints the log if it fails to start.
        let mut server = Self { base_url: String::new(), process: None, folder, variables };
        server.spawn(listen);
        server
    }

    fn spawn(&mut self, listen: &str) {
        let log = File::options().create(true).append(true).open(self.folder.path().join("log"));
        let mut command = atlas_command(self.folder.path());
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command.args(["serve", "--listen", listen]).stderr(log.expect("a log file"));
        let process = self.process.insert(ChildProcess::start("atlas", &mut command));
        let line = process.wait_for_line("Serving development at ");
        let address = line.split(' ').find(|word| word.starts_with("http://")).expect("the line names the address");
        address.clone_into(&mut self.base_url);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.process.take());
        if thread::panicking() {
            let log = fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
            eprintln!("the server's log:\n{log}");
        }
    }
}

/// The owner, who can open the admin pages.
pub const OWNER_EMAIL: &str = "olga@example.com";

/// Atlas with its default configuration, except for the owner and for the past days that users may edit: as few as possible.
fn atlas_command(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_atlas"));
    command.current_dir(folder).env_clear().env("ADMIN_OWNER_EMAIL", OWNER_EMAIL).env("ATLAS_HABITS_BACKFILL", "grace");
    for name in ["PATH", "HOME"] {
        if let Some(value) = std::env::var_os(name) {
            command.env(name, value);
        }
    }
    command
}
