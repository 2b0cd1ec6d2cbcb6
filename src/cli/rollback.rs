//! `atlas rollback`. It shows the plan, asks for the environment's name where that is required, and rolls back.

use std::fmt::Write;

use clap::Args;

use super::args::CommandArgs;
use super::confirm::{require_confirmation, rollback_command};
use super::dispatch::{send_or_execute, unexpected_answer};
use super::error::CommandError;
use super::exit_status::ExitStatus;
use super::printer::{InEnvironment, Printer, Render, print_error};
use super::settings::load_settings;
use crate::config::Flags;
use crate::domain::calendar::format::format_utc;
use crate::ops::isolation::DataFile;
use crate::ops::protocol::rollback::{
    CompletedRollback, PlannedRollback, RollbackPlan, RollbackTarget, SafetySnapshot,
};
use crate::ops::protocol::{Answer, Command, RollbackAnswer, RollbackCommand};
use crate::store::backup::snapshot_folder::SnapshotFolder;
use crate::store::migrations::Migrations;

#[derive(Args)]
pub(super) struct RollbackArgs {
    /// Snapshot id, or digest or version of a release [default: the known-good release]
    #[arg(long, value_name = "SNAPSHOT|RELEASE")]
    to: Option<String>,
    /// Roll back the binary and keep the data
    #[arg(long)]
    code_only: bool,
    /// Show the plan and change nothing
    #[arg(long)]
    dry_run: bool,
    /// Name of the environment, required in production
    #[arg(long, value_name = "NAME")]
    confirm: Option<String>,
    #[command(flatten)]
    args: CommandArgs,
}

pub(super) fn run(args: RollbackArgs, migrations: Migrations) -> ExitStatus {
    let RollbackArgs { to, code_only, dry_run, confirm, args: CommandArgs { environment, json } } = args;
    let printer = Printer::new(json);
    let to = to.map(|text| text.parse()).transpose().map_err(CommandError::refused);
    let done = to.and_then(|to| {
        let command = RollbackCommand { to, code_only, dry_run };
        rollback(&environment.flags(), migrations, &command, confirm.as_deref(), printer)
    });
    printer.finish(done)
}

fn rollback(
    flags: &Flags,
    migrations: Migrations,
    command: &RollbackCommand,
    confirm: Option<&str>,
    printer: Printer,
) -> Result<InEnvironment<RollbackAnswer>, CommandError> {
    let settings = load_settings(flags)?;
    let file = DataFile { settings: &settings, migrations };
    let in_environment = |answer| InEnvironment { answer, environment: settings.environment.clone() };
    let planned = execute(file, RollbackCommand { dry_run: true, ..command.clone() })?;
    let RollbackAnswer::Planned(PlannedRollback { plan, .. }) = &planned else { return Err(unexpected_answer()) };
    // Exactly what was shown: another snapshot or release may appear before the plan is executed.
    let to = command.to.clone().or_else(|| target_of(plan));
    if command.dry_run {
        return Ok(in_environment(planned));
    }
    printer.print_interim(&planned)?;
    require_confirmation(&settings, confirm)?;
    let done = execute(file, RollbackCommand { to, ..*command });
    if matches!(done, Err(CommandError::NoAnswer(_))) {
        print_error(
            "the rollback may or may not be done: see `atlas snapshot list`; if it is, the newest snapshot holds the replaced data",
        );
    }
    done.map(in_environment)
}

fn execute(file: DataFile<'_>, command: RollbackCommand) -> Result<RollbackAnswer, CommandError> {
    match send_or_execute(file, Command::Rollback(command))? {
        Answer::Rollback(answer) => Ok(answer),
        _ => Err(unexpected_answer()),
    }
}

fn target_of(plan: &RollbackPlan) -> Option<RollbackTarget> {
    let release = plan.release.as_ref().and_then(|release| release.id.parse().ok()).map(RollbackTarget::Release);
    release.or_else(|| plan.snapshot.as_ref().map(|snapshot| RollbackTarget::Snapshot(snapshot.id.clone())))
}

impl Render for RollbackAnswer {
    fn to_text(&self) -> String {
        match self {
            Self::Planned(planned) => plan_text(&planned.plan),
            Self::Done(done) => done_text(done),
        }
    }
}

fn plan_text(plan: &RollbackPlan) -> String {
    let mut text = format!("Rollback of {}", plan.environment);
    let _ = match &plan.snapshot {
        None => write!(text, "\n  data     no change"),
        Some(snapshot) => write!(
            text,
            "\n  data     snapshot {} of {}, schema {}",
            snapshot.id,
            format_utc(snapshot.taken_at),
            snapshot.schema
        ),
    };
    let _ = match &plan.release {
        None => write!(text, "\n  binary   no change"),
        Some(release) => {
            let running = if release.runs_now { ", running" } else { "" };
            write!(
                text,
                "\n  binary   release {} (version {}, schema {}){running}",
                release.id, release.version, release.schema
            )
        }
    };
    text + &losses_text(plan)
}

fn losses_text(plan: &RollbackPlan) -> String {
    if let Some(why) = &plan.lost_unknown {
        return format!("\n  lost     everything written since; it cannot be counted, because {why}");
    }
    let Some(lost) = plan.lost.as_ref().filter(|lost| !lost.is_empty()) else {
        return "\n  lost     nothing".to_owned();
    };
    let mut text = String::new();
    for (table, change) in lost {
        let _ = write!(
            text,
            "\n  lost     {table}: {} added, {} changed, {} removed since",
            change.added, change.changed, change.removed
        );
    }
    text
}

fn done_text(done: &CompletedRollback) -> String {
    let mut text = format!("Rolled back {}", done.plan.environment);
    match &done.safety {
        Some(SafetySnapshot::Verified { id, copied, .. }) => {
            let undo = rollback_command(&done.plan.environment, id);
            let _ = write!(text, "\nKept the replaced data as snapshot {id}; to undo: {undo}");
            if *copied == Some(false) {
                let _ = write!(text, "\nThat snapshot was not copied off-site; the next snapshot makes up for it");
            }
        }
        // A rollback never restores what doesn't verify, so none is offered.
        Some(SafetySnapshot::Unverified { id, why, .. }) => {
            let file = SnapshotFolder::beside(&done.plan.data_file).copy_path(id);
            let _ = write!(text, "\nKept the replaced file as {}, which can't be restored: {why}", file.display());
        }
        None => {}
    }
    if let Some(release) = done.plan.release.as_ref().filter(|release| !release.runs_now) {
        let stopped = if done.server_stops == Some(true) { "The server is stopping. " } else { "" };
        let binary = release.binary.as_ref().map(|binary| binary.display().to_string()).unwrap_or_default();
        let _ =
            write!(text, "\n{stopped}From now on start {binary} (or {}, which links to it)", release.current.display());
    }
    text
}
