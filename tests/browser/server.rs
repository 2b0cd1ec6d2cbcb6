//! The real binary, serving development from a folder of its own.

use std::fs::{self, File};
use std::path::Path;
use std::process::Command;
use std::thread;

use tempfile::TempDir;

use super::program::Program;

/// A server that is stopped when dropped. Its log is shown when the story failed.
pub struct Server {
    /// Where it serves, as in `http://localhost:1234`.
    pub address: String,
    // Dropped in this order: the folder goes when nobody writes to it any more.
    program: Option<Program>,
    folder: TempDir,
    /// Settings that only this server has.
    variables: Vec<(String, String)>,
}

impl Server {
    /// On a data file that is just made.
    pub fn fresh() -> Self {
        Self::serve(tempfile::tempdir().expect("a temporary folder can be made"), "127.0.0.1:0", &[])
    }

    /// On a data file that `atlas seed` has filled.
    pub fn seeded() -> Self {
        Self::seeded_with(&[])
    }

    /// The same with further settings.
    pub fn seeded_with(variables: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let seeding = atlas(folder.path()).arg("seed").output().expect("atlas starts");
        assert!(seeding.status.success(), "atlas seed failed: {}", String::from_utf8_lossy(&seeding.stderr));
        Self::serve(folder, "127.0.0.1:0", variables)
    }

    /// Stops serving; the data file stays.
    pub fn stops(&mut self) {
        drop(self.program.take());
    }

    /// Serves again what was served before, at the same address.
    pub fn starts_again(&mut self) {
        let listen = self.address.replace("http://localhost", "127.0.0.1");
        self.start(&listen);
    }

    fn serve(folder: TempDir, listen: &str, variables: &[(&str, &str)]) -> Self {
        let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        // Whole before it is asked for anything, so that its log is shown when it does not even start.
        let mut server = Self { address: String::new(), program: None, folder, variables };
        server.start(listen);
        server
    }

    fn start(&mut self, listen: &str) {
        let log = File::options().create(true).append(true).open(self.folder.path().join("log"));
        let mut command = atlas(self.folder.path());
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command.args(["serve", "--listen", listen]).stderr(log.expect("a log can be written"));
        let program = self.program.insert(Program::start("atlas", &mut command));
        let line = program.says("Atlas serves development at ");
        let address = line.split(' ').find(|word| word.starts_with("http://")).expect("the line names the address");
        address.clone_into(&mut self.address);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.program.take());
        if thread::panicking() {
            let log = fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
            eprintln!("the server's log:\n{log}");
        }
    }
}

/// Who may open the admin pages.
pub const OWNER: &str = "olga@example.com";

/// Atlas as a newcomer runs it, with one setting: who its owner is.
fn atlas(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_atlas"));
    command.current_dir(folder).env_clear().env("ADMIN_OWNER_EMAIL", OWNER);
    for kept in ["PATH", "HOME"] {
        if let Some(value) = std::env::var_os(kept) {
            command.env(kept, value);
        }
    }
    command
}
