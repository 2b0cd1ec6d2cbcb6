//! `identity.json`: what an environment tells the others about itself, in the folder of its data file.
//!
//! The data file belongs to one process at a time, and a secret to one process alone; this file can be read by the others
//! all the same. It is a copy for them: it can be a reason to refuse, and never one to let something pass. The stamp in
//! the data file is the truth.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::fingerprint::Fingerprint;
use crate::config::{Secret, Traits};
use crate::domain::stamp::Stamp;
use crate::domain::{Environment, FileId, Kind};
use crate::store::files;

/// Largest file that is read, in bytes.
const LARGEST: u64 = 64 << 10;

/// What the file says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Identity {
    /// Whose folder it is.
    pub environment: Environment,
    /// Its kind.
    pub kind: Kind,
    /// The id of its data file.
    pub file_id: FileId,
    /// The name of its data file in this folder.
    #[serde(default)]
    pub data_file: String,
    /// Where people reach it.
    #[serde(default)]
    pub app_url: Option<String>,
    /// The address its mail comes from.
    #[serde(default)]
    pub sender: Option<String>,
    /// The fingerprint of its secret.
    #[serde(default)]
    pub secret: Option<Fingerprint>,
    /// The fingerprint of what its relay lets it in with.
    #[serde(default)]
    pub mail_key: Option<Fingerprint>,
    /// The fingerprint of what lets an operator's checklist ask.
    #[serde(default)]
    pub operator_token: Option<Fingerprint>,
}

/// Where the file of an environment is.
pub fn path_in(home: &Path) -> PathBuf {
    home.join("identity.json")
}

/// The file in a folder; `None` when there is none.
///
/// # Errors
/// What keeps it from being read or understood.
pub fn read(home: &Path) -> Result<Option<Identity>, String> {
    let path = path_in(home);
    match fs::metadata(&path) {
        Ok(found) if found.len() > LARGEST => return Err("it is too large".to_owned()),
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error.to_string()),
    }
    let text = fs::read(&path).map_err(|error| error.to_string())?;
    serde_json::from_slice(&text).map(Some).map_err(|error| error.to_string())
}

impl Identity {
    /// What is true of an environment and its file now. Fingerprints that still hold are kept as they are.
    pub fn now(own: &Traits, stamp: &Stamp, before: Option<&Self>) -> Self {
        let known = |of: fn(&Self) -> &Option<Fingerprint>| before.and_then(|before| of(before).clone());
        Self {
            environment: stamp.environment.clone(),
            kind: stamp.kind,
            file_id: stamp.file_id,
            data_file: own.data_file.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            app_url: own.app_url.as_ref().map(|url| url.origin().ascii_serialization()),
            sender: own.sender.as_ref().map(|sender| sender.as_str().to_owned()),
            secret: own.secret.as_ref().and_then(|secret| kept(secret, known(|before| &before.secret))),
            mail_key: own.mail_key.as_ref().and_then(|key| kept(key, known(|before| &before.mail_key))),
            operator_token: own
                .operator_token
                .as_ref()
                .and_then(|token| kept(token, known(|before| &before.operator_token))),
        }
    }

    /// Puts it into a folder, all at once and for its owner only.
    ///
    /// # Errors
    /// What the disk says.
    pub fn write(&self, home: &Path) -> io::Result<()> {
        files::replace(&path_in(home), self)
    }
}

fn kept(secret: &Secret, known: Option<Fingerprint>) -> Option<Fingerprint> {
    known.filter(|known| known.is_of(secret)).or_else(|| Fingerprint::of(secret))
}
