//! `identity.json`: what an environment publishes to the others, in the folder of its data file.
//!
//! One process at a time can open a data file, and secrets never leave their process; the other environments read this
//! file instead. It can only be a reason to refuse, never a reason to allow: the stamp inside the data file is
//! authoritative.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::fingerprint::Fingerprint;
use crate::config::{PeerConfig, Secret};
use crate::domain::environment::files::identity_file;
use crate::domain::environment::stamp::Stamp;
use crate::domain::{Environment, EnvironmentKind, FileId};
use crate::store::file::atomic;

/// Larger files are not read.
const MAX_FILE_BYTES: u64 = 64 << 10;

/// The content of `identity.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct IdentityFile {
    pub environment: Environment,
    pub kind: EnvironmentKind,
    pub file_id: FileId,
    /// The file name of the data file in this folder.
    #[serde(default)]
    pub data_file: String,
    /// The origin of the address.
    #[serde(default)]
    pub app_url: Option<String>,
    #[serde(default)]
    pub sender: Option<String>,
    #[serde(default)]
    pub secret: Option<Fingerprint>,
    /// Of the API key or password that the mail relay accepts.
    #[serde(default)]
    pub mail_key: Option<Fingerprint>,
    #[serde(default)]
    pub operator_token: Option<Fingerprint>,
}

/// Why an existing `identity.json` was not read.
///
/// Callers that compare environments treat it like a missing file; opening the data file logs it and writes the file again.
#[derive(Debug, thiserror::Error)]
pub enum IdentityFileError {
    /// Larger than [`MAX_FILE_BYTES`].
    #[error("the file is larger than {MAX_FILE_BYTES} bytes")]
    TooLarge,
    /// The file could not be read.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The content is not an identity file.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
}

impl IdentityFile {
    /// Where the file is, for the folder of a data file.
    pub fn path_in(folder: &Path) -> PathBuf {
        identity_file(folder)
    }

    /// Reads the file in a folder; `None` when it does not exist.
    ///
    /// # Errors
    /// [`IdentityFileError`].
    pub fn read(folder: &Path) -> Result<Option<Self>, IdentityFileError> {
        let path = Self::path_in(folder);
        match fs::metadata(&path) {
            Ok(metadata) if metadata.len() > MAX_FILE_BYTES => return Err(IdentityFileError::TooLarge),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error.into()),
        }
        Ok(Some(serde_json::from_slice(&fs::read(&path)?)?))
    }

    /// The identity of an environment and its file now. Fingerprints in `before` that still match are kept.
    pub(super) fn current(own: &PeerConfig, stamp: &Stamp, before: Option<&Self>) -> Self {
        let update = |secret: &Option<Secret>, known: fn(&Self) -> &Option<Fingerprint>| {
            let secret = secret.as_ref()?;
            let known = before.and_then(|before| known(before).clone());
            known.filter(|known| known.matches(secret)).or_else(|| Fingerprint::new(secret))
        };
        Self {
            environment: stamp.environment.clone(),
            kind: stamp.kind,
            file_id: stamp.file_id,
            data_file: own.data_file.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            app_url: own.app_url.as_ref().map(|url| url.origin().ascii_serialization()),
            sender: own.sender.as_ref().map(|sender| sender.as_str().to_owned()),
            secret: update(&own.secret, |before| &before.secret),
            mail_key: update(&own.mail_key, |before| &before.mail_key),
            operator_token: update(&own.operator_token, |before| &before.operator_token),
        }
    }

    /// Replaces the file in a folder, readable by its owner only.
    ///
    /// # Errors
    /// [`io::Error`]; the file is unchanged then.
    pub(super) fn write(&self, folder: &Path) -> io::Result<()> {
        atomic::write_json(&Self::path_in(folder), self)
    }
}

/// The identity file of another environment, if its data file exists.
pub(super) fn read_peer(peer: &PeerConfig) -> Option<IdentityFile> {
    let identity = IdentityFile::read(peer.home()).ok().flatten()?;
    // A folder that was copied here brings the identity file of its original environment.
    (identity.environment == peer.environment && peer.data_file.exists()).then_some(identity)
}
