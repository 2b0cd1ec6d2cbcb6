//! A disk with as much room as is said: a small file system of its own where one can be mounted, and elsewhere a limit on
//! how long the server's files may become, which answers writes in the same way.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

use crate::process::Server;

/// A folder on such a disk.
pub struct Cramped {
    place: TempDir,
    is_mounted: bool,
}

impl Cramped {
    /// A disk of so many megabytes.
    pub fn of_megabytes(size: u32) -> Self {
        let place = tempfile::tempdir().unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &format!("size={size}m"), "tmpfs"]).arg(place.path());
        let is_mounted = mount.output().is_ok_and(|mounted| mounted.status.success());
        Self { place, is_mounted }
    }

    /// What it is, for a table.
    pub fn kind(&self) -> &'static str {
        if self.is_mounted { "a file system of its own" } else { "a limit on the size of files" }
    }

    pub fn path(&self) -> &Path {
        self.place.path()
    }

    fn filler(&self) -> PathBuf {
        self.path().join("filler")
    }

    /// A server that has room for so many bytes more of its data file, and nobody knows for how many of anything else.
    pub fn serves(&self, data_file: &Path, bytes: u64) -> Server {
        if self.is_mounted {
            let server = Server::start(self.path());
            self.leaves(bytes);
            return server;
        }
        Server::start_with_files_up_to(self.path(), fs::metadata(data_file).unwrap().len() + bytes, &[])
    }

    /// Takes all room but so many bytes.
    fn leaves(&self, bytes: u64) {
        let free = rustix::fs::statvfs(self.path()).map(|told| told.f_bavail * told.f_frsize).unwrap();
        let mut filler = File::options().create(true).append(true).open(self.filler()).unwrap();
        for _ in 0..free.saturating_sub(bytes) / 4_096 {
            filler.write_all(&[0xa5; 4_096]).unwrap();
        }
    }

    /// Makes room for everything.
    pub fn has_room(&self, server: &Server) {
        if self.is_mounted {
            fs::remove_file(self.filler()).unwrap();
        } else {
            server.may_have_larger_files();
        }
    }
}

impl Drop for Cramped {
    fn drop(&mut self) {
        if self.is_mounted {
            // Whoever still runs there loses it a little later.
            let _ = Command::new("umount").arg("--lazy").arg(self.path()).status();
        }
    }
}

/// Runs a command whose files cannot grow past `bytes`.
pub fn run_with_files_up_to(folder: &Path, bytes: u64, words: &[&str]) -> Output {
    let script = format!("trap '' XFSZ; ulimit -S -f {}; exec \"$@\"", bytes / 512);
    let mut shell = Command::new("sh");
    shell.args(["-c", &script, "sh", env!("CARGO_BIN_EXE_atlas")]).args(words).current_dir(folder).env_clear();
    shell.output().unwrap()
}
