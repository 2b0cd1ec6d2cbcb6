//! Why a preview was not created, listed or destroyed.
//!
//! [`Error::Unknown`], [`Error::Exists`], [`Error::NotAPreview`] and [`Error::NoPort`] are for the operator to resolve,
//! [`Error::InUse`] passes when the preview's server stops, and the others are faults of the disk, the data file or the
//! seeds. Unless documented otherwise, nothing was changed.

use std::io;
use std::path::PathBuf;

use crate::app;
use crate::domain::PreviewName;
use crate::domain::environment::preview::InvalidPreviewName;
use crate::ops::seeds;
use crate::store::OpenError;
use crate::store::backup::folder_owner::FolderError;

/// Why a preview was not created, listed or destroyed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No preview has this name.
    #[error(
        "there is no preview “{0}”. Run `atlas preview list` to see all previews, or `atlas preview create {0}` to create it."
    )]
    Unknown(PreviewName),
    /// No preview can have this name.
    #[error(transparent)]
    InvalidName(#[from] InvalidPreviewName),
    /// A preview has this name already.
    #[error("preview “{name}” already exists{}. Nothing was changed. Destroy it first, or choose another name.", match .branch { Some(branch) => format!(" (created for branch “{branch}”)"), None => String::new() })]
    Exists { name: PreviewName, branch: Option<String> },
    /// A process has the preview's data file open.
    #[error("preview “{name}” is in use{}. Nothing was changed. Stop its server first.", match .pid { Some(pid) => format!(" (pid {pid})"), None => String::new() })]
    InUse {
        name: PreviewName,
        /// The server's process, if known.
        pid: Option<u32>,
    },
    /// Something else is where the preview's folder should be.
    #[error(
        "{path} is not a preview folder: {why}. Nothing was changed. Check it, and delete it by hand if nobody needs it."
    )]
    NotAPreview {
        path: PathBuf,
        /// What was found instead.
        why: &'static str,
    },
    /// Every port is taken.
    #[error(
        "no port is free from {from} on. Destroy a preview, or set listen in [environment.preview] to another port."
    )]
    NoPort { from: u16 },
    /// The data file could not be opened, or belongs to another environment.
    #[error(transparent)]
    Open(OpenError),
    /// The snapshots or releases in the folder belong to another environment.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// A file or folder could not be read or written.
    #[error("{path}: {source}")]
    Io { path: PathBuf, source: io::Error },
    /// A use case failed.
    #[error(transparent)]
    App(#[from] app::Error),
    /// The preview could not be seeded.
    #[error(transparent)]
    Seeds(#[from] seeds::SeedError),
}
