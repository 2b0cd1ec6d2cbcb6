//! Typing the environment's name before something is lost.

use super::error::CommandError;
use crate::config::Settings;
use crate::domain::{Environment, EnvironmentKind};

/// Whether the environment's name was typed.
///
/// # Errors
/// [`CommandError::Refused`] when something else was typed.
pub(super) fn is_confirmed(settings: &Settings, typed: Option<&str>) -> Result<bool, CommandError> {
    let name = settings.environment.to_string();
    match typed {
        None => Ok(false),
        Some(typed) if typed == name => Ok(true),
        Some(typed) => Err(CommandError::Refused(format!(
            "--confirm says “{}”, and this is {name}; nothing was changed",
            typed.escape_debug()
        ))),
    }
}

/// Checks that the environment's name was typed where that is required: in production.
pub(super) fn require_confirmation(settings: &Settings, typed: Option<&str>) -> Result<(), CommandError> {
    if is_confirmed(settings, typed)? || settings.environment.kind() != EnvironmentKind::Production {
        return Ok(());
    }
    let name = &settings.environment;
    Err(CommandError::Refused(format!("this is {name}: add --confirm {name} to continue; nothing was changed")))
}

/// The command that rolls an environment back to a snapshot, with the confirmation it will require.
pub(super) fn rollback_command(environment: &Environment, snapshot: impl std::fmt::Display) -> String {
    let confirmation = if environment.kind() == EnvironmentKind::Production { " --confirm production" } else { "" };
    format!("atlas rollback --env {environment} --to {snapshot}{confirmation}")
}
