//! Executes a command where the data file is open: in the server, or in the command itself when no server runs. Both ways
//! lead through here, so the answers are the same.

use std::sync::Arc;

use super::context::{OperatorContext, run_blocking};
use super::protocol::{Answer, Command, Outcome, RollbackAnswer, RollbackCommand};
use super::rollback::{self, RollbackEnvironment};
use super::verify::agent;
use super::{mail, snapshots, users};
use crate::app::progress::Progress;
use crate::app::{Error, audit};
use crate::domain::Client;
use crate::domain::accounts::audit::{Actor, AuditAction};

/// Executes a command; long work reports its steps to `on_progress`.
pub async fn execute(context: &OperatorContext, command: Command, on_progress: Progress<'_>) -> Outcome {
    let app = &context.app;
    let answer = match command {
        Command::User(command) => users::execute(app, command).await.map(Answer::User),
        Command::Snapshot(command) => snapshots::execute(context, command, on_progress).await.map(Answer::Snapshot),
        Command::Rollback(command) => roll_back_open_file(context, command, on_progress).await.map(Answer::Rollback),
        Command::Mail(command) => mail::execute(app, command).await.map(Answer::Mail),
        Command::Verify(command) => agent::execute(context, command, on_progress).await.map(Answer::Verify),
    };
    outcome_of(answer)
}

/// Tells a rule's refusal from a fault.
pub fn outcome_of(result: Result<Answer, Error>) -> Outcome {
    match result {
        Ok(answer) => Outcome::Done(answer),
        Err(Error::Refused(refusal)) => Outcome::Refused(refusal.to_string()),
        Err(error) => Outcome::Failed(error.to_string()),
    }
}

/// Rolls back the file that this process has open. When another binary has to serve it from then on, the server stops.
async fn roll_back_open_file(
    context: &OperatorContext,
    command: RollbackCommand,
    on_progress: Progress<'_>,
) -> Result<RollbackAnswer, Error> {
    let app = Arc::clone(&context.app);
    let approvals = context.approvals.clone();
    let outcome = run_blocking(on_progress, move |on_progress| {
        let stamp = app.store.stamp().clone();
        let environment = RollbackEnvironment {
            data_file: app.store.path(),
            environment: &stamp.environment,
            migrations: app.store.migrations(),
            clock: &app.clock,
            offsite: app.offsite.as_ref(),
            approvals: &approvals,
            store: Some(&app.store),
        };
        rollback::rollback(&environment, &command, on_progress)
    })
    .await?;
    let mut answer = outcome.answer;
    if let RollbackAnswer::Done(done) = &mut answer {
        if outcome.needs_other_binary {
            context.request_stop();
        } else {
            audit::record(&context.app, Actor::Operator, AuditAction::RolledBack, &Client::default()).await?;
        }
        done.server_stops = Some(outcome.needs_other_binary);
    }
    Ok(answer)
}
