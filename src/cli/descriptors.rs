//! The limit of open files, checked before anything is opened: past it, any step of a command could fail, and libraries panic.

use std::fs::File;
use std::io;

use super::error::CommandError;

/// What every command has free at least, with room to spare.
const MIN_FREE: usize = 16;

/// Checks that the process may open enough files.
///
/// # Errors
/// [`CommandError::Io`], which names the limit.
pub(super) fn require_descriptors() -> Result<(), CommandError> {
    let opened: io::Result<Vec<File>> = (0..MIN_FREE).map(|_| File::open("/dev/null")).collect();
    opened.map(drop).map_err(|error| {
        let why = "the limit of open files is too low; raise it (`ulimit -n`, or LimitNOFILE in the systemd unit)";
        CommandError::io(why, error)
    })
}
