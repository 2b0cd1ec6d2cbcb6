//! The stamp: the identity of a data file, stored in the file. It is written once, when the file is created, authenticated with
//! the file's own key, and checked whenever the file is opened.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::{Environment, EnvironmentKind, FileId};

/// The identity of a data file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamp {
    pub environment: Environment,
    /// Rules depend on this kind, not on the configuration.
    pub kind: EnvironmentKind,
    pub file_id: FileId,
    pub created_at: Timestamp,
    /// The ids of the files from which this one was copied, oldest first. Empty for a file that was created empty.
    pub lineage: Vec<FileId>,
}

impl Stamp {
    /// The stamp of a new file.
    pub fn new(environment: Environment, file_id: FileId, created_at: Timestamp) -> Self {
        Self { kind: environment.kind(), environment, file_id, created_at, lineage: Vec::new() }
    }

    /// Whether the file may be opened as `environment`: both name and kind must match.
    pub fn belongs_to(&self, environment: &Environment) -> bool {
        self.environment == *environment && self.kind == environment.kind()
    }
}
