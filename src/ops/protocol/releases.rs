//! `atlas release`. These commands read and write the folder of releases only, so they never go over the socket.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::backup::approval::Approval;
use crate::domain::backup::release::Verification;
use crate::domain::backup::snapshot_id::SnapshotId;

/// A release as an operator names one: the beginning of its digest, or its version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReleaseRef(String);

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("“{}” names neither a snapshot nor a release; `atlas snapshot list` and `atlas release list` show them", .0.escape_debug())]
pub struct InvalidReleaseRef(String);

/// A digest in hexadecimal; versions are shorter.
const MAX_REF_BYTES: usize = 64;

impl FromStr for ReleaseRef {
    type Err = InvalidReleaseRef;

    fn from_str(text: &str) -> Result<Self, InvalidReleaseRef> {
        let fits = (1..=MAX_REF_BYTES).contains(&text.len())
            && text.starts_with(|first: char| first.is_ascii_alphanumeric())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'+'));
        if fits { Ok(Self(text.to_owned())) } else { Err(InvalidReleaseRef(text.to_owned())) }
    }
}

impl ReleaseRef {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ReleaseRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReleaseCommand {
    List,
    /// Pins a release, which retention then keeps, or unpins it.
    Pin {
        release: ReleaseRef,
        pinned: bool,
    },
    /// Writes staging's signed report to a file.
    Export {
        /// The one that started last by default.
        release: Option<ReleaseRef>,
        to: PathBuf,
    },
    /// Accepts such a file, in production.
    Import {
        from: PathBuf,
    },
}

#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum ReleaseAnswer {
    List(ReleaseList),
    Pinned(ReleaseDetail),
    Exported(ReportFile),
    Imported(ReportFile),
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReleaseList {
    /// The one that started last first.
    pub releases: Vec<ReleaseDetail>,
    /// Where the link `releases/current` leads.
    pub current: Option<PathBuf>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReleaseDetail {
    pub id: String,
    pub digest: String,
    pub version: String,
    pub schema: u32,
    pub first_started: Timestamp,
    pub last_started: Timestamp,
    pub verification: Option<Verification>,
    pub known_good: bool,
    pub snapshot: Option<SnapshotId>,
    /// Absent when the binary is no longer kept.
    pub binary: Option<PathBuf>,
    pub pinned: bool,
    /// Whether it runs, or ran last. Only answered by a list, as is the next.
    pub ran_last: bool,
    /// Whether `atlas rollback` without `--to` leads here.
    pub rollback_goes_here: bool,
}

/// A signed report, as it was written to a file or accepted from one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReportFile {
    /// The release it is about.
    pub id: String,
    pub file: PathBuf,
    pub report: Approval,
}
