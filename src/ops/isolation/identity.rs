//! `identity.json`: what an environment publishes to the others, in the folder of its data file.
//!
//! One process at a time can open a data file, and secrets never leave their process; the other environments read this
//! file instead. It can only be a reason to refuse, never a reason to allow: the stamp inside the data file is
//! authoritative.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::fingerprint::{Fingerprint, Salt};
use crate::config::{NamedSecret, PeerConfig, keys};
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
    /// Of the other secrets, by key.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub other_secrets: BTreeMap<String, Fingerprint>,
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

    /// The identity of an environment and its file now. Fingerprints keep the salt that they have in `before`.
    pub(super) fn current(own: &PeerConfig, stamp: &Stamp, before: Option<&Self>) -> Self {
        let salt = before.and_then(|before| before.fingerprints().first().map(|(_, first)| first.salt()));
        let salt = salt.or_else(Salt::generate);
        let fingerprint = |secret: &NamedSecret| Fingerprint::new(&secret.value, salt.as_ref()?);
        let mut secrets: BTreeMap<String, Fingerprint> =
            own.secrets.iter().filter_map(|secret| Some((secret.key.to_owned(), fingerprint(secret)?))).collect();
        Self {
            environment: stamp.environment.clone(),
            kind: stamp.kind,
            file_id: stamp.file_id,
            data_file: own.data_file.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            app_url: own.app_url.as_ref().map(|url| url.origin().ascii_serialization()),
            sender: own.sender.as_ref().map(|sender| sender.as_str().to_owned()),
            secret: secrets.remove(keys::SECRET),
            mail_key: secrets.remove(keys::RESEND_API_KEY),
            operator_token: secrets.remove(keys::OPERATOR_TOKEN),
            other_secrets: secrets,
        }
    }

    /// Every fingerprint with the key of its secret.
    pub(super) fn fingerprints(&self) -> Vec<(&str, &Fingerprint)> {
        let named = [
            (keys::SECRET, &self.secret),
            (keys::RESEND_API_KEY, &self.mail_key),
            (keys::OPERATOR_TOKEN, &self.operator_token),
        ];
        let named = named.into_iter().filter_map(|(key, fingerprint)| Some((key, fingerprint.as_ref()?)));
        named.chain(self.other_secrets.iter().map(|(key, fingerprint)| (key.as_str(), fingerprint))).collect()
    }

    /// Whether the file in a folder has this content and the mode that the folder asks for.
    pub(super) fn is_written(&self, folder: &Path, read: Option<&Self>) -> bool {
        let mode = fs::metadata(Self::path_in(folder)).map(|found| found.permissions().mode() & 0o777).ok();
        read == Some(self) && mode == Some(file_mode(folder))
    }

    /// Replaces the file in a folder.
    ///
    /// # Errors
    /// [`io::Error`]; the file is unchanged then.
    pub(super) fn write(&self, folder: &Path) -> io::Result<()> {
        let path = Self::path_in(folder);
        atomic::write_json(&path, self)?;
        fs::set_permissions(path, fs::Permissions::from_mode(file_mode(folder)))
    }
}

/// Only the owner may read the file, and the folder's group if the folder hands its group on (setgid) and lets it in: that is
/// how the operator lets the users of other environments compare.
fn file_mode(folder: &Path) -> u32 {
    let mode = fs::metadata(folder).map_or(0, |found| found.permissions().mode());
    if mode & SHARED_FOLDER_MODE == SHARED_FOLDER_MODE { 0o640 } else { 0o600 }
}

/// setgid, and access for the group.
const SHARED_FOLDER_MODE: u32 = 0o2010;
