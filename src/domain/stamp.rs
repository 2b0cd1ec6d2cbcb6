//! The stamp: the identity inside a data file. Written once, at creation, sealed with the file's own key, and checked on
//! every open.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Environment, FileId, Kind};

/// Who a data file is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamp {
    /// The environment it belongs to.
    pub environment: Environment,
    /// What that environment is; rules hang on this, not on configuration.
    pub kind: Kind,
    /// The file's own id.
    pub file_id: FileId,
    /// When the file was made.
    pub created_at: Timestamp,
    /// The ids of the files it descends from, oldest first. Empty for a file that began empty.
    pub lineage: Vec<FileId>,
}

impl Stamp {
    /// The stamp of a new file.
    pub fn new(environment: Environment, file_id: FileId, created_at: Timestamp) -> Self {
        Self { kind: environment.kind(), environment, file_id, created_at, lineage: Vec::new() }
    }

    /// Whether the file may be opened as `environment`. Name and kind must both agree.
    pub fn belongs_to(&self, environment: &Environment) -> bool {
        self.environment == *environment && self.kind == environment.kind()
    }
}
