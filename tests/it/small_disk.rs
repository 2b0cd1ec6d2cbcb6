//! A disk with little free space: a small tmpfs where the test may mount one, otherwise a limit on the size of the
//! server's files, which makes writes fail in the same way.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

use crate::process::Server;

pub struct SmallDisk {
    folder: TempDir,
    is_mounted: bool,
}

impl SmallDisk {
    pub fn with_megabytes(size: u32) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &format!("size={size}m"), "tmpfs"]).arg(folder.path());
        let is_mounted = mount.output().is_ok_and(|output| output.status.success());
        Self { folder, is_mounted }
    }

    /// A description for the printed tables.
    pub fn kind(&self) -> &'static str {
        if self.is_mounted { "a separate file system" } else { "a file size limit" }
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    fn filler(&self) -> PathBuf {
        self.path().join("filler")
    }

    /// Starts a server whose data file can grow by about `bytes`. How much other files can grow depends on the kind of
    /// disk.
    pub fn start_server(&self, data_file: &Path, bytes: u64) -> Server {
        if self.is_mounted {
            let server = Server::start(self.path());
            self.fill_up_to(bytes);
            return server;
        }
        Server::start_with_file_size_limit(self.path(), fs::metadata(data_file).unwrap().len() + bytes, &[])
    }

    /// Fills the disk except for about `bytes`.
    fn fill_up_to(&self, bytes: u64) {
        let free = rustix::fs::statvfs(self.path()).map(|stat| stat.f_bavail * stat.f_frsize).unwrap();
        let mut filler = File::options().create(true).append(true).open(self.filler()).unwrap();
        for _ in 0..free.saturating_sub(bytes) / 4_096 {
            filler.write_all(&[0xa5; 4_096]).unwrap();
        }
    }

    pub fn free_space(&self, server: &Server) {
        if self.is_mounted {
            fs::remove_file(self.filler()).unwrap();
        } else {
            server.lift_file_size_limit();
        }
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        if self.is_mounted {
            // Lazy: a process may still have files open.
            let _ = Command::new("umount").arg("--lazy").arg(self.path()).status();
        }
    }
}

/// Runs a command whose files can't grow past `bytes`.
pub fn run_with_file_size_limit(folder: &Path, bytes: u64, args: &[&str]) -> Output {
    let script = format!("trap '' XFSZ; ulimit -S -f {}; exec \"$@\"", bytes / 512);
    let mut shell = Command::new("sh");
    shell.args(["-c", &script, "sh", env!("CARGO_BIN_EXE_atlas")]).args(args).current_dir(folder).env_clear();
    shell.output().unwrap()
}
