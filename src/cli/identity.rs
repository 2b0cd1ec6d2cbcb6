//! `atlas identity`: carries what environments publish about themselves between machines, so that they are compared there, too.

use std::path::PathBuf;

use clap::Subcommand;
use jiff::Timestamp;
use serde::Serialize;

use super::args::CommandArgs;
use super::error::CommandError;
use super::exit_status::ExitStatus;
use super::printer::{InEnvironment, Printer, Render};
use super::settings::load_settings;
use crate::app::clock::Clock;
use crate::config::{Flags, PeerConfig};
use crate::domain::calendar::format::format_utc;
use crate::domain::{Environment, FileId};
use crate::ops::isolation::{ExportedIdentity, IdentityTransferError, imported};

#[derive(Subcommand)]
pub(super) enum IdentityArgs {
    /// Write this environment's identity to a file, for the machine of another environment
    Export {
        /// File to write
        #[arg(long, value_name = "FILE")]
        to: PathBuf,
        #[command(flatten)]
        args: CommandArgs,
    },
    /// Import the identity of an environment on another machine
    Import {
        /// File to read
        #[arg(value_name = "FILE")]
        from: PathBuf,
        #[command(flatten)]
        args: CommandArgs,
    },
    /// List imported identities
    List(CommandArgs),
    /// Remove an imported identity
    Remove {
        /// Environment whose identity was imported
        #[arg(value_name = "NAME")]
        name: String,
        #[command(flatten)]
        args: CommandArgs,
    },
}

pub(super) fn run(args: IdentityArgs) -> ExitStatus {
    match args {
        IdentityArgs::Export { to, args } => finish(args, |own| {
            let exported = imported::export(own, &to, Clock::System.now())?;
            Ok(IdentityAnswer::Exported { file: to.clone(), exported_at: exported.exported_at })
        }),
        IdentityArgs::Import { from, args } => finish(args, |own| {
            Ok(IdentityAnswer::Imported { imported: ImportedDetail::new(imported::import(own, &from)?) })
        }),
        IdentityArgs::List(args) => finish(args, |own| {
            let identities = imported::list(own)?.into_iter().map(ImportedDetail::new).collect();
            Ok(IdentityAnswer::List { identities })
        }),
        IdentityArgs::Remove { name, args } => finish(args, |own| {
            let removed: Environment = name.parse().map_err(CommandError::refused)?;
            imported::remove(own, &removed)?;
            Ok(IdentityAnswer::Removed { removed })
        }),
    }
}

/// Executes a command for the environment that the arguments name, and prints the answer.
fn finish(
    CommandArgs { environment, json }: CommandArgs,
    execute: impl FnOnce(&PeerConfig) -> Result<IdentityAnswer, CommandError>,
) -> ExitStatus {
    Printer::new(json).finish(execute_in(&environment.flags(), execute))
}

fn execute_in(
    flags: &Flags,
    execute: impl FnOnce(&PeerConfig) -> Result<IdentityAnswer, CommandError>,
) -> Result<InEnvironment<IdentityAnswer>, CommandError> {
    let settings = load_settings(flags)?;
    let answer = execute(&settings.peers.own)?;
    Ok(InEnvironment { answer, environment: settings.environment })
}

#[derive(Serialize)]
#[serde(untagged)]
enum IdentityAnswer {
    Exported {
        file: PathBuf,
        #[serde(rename = "exportedAt")]
        exported_at: Timestamp,
    },
    Imported {
        imported: ImportedDetail,
    },
    List {
        identities: Vec<ImportedDetail>,
    },
    Removed {
        removed: Environment,
    },
}

/// An imported identity without its fingerprints.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ImportedDetail {
    environment: Environment,
    file_id: FileId,
    app_url: Option<String>,
    exported_at: Timestamp,
}

impl ImportedDetail {
    fn new(exported: ExportedIdentity) -> Self {
        let ExportedIdentity { exported_at, identity } = exported;
        let (environment, file_id, app_url) = (identity.environment, identity.file_id, identity.app_url);
        Self { environment, file_id, app_url, exported_at }
    }

    fn to_text(&self) -> String {
        let url = self.app_url.as_deref().unwrap_or("no URL");
        format!("{}  {url}  exported {}", self.environment, format_utc(self.exported_at))
    }
}

impl Render for IdentityAnswer {
    fn to_text(&self) -> String {
        match self {
            Self::Exported { file, .. } => format!(
                "Wrote the identity to {}; import it on the other machine with `atlas identity import`",
                file.display()
            ),
            Self::Imported { imported } => format!("Imported the identity of {}", imported.to_text()),
            Self::List { identities } if identities.is_empty() => "No identity was imported".to_owned(),
            Self::List { identities } => identities.iter().map(ImportedDetail::to_text).collect::<Vec<_>>().join("\n"),
            Self::Removed { removed } => format!("Removed the identity of {removed}"),
        }
    }
}

impl From<IdentityTransferError> for CommandError {
    fn from(error: IdentityTransferError) -> Self {
        match error {
            IdentityTransferError::Io { path, source } => Self::io(path.display(), source),
            refused => Self::refused(refused),
        }
    }
}
