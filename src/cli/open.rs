//! What commands that work on a data file begin with: settings that hold, and the file of exactly that environment.

use super::{Exit, complain};
use crate::app::clock::Clock;
use crate::app::newborn;
use crate::config::{self, Flags, Settings, Severity};
use crate::store::{OpenError, Opened, Store};

/// The settings, or the problems on standard error.
pub fn settings(flags: &Flags) -> Result<Settings, Exit> {
    let checked =
        config::process_variables().and_then(|variables| config::check(flags, &variables)).map_err(|error| {
            complain(error);
            Exit::Configuration
        })?;
    for problem in &checked.problems {
        let word = if problem.severity == Severity::Error { "error" } else { "warning" };
        complain(format_args!("{word}: {}", problem.message));
    }
    checked.settings.ok_or_else(|| {
        complain(format_args!("{} cannot start; `atlas check --env {0}` shows every setting", checked.environment));
        Exit::Configuration
    })
}

/// The data file of these settings, made if it is missing; what is wrong with it is on standard error.
pub fn data_file(settings: &Settings) -> Result<Opened, Exit> {
    told(made_or_opened(settings))
}

/// The same, for whoever tells it differently.
pub fn made_or_opened(settings: &Settings) -> Result<Opened, OpenError> {
    let unborn = |error: crate::app::Error| OpenError::Io {
        path: settings.data_file.clone(),
        source: std::io::Error::other(error.to_string()),
    };
    let born = newborn(&Clock::System).map_err(unborn)?;
    Store::open_or_create(&settings.data_file, &settings.environment, || born)
}

/// An open file, or what is wrong with it on standard error.
pub fn told(opened: Result<Opened, OpenError>) -> Result<Opened, Exit> {
    opened.map_err(|error| {
        complain(&error);
        exit_of(&error)
    })
}

/// How a command ends that could not open its data file.
pub fn exit_of(error: &OpenError) -> Exit {
    match error {
        OpenError::Locked { .. } => Exit::Unreachable,
        OpenError::OtherEnvironment { .. }
        | OpenError::OtherFile { .. }
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
