//! The settings a command works with, and what follows from them.

use std::net::{IpAddr, SocketAddr};

use url::Url;

use super::error::CommandError;
use super::exit_status::ExitStatus;
use super::printer::print_error;
use crate::config::{self, Flags, Settings, Severity};
use crate::ops::isolation;

/// Settings without errors, of an environment that conflicts with no other; every problem is printed.
pub(super) fn load_settings(flags: &Flags) -> Result<Settings, CommandError> {
    let variables = config::process_variables()?;
    let checked = config::check(flags, &variables)?;
    let conflicts = isolation::conflicts(&checked.peers);
    for problem in checked.problems.iter().chain(&conflicts) {
        let severity = if problem.severity == Severity::Error { "error" } else { "warning" };
        print_error(format_args!("{severity}: {}", problem.message));
    }
    let status = match checked.settings {
        Some(settings) if conflicts.is_empty() => return Ok(settings),
        Some(_) => ExitStatus::Refused,
        None => ExitStatus::Configuration,
    };
    print_error(format_args!("{} cannot start; `atlas check --env {0}` shows every setting", checked.environment));
    Err(CommandError::Reported(status))
}

/// The address of the environment: as configured, or in development the address that was bound.
pub(super) fn app_url(settings: &Settings, bound: SocketAddr) -> Result<Url, CommandError> {
    if let Some(url) = &settings.app_url {
        return Ok(url.clone());
    }
    let host = match bound.ip() {
        ip if ip.is_loopback() || ip.is_unspecified() => "localhost".to_owned(),
        IpAddr::V6(ip) => format!("[{ip}]"),
        IpAddr::V4(ip) => ip.to_string(),
    };
    let url = format!("http://{host}:{}", bound.port()).parse();
    url.map_err(CommandError::fault)
}
