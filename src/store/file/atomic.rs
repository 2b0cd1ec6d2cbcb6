//! Files that are written whole or not at all, and readable by their owner only.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

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

/// Syncs a folder, so that its renamed and removed files stay so after a power failure. An empty path is the current folder.
///
/// # Errors
/// An I/O error.
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    File::open(folder)?.sync_all()
}
