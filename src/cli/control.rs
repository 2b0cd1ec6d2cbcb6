//! Having an order carried out: by the server that has the data file, or here when none has.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::answer::{self, progress};
use super::{Exit, complain, open, say};
use crate::app::clock::Clock;
use crate::app::elsewhere::Elsewhere;
use crate::app::snapshots::Told;
use crate::app::{App, Error};
use crate::config::{Flags, Settings};
use crate::ops::approvals::Approvals;
use crate::ops::control::{Addressed, Order, Outcome, ask, obey, socket_of};
use crate::ops::fence;
use crate::ops::operations::Operations;
use crate::ops::{rollback, set};
use crate::store::{OpenError, Store};

/// How often, and after which pause, a file that is locked by nobody who listens is looked at again: a server that is
/// starting has the file a moment before its socket.
const TRIES: usize = 20;
const PAUSE: Duration = Duration::from_millis(100);

/// How to exit, and what to complain of unless that was told already.
pub type Failed = (Exit, String);

/// Has an order carried out and tells what came of it, in words or as JSON.
pub fn carry_out(flags: &Flags, order: Order, as_json: bool, words: impl FnOnce(&Value) -> String) -> Exit {
    match open::settings(flags) {
        Ok(settings) => told(&settings, outcome(&settings, order), as_json, words),
        Err(exit) => exit,
    }
}

/// Tells what came of an order.
pub fn told(
    settings: &Settings,
    outcome: Result<Outcome, Failed>,
    as_json: bool,
    words: impl FnOnce(&Value) -> String,
) -> Exit {
    match outcome {
        Ok(Outcome::Done(mut value)) => {
            set(&mut value, "environment", json!(settings.environment));
            say(if as_json { format!("{value:#}") } else { words(&value) });
            Exit::Fine
        }
        Ok(Outcome::Refused(why)) => answer::refused(&why, as_json),
        Ok(Outcome::Failed(why)) => {
            complain(why);
            Exit::InputOutput
        }
        Ok(Outcome::Working(_)) => Exit::Unreachable,
        Err((exit, why)) => {
            if !why.is_empty() {
                complain(why);
            }
            exit
        }
    }
}

/// Has an order carried out. What long work has reached is told on the way.
pub fn outcome(settings: &Settings, order: Order) -> Result<Outcome, Failed> {
    let broken = |error: &dyn std::fmt::Display| (Exit::InputOutput, error.to_string());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| broken(&error))?;
    runtime.block_on(carried_out(settings, order, &mut progress()))
}

async fn carried_out(settings: &Settings, order: Order, told: Told<'_>) -> Result<Outcome, Failed> {
    // A server obeys whoever reaches its socket, so whose it is is looked at before anything is said. Going back is for
    // files that do not open, too.
    recognised(settings, matches!(order, Order::Rollback(_)))?;
    let mut tries = 0;
    let addressed = Addressed { environment: settings.environment.clone(), order };
    loop {
        match ask(&settings.data_file, &addressed, told).await {
            Ok(Some(outcome)) => return Ok(outcome),
            Ok(None) => {}
            Err(error) => {
                return Err((Exit::Unreachable, format!("the server that has the data file does not answer: {error}")));
            }
        }
        let done = match &addressed.order {
            Order::Rollback(wanted) => gone_back(settings, wanted, told).map_err(fence::Error::from),
            _ => match fence::open_existing(settings, |why| complain(why)) {
                Ok(store) => return here(settings, store, addressed.order, told).await,
                Err(error) => Err(error),
            },
        };
        match done {
            Ok(outcome) => return Ok(outcome),
            Err(fence::Error::Open(OpenError::Locked { .. })) if tries < TRIES => {
                tries += 1;
                tokio::time::sleep(PAUSE).await;
            }
            Err(error) => return Err((open::exit_of(&error), error.to_string())),
        }
    }
}

/// That nothing here belongs to another environment; `unopened` says that a data file need not be there, or open.
pub fn recognised(settings: &Settings, unopened: bool) -> Result<(), Failed> {
    match fence::recognise(settings) {
        Ok(()) | Err(fence::Error::Open(OpenError::Locked { .. })) => Ok(()),
        Err(fence::Error::Open(error)) if unopened && is_no_crossing(&error) => Ok(()),
        Err(error) => Err((open::exit_of(&error), error.to_string())),
    }
}

/// Whether a file that does not open may all the same be this environment's.
fn is_no_crossing(error: &OpenError) -> bool {
    use OpenError::{Damaged, Missing, Newer, NotOurs, Older};
    matches!(error, Missing { .. } | Damaged { .. } | NotOurs { .. } | Older { .. } | Newer { .. })
}

fn gone_back(settings: &Settings, wanted: &rollback::Wanted, told: Told<'_>) -> Result<Outcome, OpenError> {
    let (elsewhere, approvals) = (Elsewhere::of(settings), Approvals::of(settings));
    let place = rollback::Place {
        data_file: &settings.data_file,
        environment: &settings.environment,
        clock: &Clock::System,
        elsewhere: elsewhere.as_ref(),
        approvals: &approvals,
        store: None,
    };
    // Whoever has the file is a server that is starting or stopping; it is asked again.
    drop(rollback::hold(&place)?);
    Ok(match rollback::go_back(&place, wanted, told) {
        Ok(done) => Outcome::Done(done.answer),
        Err(Error::Refused(refusal)) => Outcome::Refused(refusal.to_string()),
        Err(error) => Outcome::Failed(error.to_string()),
    })
}

async fn here(settings: &Settings, store: Store, order: Order, told: Told<'_>) -> Result<Outcome, Failed> {
    // Whoever has the file knows that nobody listens there.
    let _ = std::fs::remove_file(socket_of(&settings.data_file));
    let app_url = open::app_url(settings, settings.listen).map_err(|exit| (exit, String::new()))?;
    let app =
        App::new(store, settings, app_url, Clock::System).map_err(|error| (Exit::InputOutput, error.to_string()))?;
    let operations = Operations::new(Arc::new(app), settings);
    Ok(obey(&operations, order, told).await)
}
