//! `atlas seed`: people to look at.

use serde_json::json;

use super::{Exit, complain, open, say};
use crate::app::clock::Clock;
use crate::app::{self, App};
use crate::config::Flags;
use crate::ops::reset;
use crate::ops::seeds::{self, DEFAULT_PASSWORD, SeedError};

/// Plants a set and says what was new. `reset` is there when the environment is to be emptied first, and holds the name
/// that was typed to confirm it.
pub fn run(flags: &Flags, set: &str, reset: Option<Option<&str>>, as_json: bool) -> Exit {
    match plant(flags, set, reset, as_json) {
        Ok(()) => Exit::Fine,
        Err(exit) => exit,
    }
}

fn plant(flags: &Flags, set: &str, reset: Option<Option<&str>>, as_json: bool) -> Result<(), Exit> {
    let fail = |error: &dyn std::fmt::Display| {
        complain(error);
        Exit::InputOutput
    };
    let settings = open::settings(flags)?;
    let kind = settings.environment.kind();
    let ready = seeds::ready(kind, set, settings.seed_password.as_ref()).map_err(|error| refused(&error))?;
    if let Some(typed) = reset {
        reset::reset(&settings, typed).map_err(|error| unreset(&error))?;
    }
    let opened = open::data_file(&settings)?;
    let app_url = open::app_url(&settings, settings.listen)?;
    let app = App::new(opened.store, &settings, app_url, Clock::System).map_err(|error| fail(&error))?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| fail(&error))?;
    let planted = runtime.block_on(seeds::plant(&app, ready)).map_err(|error| refused(&error))?;
    let environment = &settings.environment;
    if as_json {
        let planted = json!({ "environment": environment.to_string(), "set": set, "planted": planted });
        say(format_args!("{planted:#}"));
    } else if planted == seeds::Planted::default() {
        say(format_args!("{environment} has everything of “{set}” already; nothing was changed"));
    } else {
        let seeds::Planted { people, habits, completions } = planted;
        say(format_args!(
            "{environment}: planted {people} people, {habits} habits, {completions} completions from “{set}”"
        ));
        if settings.seed_password.is_none() {
            say(format_args!("they sign in with the password “{DEFAULT_PASSWORD}”"));
        }
    }
    Ok(())
}

fn unreset(error: &reset::Error) -> Exit {
    complain(error);
    match error {
        reset::Error::Refused(_) | reset::Error::Unconfirmed { .. } => Exit::Refused,
        reset::Error::Fence(error) => open::exit_of(error),
        reset::Error::Io { .. } => Exit::InputOutput,
    }
}

fn refused(error: &SeedError) -> Exit {
    complain(error);
    match error {
        SeedError::App(error) if !matches!(error, app::Error::Refused(_)) => Exit::InputOutput,
        _ => Exit::Refused,
    }
}
