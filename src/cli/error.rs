//! Why a command did not do what was asked. Every variant has one exit status.
//!
//! | variant | when | exit |
//! |---|---|---|
//! | `Refused` | a rule forbids it, a name has no such form, a confirmation is missing; with `--json` also printed as JSON | 1 |
//! | `App` | a use case failed: refused like the above, otherwise a fault | 1, 74 |
//! | `Isolation`, `Store` | the data file cannot be opened or is missing; a reason that concerns other environments or schemas is a refusal | 1, 69, 74 |
//! | `Preview`, `Seed`, `Reset` | the same for these subjects | 1, 69, 74 |
//! | `NoAnswer`, `Listen` | a server or an address is not available | 69 |
//! | `NotApproved` | production does not accept this binary | 1 |
//! | `Io`, `Fault` | a file or the system failed; anything else that should not happen; both with their source | 74 |
//! | `Failed` | the server that executed the command reports a fault | 74 |
//! | `Config`, `Settings`, `RelayTls` | the configuration is wrong | 78 |
//! | `Reported` | every problem is on standard error already | its own |

use std::error::Error;
use std::fmt::Display;
use std::io;

use super::exit_status::ExitStatus;
use crate::app;
use crate::config;
use crate::ops::approvals::BinaryNotApproved;
use crate::ops::migrations::MigrationError;
use crate::ops::releases::ReleaseError;
use crate::ops::{isolation, previews, reset, seeds};
use crate::store::OpenError;
use crate::store::backup::folder_owner::FolderError;

#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    #[error("{0}")]
    Refused(String),
    #[error(transparent)]
    App(#[from] app::Error),
    #[error(transparent)]
    Isolation(#[from] isolation::Error),
    #[error(transparent)]
    Store(#[from] OpenError),
    #[error(transparent)]
    NotApproved(#[from] BinaryNotApproved),
    #[error(transparent)]
    Preview(#[from] previews::Error),
    #[error(transparent)]
    Seed(#[from] seeds::SeedError),
    #[error(transparent)]
    Reset(#[from] reset::Error),
    #[error("the server that has the data file does not answer: {0}")]
    NoAnswer(#[source] io::Error),
    #[error("cannot listen on {address}: {source} ({hint})")]
    Listen { address: std::net::SocketAddr, source: io::Error, hint: String },
    #[error("{context}: {source}")]
    Io { context: String, source: io::Error },
    #[error(transparent)]
    Fault(Box<dyn Error + Send + Sync>),
    /// In the server's words.
    #[error("{0}")]
    Failed(String),
    #[error(transparent)]
    Config(#[from] config::ConfigError),
    #[error(transparent)]
    Settings(Box<dyn Error + Send + Sync>),
    #[error("TLS for mail: {0}")]
    RelayTls(#[source] rustls::Error),
    #[error("")]
    Reported(ExitStatus),
}

impl CommandError {
    /// For a value that was typed in a wrong form.
    pub(super) fn refused(why: impl Display) -> Self {
        Self::Refused(why.to_string())
    }

    pub(super) fn io(context: impl Display, source: io::Error) -> Self {
        Self::Io { context: context.to_string(), source }
    }

    pub(super) fn fault(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Fault(error.into())
    }

    pub(super) fn exit_status(&self) -> ExitStatus {
        match self {
            Self::Isolation(isolation::Error::Open(error)) | Self::Store(error) => of_store(error),
            Self::Isolation(
                isolation::Error::Lost(_)
                | isolation::Error::Folder(isolation::SharedFolder::Foreign(FolderError::Io { .. })),
            ) => ExitStatus::InputOutput,
            Self::Preview(error) => of_preview(error),
            Self::Seed(seeds::SeedError::App(error)) if !matches!(error, app::Error::Refused(_)) => {
                ExitStatus::InputOutput
            }
            Self::Refused(_)
            | Self::App(app::Error::Refused(_))
            | Self::NotApproved(_)
            | Self::Isolation(_)
            | Self::Seed(_) => ExitStatus::Refused,
            Self::Reset(error) => of_reset(error),
            Self::NoAnswer(_) | Self::Listen { .. } => ExitStatus::Unreachable,
            Self::App(_) | Self::Io { .. } | Self::Fault(_) | Self::Failed(_) => ExitStatus::InputOutput,
            Self::Config(_) | Self::Settings(_) | Self::RelayTls(_) => ExitStatus::Configuration,
            Self::Reported(status) => *status,
        }
    }

    /// Whether a rule said no, which programs that read JSON are told too.
    pub(super) fn is_refusal(&self) -> bool {
        matches!(self, Self::Refused(_) | Self::App(app::Error::Refused(_)))
    }
}

impl From<MigrationError> for CommandError {
    fn from(error: MigrationError) -> Self {
        match error {
            MigrationError::Open(error) => error.into(),
            MigrationError::App(error) => error.into(),
        }
    }
}

impl From<ReleaseError> for CommandError {
    fn from(error: ReleaseError) -> Self {
        match error {
            ReleaseError::App(error) => error.into(),
            ReleaseError::MissingKey => Self::Settings(error.into()),
        }
    }
}

fn of_store(error: &OpenError) -> ExitStatus {
    match error {
        OpenError::Locked { .. } => ExitStatus::Unreachable,
        OpenError::OtherEnvironment { .. }
        | OpenError::OtherFile { .. }
        | OpenError::EditedStamp { .. }
        | OpenError::Older { .. }
        | OpenError::Newer { .. }
        | OpenError::NotReversible { .. }
        | OpenError::NotADataFile { .. } => ExitStatus::Refused,
        OpenError::Missing { .. } | OpenError::Corrupt { .. } | OpenError::Io { .. } => ExitStatus::InputOutput,
    }
}

fn of_preview(error: &previews::Error) -> ExitStatus {
    match error {
        previews::Error::InUse { .. } => ExitStatus::Unreachable,
        previews::Error::Open(error) => of_store(error),
        previews::Error::Io { .. }
        | previews::Error::App(_)
        | previews::Error::Seeds(_)
        | previews::Error::Folder(FolderError::Io { .. }) => ExitStatus::InputOutput,
        previews::Error::Unknown(_)
        | previews::Error::InvalidName(_)
        | previews::Error::Exists { .. }
        | previews::Error::NotAPreview { .. }
        | previews::Error::NoPort { .. }
        | previews::Error::Folder(_) => ExitStatus::Refused,
    }
}

fn of_reset(error: &reset::Error) -> ExitStatus {
    match error {
        reset::Error::Isolation(isolation::Error::Open(error)) => of_store(error),
        reset::Error::Refused(_) | reset::Error::Unconfirmed { .. } | reset::Error::Isolation(_) => ExitStatus::Refused,
        reset::Error::Io { .. } => ExitStatus::InputOutput,
    }
}
