//! `atlas check`: whether the configuration is right. It reads and changes nothing; with `--connect` it also signs in to the
//! mail relay.

mod relay;
mod report;

use clap::Args;

use super::args::EnvironmentArgs;
use super::error::CommandError;
use super::exit_status::ExitStatus;
use super::printer::Printer;
use crate::app::clock::Clock;
use crate::config::{self, CheckedConfig, Flags, Problem, Severity, keys};
use crate::ops::approvals::require_approved_binary;
use crate::ops::isolation::{self, DataFile, PeerComparison};
use crate::ops::previews;
use crate::store::OpenError;
use crate::store::migrations::Migrations;
use relay::check_relay;
use report::CheckReport;

#[derive(Args)]
pub(super) struct CheckArgs {
    #[command(flatten)]
    environment: EnvironmentArgs,
    /// Also sign in to the mail relay, without sending anything
    #[arg(long)]
    connect: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: CheckArgs, migrations: Migrations) -> ExitStatus {
    let CheckArgs { environment, connect, json } = args;
    Printer::new(json).finish(check(&environment.flags(), migrations, connect))
}

fn check(flags: &Flags, migrations: Migrations, connect: bool) -> Result<CheckReport, CommandError> {
    let mut checked = config::check(flags, &config::process_variables()?)?;
    let refusals = reasons_not_to_serve(&checked, migrations);
    let is_refused = !refusals.is_empty();
    // Errors come first.
    checked.problems.splice(..0, refusals);
    let comparisons = isolation::comparisons(&checked.peers);
    checked.problems.extend(comparisons.iter().filter_map(PeerComparison::warning).map(|message| Problem {
        severity: Severity::Warning,
        key: "identity.json",
        message,
    }));
    // Settings with errors do not say which relay to use.
    let mail = checked.settings.as_ref().filter(|_| connect && !is_refused).map(check_relay);
    let status = match &checked.settings {
        None => ExitStatus::Configuration,
        Some(_) if is_refused => ExitStatus::Refused,
        Some(_) => mail.as_ref().map_or(ExitStatus::Success, relay::RelayCheck::exit_status),
    };
    Ok(CheckReport::new(&checked, &comparisons, mail, status))
}

/// Why a server would not start although the settings are complete: a conflict with another environment, a data file of
/// another environment or a missing one, a preview that was not created, or a binary that production does not accept.
fn reasons_not_to_serve(checked: &CheckedConfig, migrations: Migrations) -> Vec<Problem> {
    let mut problems = isolation::conflicts(&checked.peers);
    let Some(settings) = &checked.settings else { return problems };
    let error = |key, message: String| Problem { severity: Severity::Error, key, message };
    let file = DataFile { settings, migrations };
    if problems.is_empty()
        && let Err(found) = file.check().and_then(|()| file.require_not_lost())
        // A server that has the file has checked it.
        && !matches!(found, isolation::Error::Open(OpenError::Locked { .. }))
    {
        problems.push(error(keys::DATA_FILE, found.to_string()));
    }
    if let Err(found) = previews::require_created(settings) {
        problems.push(error(keys::DATA_FILE, found.to_string()));
    }
    if let Err(found) = require_approved_binary(settings, Clock::System.now()) {
        problems.push(error(keys::REQUIRE_VERIFIED, found.to_string()));
    }
    problems
}
