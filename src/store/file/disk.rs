//! What a file holds and what its disk has left.

use std::fs::File;
use std::io;
use std::path::Path;

/// The BLAKE3 digest of a file, in hexadecimal, and its size in bytes.
///
/// # Errors
/// An I/O error.
pub fn digest_file(path: &Path) -> io::Result<(String, u64)> {
    let mut hasher = blake3::Hasher::new();
    let bytes = io::copy(&mut File::open(path)?, &mut hasher)?;
    Ok((hasher.finalize().to_hex().to_string(), bytes))
}

/// The bytes that the file system of a folder has free for this process.
///
/// # Errors
/// An I/O error.
pub fn free_bytes(folder: &Path) -> io::Result<u64> {
    let system = rustix::fs::statvfs(folder)?;
    Ok(system.f_bavail.saturating_mul(system.f_frsize))
}
