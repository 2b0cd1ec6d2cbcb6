//! Resetting an environment: deletes its data file, where the kind of environment allows it.
//!
//! [`Error::Refused`] and [`Error::Unconfirmed`] are rules; the other variants are faults. Nothing was deleted in any case.

use std::fs;
use std::path::PathBuf;

use super::isolation::{self, DataFile};
use crate::app::backup::offsite::Offsite;
use crate::config::policy::{self, ResetRule};
use crate::domain::{Environment, EnvironmentKind};
use crate::store::OpenError;
use crate::store::backup::folder_owner::FolderOwner;

/// Why nothing was reset.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Environments of this kind are never reset.
    #[error(
        "{0} is never reset: it holds real data. Nothing was changed. Use --env staging, development or preview/<name>."
    )]
    Refused(EnvironmentKind),
    /// The name of the environment must be typed.
    #[error("this deletes all data of “{environment}”. Nothing was changed. Add --confirm {environment} to continue{}.", match .typed { Some(typed) => format!("; found --confirm {typed}"), None => String::new() })]
    Unconfirmed { environment: Environment, typed: Option<String> },
    /// The data file cannot be opened.
    #[error(transparent)]
    Isolation(#[from] isolation::Error),
    /// The data file could not be deleted.
    #[error("cannot delete {path}: {source}")]
    Io { path: PathBuf, source: std::io::Error },
}

/// Deletes the data file. The next open creates a new one with another id.
///
/// # Errors
/// [`Error`]; nothing was deleted.
pub fn reset_environment(file: DataFile<'_>, typed: Option<&str>) -> Result<(), Error> {
    let rule = |kind| policy::for_kind(kind).reset;
    let (environment, path) = (&file.settings.environment, &file.settings.data_file);
    if rule(environment.kind()) == ResetRule::Refused {
        return Err(Error::Refused(environment.kind()));
    }
    // A wrong name is refused even if none was required.
    let is_named = typed.is_some_and(|typed| typed == environment.to_string());
    if !is_named && (typed.is_some() || rule(environment.kind()) == ResetRule::ConfirmationRequired) {
        return Err(Error::Unconfirmed { environment: environment.clone(), typed: typed.map(str::to_owned) });
    }
    // Having the file open proves that no server uses it.
    let store = match file.open(|_| ()) {
        Ok(store) => store,
        Err(isolation::Error::Lost(_) | isolation::Error::Open(OpenError::Missing { .. })) => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    if rule(store.stamp().kind) == ResetRule::Refused {
        return Err(Error::Refused(store.stamp().kind));
    }
    if let Some(offsite) = Offsite::from_settings(file.settings) {
        let owner = FolderOwner::from_stamp(store.stamp());
        let folder = offsite.folder().path().to_owned();
        owner.release(&folder).map_err(|source| Error::Io { path: folder, source })?;
    }
    fs::remove_file(path).map_err(|source| Error::Io { path: path.clone(), source })
}
