//! Files that are written whole or not at all, and readable by their owner only.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use rustix::fs::{CWD, RenameFlags, renameat_with};

/// Writes a value as JSON, replacing the file. A process that reads at the same time sees the old file or the new one.
///
/// # Errors
/// An I/O error; the old file is then unchanged.
pub fn write_json(path: &Path, value: &impl serde::Serialize) -> io::Result<()> {
    let mut name = std::ffi::OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(format!(".new-{}", std::process::id()));
    let partial = path.with_file_name(name);
    // A file that an earlier process left behind would keep its mode.
    let _ = fs::remove_file(&partial);
    let written = (|| {
        let mut text = serde_json::to_vec_pretty(value)?;
        text.push(b'\n');
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&partial)?;
        file.write_all(&text)?;
        file.sync_all()?;
        fs::rename(&partial, path)?;
        sync_folder(path.parent().unwrap_or(Path::new("")))
    })();
    if written.is_err() {
        let _ = fs::remove_file(&partial);
    }
    written
}

/// Copies a file, replacing the target, and syncs the copy. Unlike [`fs::copy`], it doesn't carry permissions over, which file
/// systems without them refuse: where there are permissions, only the owner can read a new copy.
///
/// # Errors
/// An I/O error; the caller removes what was written of the copy.
pub fn copy_file(from: &Path, to: &Path) -> io::Result<()> {
    let mut source = File::open(from)?;
    let mut copy = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(to)?;
    io::copy(&mut source, &mut copy)?;
    copy.sync_all()
}

/// Gives a file another name, unless a file of that name exists.
///
/// # Errors
/// [`io::ErrorKind::AlreadyExists`]; another I/O error.
pub fn rename_new(from: &Path, to: &Path) -> io::Result<()> {
    // A hard link fails where a rename would replace a file that another process created at the same moment.
    match fs::hard_link(from, to) {
        Ok(()) => fs::remove_file(from),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(error),
        // FAT and some network shares have no hard links.
        Err(_) => Ok(renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE)?),
    }
}

/// Syncs a folder, so that its renamed and removed files stay so after a power failure. An empty path is the current folder.
/// File systems that don't sync folders, such as some network shares, say so, which is no error.
///
/// # Errors
/// An I/O error.
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    match File::open(folder)?.sync_all() {
        Err(error) if matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported) => Ok(()),
        synced => synced,
    }
}
