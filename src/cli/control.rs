//! Having an order carried out: by the server that has the data file, or here when none has.

use std::time::Duration;

use serde_json::Value;

use super::{Exit, open};
use crate::app::App;
use crate::app::clock::Clock;
use crate::config::{Flags, Settings};
use crate::ops::control::{Order, Outcome, ask, obey, socket_of};
use crate::ops::fence;
use crate::store::{OpenError, Store};

/// How often, and after which pause, a file that is locked by nobody who listens is looked at again: a server that is
/// starting has the file a moment before its socket.
const TRIES: usize = 20;
const PAUSE: Duration = Duration::from_millis(100);

/// The environment's name and the answer, or how to exit and what to complain of.
pub fn order(flags: &Flags, order: &Order) -> Result<(String, Value), (Exit, String)> {
    let settings = open::settings(flags).map_err(|exit| (exit, String::new()))?;
    let broken = |error: &dyn std::fmt::Display| (Exit::InputOutput, error.to_string());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| broken(&error))?;
    let outcome = runtime.block_on(carried_out(&settings, order))?;
    match outcome {
        Outcome::Done(value) => Ok((settings.environment.to_string(), value)),
        Outcome::Refused(why) => Err((Exit::Refused, why)),
        Outcome::Failed(why) => Err((Exit::InputOutput, why)),
    }
}

async fn carried_out(settings: &Settings, order: &Order) -> Result<Outcome, (Exit, String)> {
    // A server obeys whoever reaches its socket, so whose it is is looked at before anything is said.
    match fence::recognise(settings) {
        Ok(()) | Err(fence::Error::Open(OpenError::Locked { .. })) => {}
        Err(error) => return Err((open::exit_of(&error), error.to_string())),
    }
    let mut tries = 0;
    loop {
        match ask(&settings.data_file, order).await {
            Ok(Some(outcome)) => return Ok(outcome),
            Ok(None) => {}
            Err(error) => {
                return Err((Exit::Unreachable, format!("the server that has the data file does not answer: {error}")));
            }
        }
        match fence::open_existing(settings) {
            Ok(store) => return here(settings, store, order).await,
            Err(fence::Error::Open(OpenError::Locked { .. })) if tries < TRIES => {
                tries += 1;
                tokio::time::sleep(PAUSE).await;
            }
            Err(error) => return Err((open::exit_of(&error), error.to_string())),
        }
    }
}

async fn here(settings: &Settings, store: Store, order: &Order) -> Result<Outcome, (Exit, String)> {
    // Whoever has the file knows that nobody listens there.
    let _ = std::fs::remove_file(socket_of(&settings.data_file));
    let app_url = open::app_url(settings, settings.listen).map_err(|exit| (exit, String::new()))?;
    let app =
        App::new(store, settings, app_url, Clock::System).map_err(|error| (Exit::InputOutput, error.to_string()))?;
    Ok(obey(&app, order.clone()).await)
}
