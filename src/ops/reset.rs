//! Beginning again with an empty data file, where that is allowed at all.

use std::fs;
use std::path::PathBuf;

use super::fence;
use crate::config::Settings;
use crate::config::policy::{self, ResetRule};
use crate::domain::{Environment, Kind};
use crate::store::OpenError;

/// Why nothing was reset.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The kind of environment is never reset.
    #[error(
        "{0} is never reset: its data is that of its people. Nothing was changed. Use --env staging, development or preview/<name>."
    )]
    Refused(Kind),
    /// The name has to be typed.
    #[error("everything in “{environment}” would be gone. Nothing was changed. Say so with --confirm {environment}{}.", match .typed { Some(typed) => format!("; found --confirm {typed}"), None => String::new() })]
    Unconfirmed {
        /// Whose data would be gone.
        environment: Environment,
        /// What was typed instead of its name.
        typed: Option<String>,
    },
    /// The data file cannot be opened.
    #[error(transparent)]
    Fence(#[from] fence::Error),
    /// The disk said no.
    #[error("{path} cannot be removed: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

/// Removes the data file of these settings, with everything in it. The next open makes a new one, with an id of its own.
///
/// # Errors
/// [`Error`]; nothing was removed.
pub fn reset(settings: &Settings, typed: Option<&str>) -> Result<(), Error> {
    let rule = |kind| policy::of(kind).reset;
    let environment = &settings.environment;
    if rule(environment.kind()) == ResetRule::Refused {
        return Err(Error::Refused(environment.kind()));
    }
    // A name typed wrongly is a doubt, also where none was asked for.
    let is_named = typed.is_some_and(|typed| typed == environment.to_string());
    if !is_named && (typed.is_some() || rule(environment.kind()) == ResetRule::Named) {
        return Err(Error::Unconfirmed { environment: environment.clone(), typed: typed.map(str::to_owned) });
    }
    // Whoever has the file open is the only one who has it.
    let store = match fence::open_existing(settings, |_| ()) {
        Ok(store) => store,
        Err(fence::Error::Open(OpenError::Missing { .. })) => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    if rule(store.stamp().kind) == ResetRule::Refused {
        return Err(Error::Refused(store.stamp().kind));
    }
    fs::remove_file(&settings.data_file).map_err(|source| Error::Io { path: settings.data_file.clone(), source })
}
