//! What commands that work on a data file begin with: settings that hold, and the file of exactly that environment.

use super::{Exit, complain};
use crate::app::clock::Clock;
use crate::app::newborn;
use crate::config::{self, Flags, Settings, Severity};
use crate::ops::{fence, previews};
use crate::store::{OpenError, Opened};

/// The settings, or the problems on standard error.
pub fn settings(flags: &Flags) -> Result<Settings, Exit> {
    let checked =
        config::process_variables().and_then(|variables| config::check(flags, &variables)).map_err(|error| {
            complain(error);
            Exit::Configuration
        })?;
    let crossings = fence::crossings(&checked.surroundings);
    for problem in checked.problems.iter().chain(&crossings) {
        let word = if problem.severity == Severity::Error { "error" } else { "warning" };
        complain(format_args!("{word}: {}", problem.message));
    }
    let exit = match checked.settings {
        Some(settings) if crossings.is_empty() => return Ok(settings),
        Some(_) => Exit::Refused,
        None => Exit::Configuration,
    };
    complain(format_args!("{} cannot start; `atlas check --env {0}` shows every setting", checked.environment));
    Err(exit)
}

/// The data file of these settings, made if it is missing; what is wrong with it is on standard error.
pub fn data_file(settings: &Settings) -> Result<Opened, Exit> {
    told(made_or_opened(settings)?)
}

/// The same, for whoever tells it differently.
pub fn made_or_opened(settings: &Settings) -> Result<Result<Opened, fence::Error>, Exit> {
    previews::made(settings).map_err(|error| super::preview::failed(&error))?;
    let born = newborn(&Clock::System).map_err(|error| {
        complain(error);
        Exit::InputOutput
    })?;
    Ok(fence::open(settings, || born))
}

/// An open file, or what is wrong with it on standard error.
pub fn told(opened: Result<Opened, fence::Error>) -> Result<Opened, Exit> {
    opened.map_err(|error| {
        complain(&error);
        exit_of(&error)
    })
}

/// How a command ends that could not open its data file.
pub fn exit_of(error: &fence::Error) -> Exit {
    match error {
        fence::Error::Open(error) => exit_of_store(error),
        _ => Exit::Refused,
    }
}

/// The same, where only the store was asked.
pub fn exit_of_store(error: &OpenError) -> Exit {
    match error {
        OpenError::Locked { .. } => Exit::Unreachable,
        OpenError::OtherEnvironment { .. }
        | OpenError::OtherFile { .. }
        | OpenError::Edited { .. }
        | OpenError::Older { .. }
        | OpenError::Newer { .. }
        | OpenError::NotReversible { .. }
        | OpenError::NotOurs { .. } => Exit::Refused,
        OpenError::Missing { .. } | OpenError::Damaged { .. } | OpenError::Io { .. } => Exit::InputOutput,
    }
}

/// Where people reach the environment: as configured, or in development the address that was bound.
pub fn app_url(settings: &Settings, bound: std::net::SocketAddr) -> Result<url::Url, Exit> {
    if let Some(url) = &settings.app_url {
        return Ok(url.clone());
    }
    let host = match bound.ip() {
        ip if ip.is_loopback() || ip.is_unspecified() => "localhost".to_owned(),
        std::net::IpAddr::V6(ip) => format!("[{ip}]"),
        std::net::IpAddr::V4(ip) => ip.to_string(),
    };
    format!("http://{host}:{}", bound.port()).parse().map_err(|error| {
        complain(format_args!("cannot name the address {bound}: {error}"));
        Exit::InputOutput
    })
}
