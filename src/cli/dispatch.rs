//! Executes a command where the data file is open: in the server that has it, or here when no process has it.

use std::sync::Arc;
use std::time::Duration;

use super::error::CommandError;
use super::printer::{InEnvironment, print_error, print_progress};
use super::settings::{app_url, load_settings};
use crate::app::App;
use crate::app::backup::offsite::Offsite;
use crate::app::clock::Clock;
use crate::app::progress::Progress;
use crate::config::{Flags, Settings};
use crate::domain::environment::files::control_socket;
use crate::ops::approvals::Approvals;
use crate::ops::context::OperatorContext;
use crate::ops::control;
use crate::ops::execute::{execute, outcome_of};
use crate::ops::isolation::{self, DataFile};
use crate::ops::protocol::{Answer, Command, Envelope, Outcome, RollbackCommand, SnapshotAnswer, SnapshotCommand};
use crate::ops::rollback::{RollbackEnvironment, rollback};
use crate::ops::snapshots::SnapshotInventory;
use crate::store::migrations::Migrations;
use crate::store::{OpenError, Store};

/// A locked file without a socket belongs to a server that is starting or stopping, so it is tried again.
const MAX_ATTEMPTS: usize = 20;
const RETRY_PAUSE: Duration = Duration::from_millis(100);

/// Loads the settings and executes a command. `select` picks the answer that belongs to the command.
pub(super) fn run<A>(
    flags: &Flags,
    migrations: Migrations,
    command: Command,
    select: fn(Answer) -> Option<A>,
) -> Result<InEnvironment<A>, CommandError> {
    let settings = load_settings(flags)?;
    let file = DataFile { settings: &settings, migrations };
    let answer = select(send_or_execute(file, command)?).ok_or_else(unexpected_answer)?;
    Ok(InEnvironment { answer, environment: settings.environment })
}

pub(super) fn unexpected_answer() -> CommandError {
    CommandError::fault("the answer belongs to another command")
}

/// Executes a command; the steps of long work are printed.
pub(super) fn send_or_execute(file: DataFile<'_>, command: Command) -> Result<Answer, CommandError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| CommandError::io("starting the runtime", error))?;
    let outcome = runtime.block_on(try_until_open(file, command, &mut print_progress()))?;
    match outcome {
        Outcome::Done(answer) => Ok(answer),
        Outcome::Refused(why) => Err(CommandError::Refused(why)),
        Outcome::Failed(why) => Err(CommandError::Failed(why)),
    }
}

async fn try_until_open(
    file: DataFile<'_>,
    command: Command,
    on_progress: Progress<'_>,
) -> Result<Outcome, CommandError> {
    // A server executes every command that reaches its socket, so the environment is checked before anything is sent.
    check_data_file(file, tolerance_of(&command))?;
    let settings = file.settings;
    let mut attempts = 0;
    let envelope = Envelope { environment: settings.environment.clone(), command };
    loop {
        let sent = control::send(&settings.data_file, &envelope, on_progress).await;
        if let Some(outcome) = sent.map_err(CommandError::NoAnswer)? {
            return Ok(outcome);
        }
        let executed = match &envelope.command {
            Command::Rollback(command) => roll_back_here(file, command, on_progress).map_err(CommandError::from),
            Command::Snapshot(command @ (SnapshotCommand::List | SnapshotCommand::Verify { .. })) => {
                return Ok(inspect_snapshots_here(settings, command, on_progress));
            }
            _ => match file.open(|why| print_error(why)) {
                Ok(store) => return execute_here(settings, store, envelope.command, on_progress).await,
                Err(error) => Err(error.into()),
            },
        };
        match executed {
            Err(error) if is_locked(&error) && attempts < MAX_ATTEMPTS => {
                attempts += 1;
                tokio::time::sleep(RETRY_PAUSE).await;
            }
            executed => return executed,
        }
    }
}

fn is_locked(error: &CommandError) -> bool {
    let (CommandError::Store(error) | CommandError::Isolation(isolation::Error::Open(error))) = error else {
        return false;
    };
    matches!(error, OpenError::Locked { .. })
}

/// Which data files that do not open a command works with all the same.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Tolerance {
    None,
    /// A file that may still belong to this environment: a rollback replaces it.
    Unusable,
    /// Also one that the system doesn't show, e.g. on a disk that is not mounted: the command doesn't touch it.
    Inaccessible,
}

fn tolerance_of(command: &Command) -> Tolerance {
    match command {
        Command::Rollback(_) => Tolerance::Unusable,
        Command::Snapshot(SnapshotCommand::List | SnapshotCommand::Verify { .. }) => Tolerance::Inaccessible,
        _ => Tolerance::None,
    }
}

/// Checks that the data file belongs to this environment, as far as it opens.
pub(super) fn check_data_file(file: DataFile<'_>, tolerance: Tolerance) -> Result<(), CommandError> {
    use OpenError::{Corrupt, Io, Locked, Missing, Newer, NotADataFile, Older};
    let Err(error) = file.check() else { return Ok(()) };
    let isolation::Error::Open(reason) = &error else { return Err(error.into()) };
    let is_tolerated = match reason {
        Locked { .. } => true,
        Missing { .. } | Corrupt { .. } | NotADataFile { .. } | Older { .. } | Newer { .. } => {
            tolerance != Tolerance::None
        }
        Io { .. } => tolerance == Tolerance::Inaccessible,
        _ => false,
    };
    if is_tolerated { Ok(()) } else { Err(error.into()) }
}

fn inspect_snapshots_here(settings: &Settings, command: &SnapshotCommand, on_progress: Progress<'_>) -> Outcome {
    let inventory = SnapshotInventory::of_closed_file(settings);
    let answer = match command {
        SnapshotCommand::Verify { id } => inventory.verify(id.as_ref(), on_progress).map(SnapshotAnswer::Verified),
        _ => inventory.list().map(SnapshotAnswer::List),
    };
    outcome_of(answer.map(Answer::Snapshot))
}

fn roll_back_here(
    file: DataFile<'_>,
    command: &RollbackCommand,
    on_progress: Progress<'_>,
) -> Result<Outcome, OpenError> {
    let settings = file.settings;
    let (offsite, approvals) = (Offsite::from_settings(settings), Approvals::new(settings));
    let environment = RollbackEnvironment {
        data_file: &settings.data_file,
        environment: &settings.environment,
        migrations: file.migrations,
        clock: &Clock::System,
        offsite: offsite.as_ref(),
        approvals: &approvals,
        store: None,
    };
    // A process that has the file is a server that is starting or stopping; the command is sent to it again.
    drop(environment.lock()?);
    let done = rollback(&environment, command, on_progress);
    Ok(outcome_of(done.map(|done| Answer::Rollback(done.answer))))
}

async fn execute_here(
    settings: &Settings,
    store: Store,
    command: Command,
    on_progress: Progress<'_>,
) -> Result<Outcome, CommandError> {
    // The file is open here, so no server listens at the socket that may still lie there.
    let _ = std::fs::remove_file(control_socket(&settings.data_file));
    let app_url = app_url(settings, settings.listen)?;
    let app = App::new(store, settings, app_url, Clock::System)
        .map_err(|error| CommandError::io("starting the use cases", error))?;
    let context = OperatorContext::new(Arc::new(app), settings);
    Ok(execute(&context, command, on_progress).await)
}
