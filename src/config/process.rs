//! The process environment. Nothing else reads it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use super::keys;
use super::problem::ConfigError;

/// The variables of this process that are valid Unicode.
///
/// # Errors
/// [`ConfigError::NotUnicode`] for a variable that Atlas reads: without its value, Atlas could open another data file.
pub fn process_variables() -> Result<BTreeMap<String, String>, ConfigError> {
    let mut variables = BTreeMap::new();
    for (name, value) in std::env::vars_os() {
        let Ok(name) = name.into_string() else { continue };
        match value.into_string() {
            Ok(value) => drop(variables.insert(name, value)),
            Err(_) if keys::is_variable(&name) => return Err(ConfigError::NotUnicode { name }),
            Err(_) => {}
        }
    }
    Ok(variables)
}

/// The service manager that started this process, such as systemd.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceManager {
    /// The socket it listens on; a name that begins with `@` is an abstract one.
    pub socket: PathBuf,
    /// It restarts the process after this long without a sign of life, if it watches.
    pub watchdog: Option<Duration>,
}

/// The service manager that `NOTIFY_SOCKET`, `WATCHDOG_USEC` and `WATCHDOG_PID` name. These are no settings: the service
/// manager sets them.
pub fn service_manager(variables: &BTreeMap<String, String>) -> Option<ServiceManager> {
    let value = |name: &str| variables.get(name).map(String::as_str).filter(|value| !value.is_empty());
    let socket = value("NOTIFY_SOCKET")?;
    // Inherited from a parent that is watched itself, the variables mean that parent.
    let is_for_us = value("WATCHDOG_PID").is_none_or(|pid| pid.parse() == Ok(std::process::id()));
    let watchdog = value("WATCHDOG_USEC").filter(|_| is_for_us).and_then(|micros| micros.parse().ok());
    let watchdog = watchdog.filter(|micros| *micros > 0).map(Duration::from_micros);
    Some(ServiceManager { socket: PathBuf::from(socket), watchdog })
}
