//! The pid file beside a data file: which process serves it, for the message of a process that finds it locked.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use crate::domain::environment::files::pid_file;

/// The process that serves the data file, if there is one.
pub(super) fn read_pid(data_file: &Path) -> Option<u32> {
    let pid = fs::read_to_string(pid_file(data_file)).ok()?.trim().parse().ok()?;
    // A server that was killed leaves its pid file behind; another process may hold the data file now.
    Path::new("/proc").join(u32::to_string(&pid)).exists().then_some(pid)
}

/// The pid file of this process; removed when dropped.
pub struct PidFile(PathBuf);

impl PidFile {
    /// Writes the pid file. A failure is ignored: it costs only a hint in an error message.
    pub fn create(data_file: &Path) -> Self {
        let path = pid_file(data_file);
        // SECURITY: what a killed server left is removed, not overwritten: by now it could be a link to another file.
        let _ = fs::remove_file(&path);
        let _ = File::create_new(&path).and_then(|mut file| writeln!(file, "{}", std::process::id()));
        Self(path)
    }
}

impl Drop for PidFile {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}
