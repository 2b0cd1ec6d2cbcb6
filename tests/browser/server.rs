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
}

impl Server {
    /// On a data file that is just made.
    pub fn fresh() -> Self {
        Self::serve(tempfile::tempdir().expect("a temporary folder can be made"))
    }

    /// On a data file that `atlas seed` has filled.
    pub fn seeded() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let seeding = atlas(folder.path()).arg("seed").output().expect("atlas starts");
        assert!(seeding.status.success(), "atlas seed failed: {}", String::from_utf8_lossy(&seeding.stderr));
        Self::serve(folder)
    }

    fn serve(folder: TempDir) -> Self {
        let log = File::create(folder.path().join("log")).expect("a log can be written");
        let mut command = atlas(folder.path());
        let program = Program::start("atlas", command.args(["serve", "--listen", "127.0.0.1:0"]).stderr(log));
        // Whole before it is asked for anything, so that its log is shown when it does not even start.
        let mut server = Self { address: String::new(), program: Some(program), folder };
        let line = server.program.as_mut().expect("it was just started").says("Atlas serves development at ");
        let address = line.split(' ').find(|word| word.starts_with("http://")).expect("the line names the address");
        address.clone_into(&mut server.address);
        server
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

/// Atlas as a newcomer runs it: no setting, no variable.
fn atlas(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_atlas"));
    command.current_dir(folder).env_clear();
    for kept in ["PATH", "HOME"] {
        if let Some(value) = std::env::var_os(kept) {
            command.env(kept, value);
        }
    }
    command
}
