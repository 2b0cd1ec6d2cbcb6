//! Opening the data file of exactly the environment that was named.

use super::error::CommandError;
use crate::app::clock::Clock;
use crate::app::new_file_identity;
use crate::ops::isolation::{Creation, DataFile};
use crate::ops::previews;
use crate::store::OpenedFile;

/// Opens the data file, or creates it if it is missing.
pub(super) fn open_or_create(file: DataFile<'_>, creation: Creation) -> Result<OpenedFile, CommandError> {
    previews::require_created(file.settings)?;
    let identity = new_file_identity(&Clock::System)?;
    Ok(file.open_or_create(creation, || identity)?)
}
