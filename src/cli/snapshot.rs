//! `atlas snapshot`. The same whether a server has the data file or no process has it.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use clap::Subcommand;
use serde::Serialize;

use super::args::CommandArgs;
use super::confirm::rollback_command;
use super::dispatch::{self, Tolerance, check_data_file};
use super::error::CommandError;
use super::exit_status::ExitStatus;
use super::printer::{InEnvironment, Printer, Render, print_progress};
use super::settings::load_settings;
use crate::app::backup::offsite::Offsite;
use crate::app::backup::offsite_fetch::FetchRequest;
use crate::app::backup::size::format_size;
use crate::app::clock::Clock;
use crate::config::{Flags, Settings};
use crate::domain::backup::snapshot::SnapshotReason;
use crate::domain::backup::snapshot_id::SnapshotId;
use crate::domain::calendar::format::format_utc;
use crate::ops::isolation::DataFile;
use crate::ops::protocol::snapshots::{
    CreatedSnapshot, FailedSnapshot, PrunedSnapshots, SnapshotDetail, SnapshotList, VerifiedSnapshots,
};
use crate::ops::protocol::{Answer, Command, SnapshotAnswer, SnapshotCommand};
use crate::ops::snapshots;
use crate::store::backup::encryption::DecryptionKey;
use crate::store::backup::snapshot_folder::SnapshotFolder;
use crate::store::migrations::Migrations;

#[derive(Subcommand)]
pub(super) enum SnapshotArgs {
    /// Create a snapshot and verify it
    Create(CommandArgs),
    /// List snapshots, newest first
    List(CommandArgs),
    /// Verify a snapshot again, or all of them
    Verify {
        /// Snapshot id [default: all]
        #[arg(value_name = "SNAPSHOT")]
        id: Option<String>,
        #[command(flatten)]
        args: CommandArgs,
    },
    /// Copy a snapshot back from the off-site folder, decrypt and verify it (needs no data file)
    Fetch {
        /// Snapshot id [default: the newest in that folder]
        #[arg(value_name = "SNAPSHOT")]
        id: Option<String>,
        /// Folder to fetch from [default: the folder of snapshots.copy_to]
        #[arg(long, value_name = "FOLDER")]
        from: Option<PathBuf>,
        /// File with the private key that decrypts it, as written by age-keygen
        #[arg(long, value_name = "FILE")]
        identity: Option<PathBuf>,
        #[command(flatten)]
        args: CommandArgs,
    },
    /// Remove a snapshot, or those that retention no longer keeps
    Prune {
        /// Snapshot id [default: all that retention no longer keeps]
        #[arg(value_name = "SNAPSHOT")]
        id: Option<String>,
        #[command(flatten)]
        args: CommandArgs,
    },
}

pub(super) fn run(args: SnapshotArgs, migrations: Migrations) -> ExitStatus {
    let (command, CommandArgs { environment, json }) = match args {
        SnapshotArgs::Create(args) => (Ok(SnapshotCommand::Create), args),
        SnapshotArgs::List(args) => (Ok(SnapshotCommand::List), args),
        SnapshotArgs::Verify { id, args } => (parse(id).map(|id| SnapshotCommand::Verify { id }), args),
        SnapshotArgs::Prune { id, args } => (parse(id).map(|id| SnapshotCommand::Prune { id }), args),
        SnapshotArgs::Fetch { id, from, identity, args: CommandArgs { environment, json } } => {
            let fetched = parse(id)
                .and_then(|id| fetch(&environment.flags(), migrations, id.as_ref(), from, identity.as_deref()));
            return Printer::new(json).finish(fetched);
        }
    };
    let select = |answer| if let Answer::Snapshot(answer) = answer { Some(answer) } else { None };
    let executed =
        command.and_then(|command| dispatch::run(&environment.flags(), migrations, Command::Snapshot(command), select));
    Printer::new(json).finish(executed)
}

fn parse(id: Option<String>) -> Result<Option<SnapshotId>, CommandError> {
    id.map(|text| text.parse()).transpose().map_err(CommandError::refused)
}

/// Reads and writes the folder of snapshots only, so it needs neither a server nor a data file.
fn fetch(
    flags: &Flags,
    migrations: Migrations,
    id: Option<&SnapshotId>,
    from: Option<PathBuf>,
    identity: Option<&Path>,
) -> Result<InEnvironment<FetchedSnapshot>, CommandError> {
    let settings = load_settings(flags)?;
    check_data_file(DataFile { settings: &settings, migrations }, Tolerance::Inaccessible)?;
    let from =
        from.map(SnapshotFolder::offsite).or_else(|| Offsite::from_settings(&settings).map(|offsite| offsite.folder()));
    let from = from.ok_or_else(|| {
        CommandError::refused("snapshots.copy_to is not set; name the folder of the copy with --from")
    })?;
    let key = decryption_key(&settings, identity)?;
    let request = FetchRequest {
        from: &from,
        to: &SnapshotFolder::beside(&settings.data_file),
        environment: &settings.environment,
        name: id.map(SnapshotId::as_str),
        key: key.as_ref(),
    };
    let snapshot = snapshots::fetch(&request, &Clock::System, &mut print_progress())?;
    let rollback = rollback_command(&settings.environment, &snapshot.id);
    Ok(InEnvironment { answer: FetchedSnapshot { snapshot, rollback }, environment: settings.environment })
}

fn decryption_key(settings: &Settings, identity: Option<&Path>) -> Result<Option<DecryptionKey>, CommandError> {
    let Some(file) = identity else {
        let passphrase = settings.snapshots.passphrase.as_ref();
        return Ok(passphrase.map(|passphrase| DecryptionKey::from_passphrase(passphrase.reveal())));
    };
    let key = DecryptionKey::from_file(file);
    key.map(Some).map_err(|error| CommandError::io(format_args!("the private key in {}", file.display()), error))
}

#[derive(Serialize)]
struct FetchedSnapshot {
    #[serde(flatten)]
    snapshot: SnapshotDetail,
    /// The command that puts it in place.
    #[serde(skip)]
    rollback: String,
}

impl Render for FetchedSnapshot {
    fn to_text(&self) -> String {
        format!("Fetched and verified snapshot {}\nRoll back to it with: {}", line(&self.snapshot), self.rollback)
    }
}

impl Render for SnapshotAnswer {
    fn to_text(&self) -> String {
        match self {
            Self::Created(created) => created_text(created),
            Self::List(list) => list_text(list),
            Self::Verified(verified) => verified_text(verified),
            Self::Pruned(pruned) => pruned_text(pruned),
        }
    }

    /// Half a success is a failure of the disk.
    fn exit_status(&self) -> ExitStatus {
        let is_half_done = match self {
            Self::Created(created) => created.offsite.as_ref().is_some_and(|offsite| !offsite.copied),
            Self::Verified(verified) => verified.failed.iter().any(|failed| failed.unavailable),
            Self::Pruned(pruned) => !pruned.incomplete.is_empty(),
            Self::List(_) => false,
        };
        match self {
            _ if is_half_done => ExitStatus::InputOutput,
            Self::Verified(verified) if !verified.failed.is_empty() => ExitStatus::Refused,
            _ => ExitStatus::Success,
        }
    }
}

fn verified_text(verified: &VerifiedSnapshots) -> String {
    let VerifiedSnapshots { verified, failed } = verified;
    let mut text = String::new();
    for snapshot in verified {
        let _ = writeln!(text, "Verified snapshot {}", line(snapshot));
    }
    for FailedSnapshot { why, .. } in failed {
        let _ = writeln!(text, "Not verified: {why}");
    }
    text += &counted(verified.len(), "verified");
    if failed.is_empty() { text } else { text + &format!(", {} not", failed.len()) }
}

fn pruned_text(pruned: &PrunedSnapshots) -> String {
    let PrunedSnapshots { removed, left, incomplete } = pruned;
    let mut text = String::new();
    for id in removed {
        let _ = writeln!(text, "Removed snapshot {id}");
    }
    for why in incomplete {
        let _ = writeln!(text, "Incomplete: {why}");
    }
    text + &format!("{}, {left} left", counted(removed.len(), "removed"))
}

fn counted(count: usize, done: &str) -> String {
    format!("{count} snapshot{} {done}", if count == 1 { "" } else { "s" })
}

fn created_text(created: &CreatedSnapshot) -> String {
    let offsite = match &created.offsite {
        None => String::new(),
        Some(offsite) => match &offsite.copy_failed {
            None => "\nCopied it to the off-site folder".to_owned(),
            Some(why) => format!("\nNot copied to the off-site folder: {why}. The next snapshot makes up for it"),
        },
    };
    format!("Created and verified snapshot {}{offsite}", line(&created.snapshot))
}

fn line(snapshot: &SnapshotDetail) -> String {
    let SnapshotDetail { id, taken_at, schema, reason, .. } = snapshot;
    let other = if snapshot.of_other_file { "  of another data file" } else { "" };
    format!(
        "{id}  {}  {:>9}  schema {schema}  {}{other}",
        format_utc(*taken_at),
        format_size(snapshot.bytes),
        reason_text(*reason)
    )
}

fn reason_text(reason: SnapshotReason) -> &'static str {
    match reason {
        SnapshotReason::Manual => "manual",
        SnapshotReason::Schedule => "scheduled",
        SnapshotReason::BeforeMigration => "before migration",
        SnapshotReason::BeforeRollback => "before rollback",
        SnapshotReason::KnownGood => "known-good release",
        SnapshotReason::Unknown => "newer version",
    }
}

fn list_text(list: &SnapshotList) -> String {
    let mut text = String::new();
    for snapshot in &list.snapshots {
        let _ = writeln!(text, "{}", line(snapshot));
    }
    for id in &list.unverified {
        let _ = writeln!(text, "{id}  not verified; run `atlas snapshot verify {id}`");
    }
    for manifest in &list.unreadable {
        let _ = writeln!(text, "{}: {}", manifest.file.display(), manifest.why);
    }
    let _ = write!(text, "{} {}", counted(list.snapshots.len(), "in"), list.folder.display());
    if let Some(offsite) = &list.offsite {
        for snapshot in &offsite.snapshots {
            let encrypted = if snapshot.encrypted { "  encrypted" } else { "" };
            let _ = write!(text, "\n{}{encrypted}", line(snapshot));
        }
        let _ = write!(text, "\n{} {}", counted(offsite.snapshots.len(), "in"), offsite.folder.display());
    }
    text
}
