//! From flags and variables to settings, or to every problem at once.

use std::collections::BTreeMap;

use super::flags::Flags;
use super::gather::gather;
use super::locate::selector;
use super::peers::Peers;
use super::problem::{ConfigError, Problem, Severity};
use super::raw::RawConfig;
use super::resolve::{ResolveOptions, resolve_settings};
use super::settings::Settings;
use crate::domain::Environment;

/// The result of [`check`].
pub struct CheckedConfig {
    pub environment: Environment,
    /// Every value with its origin.
    pub raw: RawConfig,
    /// Errors first.
    pub problems: Vec<Problem>,
    pub peers: Peers,
    /// `None` when there is an error.
    pub settings: Option<Settings>,
}

/// Gathers and resolves the configuration of one environment: `--env`, else `ATLAS_ENV`, else development.
///
/// # Errors
/// [`ConfigError`] when the environment or the configuration file cannot be determined or read; everything else is a
/// [`Problem`].
pub fn check(flags: &Flags, variables: &BTreeMap<String, String>) -> Result<CheckedConfig, ConfigError> {
    let name = match &flags.environment {
        Some(name) => Some(name.as_str()),
        None => selector("ATLAS_ENV", variables)?,
    };
    let environment = match name {
        Some(name) => name.parse()?,
        None => Environment::development(),
    };
    let (raw, mut problems) = gather(&environment, flags, variables)?;
    let peers = Peers::from_raw(&environment, &raw);
    let options = ResolveOptions { remote: flags.remote, environment_assumed: name.is_none() };
    let (settings, found) = resolve_settings(&environment, &raw, &peers, options);
    problems.extend(found);
    problems.sort_by_key(|problem| problem.severity == Severity::Warning);
    let has_errors = problems.iter().any(|problem| problem.severity == Severity::Error);
    Ok(CheckedConfig { environment, raw, peers, settings: settings.filter(|_| !has_errors), problems })
}
