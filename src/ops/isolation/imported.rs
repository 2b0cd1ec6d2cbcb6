//! Identities from other machines: `peers/<environment>.json` in the folder of the data file. An environment on another machine
//! is compared with what it exported, until its identity is imported again.

use std::fs;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::identity::IdentityFile;
use crate::config::PeerConfig;
use crate::domain::Environment;
use crate::domain::environment::files::imported_identities;
use crate::store::file::atomic;

/// Larger files are not read.
const MAX_FILE_BYTES: u64 = 64 << 10;

/// The identity of an environment as it was exported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ExportedIdentity {
    pub exported_at: Timestamp,
    #[serde(flatten)]
    pub identity: IdentityFile,
}

/// Why an identity was not exported, imported, listed or removed. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum IdentityTransferError {
    #[error("“{environment}” has no {path} yet; start it once")]
    NeverStarted { environment: Environment, path: PathBuf },
    #[error(
        "{path} is the identity of “{environment}”, which is this environment; import the identities of the others"
    )]
    OwnEnvironment { environment: Environment, path: PathBuf },
    #[error("no identity of “{0}” was imported; `atlas identity list` shows those that were")]
    NotImported(Environment),
    #[error("{path} is not an exported identity: {source}. Write one with `atlas identity export`")]
    Malformed { path: PathBuf, source: serde_json::Error },
    #[error("{path}: {source}")]
    Io { path: PathBuf, source: io::Error },
}

/// Writes the identity of an environment to a file, for other machines.
///
/// # Errors
/// [`IdentityTransferError`].
pub fn export(own: &PeerConfig, to: &Path, now: Timestamp) -> Result<ExportedIdentity, IdentityTransferError> {
    let path = IdentityFile::path_in(own.home());
    let identity = IdentityFile::read(own.home())
        .map_err(|error| IdentityTransferError::Io { path: path.clone(), source: io::Error::other(error) })?;
    let identity = identity.filter(|identity| identity.environment == own.environment);
    let never_started = || IdentityTransferError::NeverStarted { environment: own.environment.clone(), path };
    let exported = ExportedIdentity { exported_at: now, identity: identity.ok_or_else(never_started)? };
    atomic::write_json(to, &exported).map_err(io_error(to))?;
    Ok(exported)
}

/// Keeps the identity in a file, in place of an earlier one of the same environment.
///
/// # Errors
/// [`IdentityTransferError`].
pub fn import(own: &PeerConfig, from: &Path) -> Result<ExportedIdentity, IdentityTransferError> {
    let found = read(from)?;
    let environment = &found.identity.environment;
    if *environment == own.environment {
        return Err(IdentityTransferError::OwnEnvironment { environment: environment.clone(), path: from.to_owned() });
    }
    let path = path_of(own, environment);
    let folder = imported_identities(&own.data_file);
    fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder).map_err(io_error(&folder))?;
    atomic::write_json(&path, &found).map_err(io_error(&path))?;
    Ok(found)
}

/// Every identity that was imported, by environment.
///
/// # Errors
/// [`IdentityTransferError`].
pub fn list(own: &PeerConfig) -> Result<Vec<ExportedIdentity>, IdentityTransferError> {
    let folder = imported_identities(&own.data_file);
    let entries = match fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(io_error(&folder)(error)),
    };
    let paths = entries.map(|entry| entry.map(|entry| entry.path())).collect::<io::Result<Vec<_>>>();
    let paths = paths.map_err(io_error(&folder))?.into_iter();
    let is_identity = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "json");
    let mut found = paths.filter(is_identity).map(|path| read(&path)).collect::<Result<Vec<_>, _>>()?;
    found.sort_by_key(|exported| exported.identity.environment.to_string());
    Ok(found)
}

/// Removes an imported identity.
///
/// # Errors
/// [`IdentityTransferError`].
pub fn remove(own: &PeerConfig, environment: &Environment) -> Result<(), IdentityTransferError> {
    let path = path_of(own, environment);
    match fs::remove_file(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Err(IdentityTransferError::NotImported(environment.clone()))
        }
        removed => removed.map_err(io_error(&path)),
    }
}

/// The imported identity of an environment, and where it is.
pub(super) fn find(
    own: &PeerConfig,
    environment: &Environment,
) -> Result<Option<(PathBuf, ExportedIdentity)>, IdentityTransferError> {
    let path = path_of(own, environment);
    match read(&path) {
        Ok(found) => Ok((found.identity.environment == *environment).then_some((path, found))),
        Err(IdentityTransferError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn path_of(own: &PeerConfig, environment: &Environment) -> PathBuf {
    imported_identities(&own.data_file).join(format!("{}.json", environment.label()))
}

fn read(path: &Path) -> Result<ExportedIdentity, IdentityTransferError> {
    let length = fs::metadata(path).map_err(io_error(path))?.len();
    if length > MAX_FILE_BYTES {
        return Err(io_error(path)(io::Error::other(format!("the file is larger than {MAX_FILE_BYTES} bytes"))));
    }
    let json = fs::read(path).map_err(io_error(path))?;
    serde_json::from_slice(&json).map_err(|source| IdentityTransferError::Malformed { path: path.to_owned(), source })
}

fn io_error(path: &Path) -> impl FnOnce(io::Error) -> IdentityTransferError + '_ {
    move |source| IdentityTransferError::Io { path: path.to_owned(), source }
}
