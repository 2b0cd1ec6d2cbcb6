//! What commands have in common when they answer: progress, refusals, and typed names.

use std::io::IsTerminal;

use serde_json::json;

use super::{Exit, complain, say};
use crate::config::Settings;
use crate::domain::Kind;

/// Tells on a terminal what long work has reached; says nothing where nobody looks.
pub fn progress() -> impl FnMut(&str) + Send {
    let looks = std::io::stderr().is_terminal();
    move |words| {
        if looks {
            complain(words);
        }
    }
}

/// Tells that a rule said no.
pub fn refused(why: &str, as_json: bool) -> Exit {
    if as_json {
        say(format_args!("{:#}", json!({ "error": why })));
    }
    complain(why);
    Exit::Refused
}

/// The words that lead an environment back to a snapshot, with the name typed where that is asked for.
pub fn rollback_to(environment: &str, snapshot: &str) -> String {
    let typed = if environment == "production" { " --confirm production" } else { "" };
    format!("atlas rollback --env {environment} --to {snapshot}{typed}")
}

/// Whether the environment's name was typed, where that is asked: in production, and wherever something was typed.
///
/// # Errors
/// What to type.
pub fn confirmed(settings: &Settings, typed: Option<&str>) -> Result<(), String> {
    let name = settings.environment.to_string();
    match typed {
        Some(typed) if typed == name => Ok(()),
        None if settings.environment.kind() != Kind::Production => Ok(()),
        Some(typed) => {
            Err(format!("--confirm says “{}”, and this is {name}; nothing was changed", typed.escape_debug()))
        }
        None => Err(format!("this is {name}: add --confirm {name} to go on; nothing was changed")),
    }
}
