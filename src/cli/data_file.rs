//! Opening the data file of exactly the environment that was named.

use super::error::CommandError;
use crate::app::clock::Clock;
use crate::app::new_file_identity;
use crate::config::Settings;
use crate::ops::isolation::Creation;
use crate::ops::{isolation, previews};
use crate::store::OpenedFile;

/// Opens the data file, or creates it if it is missing.
pub(super) fn open_or_create(settings: &Settings, creation: Creation) -> Result<OpenedFile, CommandError> {
    previews::require_created(settings)?;
    let identity = new_file_identity(&Clock::System)?;
    Ok(isolation::open(settings, creation, || identity)?)
}
