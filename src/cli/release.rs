//! `atlas release`: which binaries ran, which passed verification, which are kept; and carrying staging's reports to
//! production.

use std::path::PathBuf;

use clap::Subcommand;

use super::args::CommandArgs;
use super::error::CommandError;
use super::exit_status::ExitStatus;
use super::printer::{InEnvironment, Printer, Render};
use super::settings::load_settings;
use crate::config::Flags;
use crate::domain::backup::release::Verification;
use crate::domain::calendar::format::format_utc;
use crate::ops::protocol::releases::{ReleaseAnswer, ReleaseCommand, ReleaseDetail, ReleaseList, ReleaseRef};
use crate::ops::releases;

#[derive(Subcommand)]
pub(super) enum ReleaseArgs {
    /// List releases, the one that started last first
    List(CommandArgs),
    /// Pin a release so that it is kept
    Keep {
        /// First digits of its digest, or its version
        #[arg(value_name = "RELEASE")]
        release: String,
        /// Unpin it
        #[arg(long)]
        no_longer: bool,
        #[command(flatten)]
        args: CommandArgs,
    },
    /// Write staging's signed report on a release to a file, for production
    Export {
        /// First digits of its digest, or its version [default: the one that started last]
        #[arg(value_name = "RELEASE")]
        release: Option<String>,
        /// File to write
        #[arg(long, value_name = "FILE")]
        to: PathBuf,
        #[command(flatten)]
        args: CommandArgs,
    },
    /// Import such a report, so that its release may serve production
    Import {
        /// File to read
        #[arg(value_name = "FILE")]
        from: PathBuf,
        #[command(flatten)]
        args: CommandArgs,
    },
}

pub(super) fn run(args: ReleaseArgs) -> ExitStatus {
    let (command, CommandArgs { environment, json }) = match args {
        ReleaseArgs::List(args) => (Ok(ReleaseCommand::List), args),
        ReleaseArgs::Keep { release, no_longer, args } => {
            (parse(&release).map(|release| ReleaseCommand::Pin { release, pinned: !no_longer }), args)
        }
        ReleaseArgs::Export { release, to, args } => {
            let release = release.map(|release| parse(&release)).transpose();
            (release.map(|release| ReleaseCommand::Export { release, to }), args)
        }
        ReleaseArgs::Import { from, args } => (Ok(ReleaseCommand::Import { from }), args),
    };
    let executed = command.and_then(|command| execute(&environment.flags(), command));
    Printer::new(json).finish(executed)
}

fn parse(release: &str) -> Result<ReleaseRef, CommandError> {
    release.parse().map_err(CommandError::refused)
}

fn execute(flags: &Flags, command: ReleaseCommand) -> Result<InEnvironment<ReleaseAnswer>, CommandError> {
    let settings = load_settings(flags)?;
    let answer = releases::execute(&settings, command)?;
    Ok(InEnvironment { answer, environment: settings.environment })
}

impl Render for ReleaseAnswer {
    fn to_text(&self) -> String {
        match self {
            Self::List(list) => list_text(list),
            Self::Pinned(release) if release.pinned => format!("Pinned release {}", release.id),
            Self::Pinned(release) => format!("Unpinned release {}", release.id),
            Self::Exported(report) => {
                format!("Exported the report on release {} to {}", report.id, report.file.display())
            }
            Self::Imported(report) => {
                let passed = format_utc(report.report.at);
                format!(
                    "Imported the report on release {}: it passed staging on {passed} and may serve production",
                    report.id
                )
            }
        }
    }
}

fn list_text(list: &ReleaseList) -> String {
    if list.releases.is_empty() {
        return "No release has run here yet".to_owned();
    }
    list.releases.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn line(release: &ReleaseDetail) -> String {
    let verified = match &release.verification {
        None => "not verified".to_owned(),
        Some(found) if found.passed => format!("passed {}{}", format_utc(found.at), skipped_text(found)),
        Some(found) => format!("failed {}", format_utc(found.at)),
    };
    let marks = [
        (release.ran_last, "running or ran last"),
        (release.rollback_goes_here, "rollback target"),
        (release.pinned, "pinned"),
    ];
    let marks: Vec<&str> = marks.into_iter().filter(|(applies, _)| *applies).map(|(_, mark)| mark).collect();
    let marks = if marks.is_empty() { String::new() } else { format!("  ({})", marks.join(", ")) };
    let ReleaseDetail { id, version, schema, last_started, .. } = release;
    format!("{id}  {version}  schema {schema}  started {}  {verified}{marks}", format_utc(*last_started))
}

/// What a verification that passed skipped, unless staging checked that with the same binary.
fn skipped_text(verification: &Verification) -> String {
    match (verification.missing.is_empty(), verification.approved) {
        (true, _) => String::new(),
        (false, true) => " (staging passed the rest)".to_owned(),
        (false, false) => format!(" without {}", verification.missing.join(", ")),
    }
}
