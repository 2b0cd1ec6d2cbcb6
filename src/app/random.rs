//! Random bytes from the operating system.

use jiff::Timestamp;

use crate::app::clock::Clock;
use crate::app::error::Error;
use crate::domain::FileId;

/// The id, key and creation time of a new data file.
///
/// # Errors
/// When the operating system provides no random bytes.
pub fn new_file_identity(clock: &Clock) -> Result<(FileId, [u8; 32], Timestamp), Error> {
    Ok((FileId::generate(clock.now(), random_bytes()?), random_bytes()?, clock.now()))
}

/// Fresh random bytes.
pub(crate) fn random_bytes<const N: usize>() -> Result<[u8; N], Error> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes)?;
    Ok(bytes)
}
