//! Typing the environment's name before something is lost.

use super::error::CommandError;
use crate::config::Settings;
use crate::domain::{Environment, EnvironmentKind};

/// Whether the environment's name was typed: required in production, and checked wherever something was typed.
pub(super) fn require_confirmation(settings: &Settings, typed: Option<&str>) -> Result<(), CommandError> {
    let name = settings.environment.to_string();
    match typed {
        Some(typed) if typed == name => Ok(()),
        None if settings.environment.kind() != EnvironmentKind::Production => Ok(()),
        Some(typed) => Err(CommandError::Refused(format!(
            "--confirm says “{}”, and this is {name}; nothing was changed",
            typed.escape_debug()
        ))),
        None => {
            Err(CommandError::Refused(format!("this is {name}: add --confirm {name} to continue; nothing was changed")))
        }
    }
}

/// The command that rolls an environment back to a snapshot, with the confirmation it will require.
pub(super) fn rollback_command(environment: &Environment, snapshot: impl std::fmt::Display) -> String {
    let confirmation = if environment.kind() == EnvironmentKind::Production { " --confirm production" } else { "" };
    format!("atlas rollback --env {environment} --to {snapshot}{confirmation}")
}
