//! First floor: what the operator wrote, and what it means.
//!
//! Two steps. [`written`] gathers every value with the place it came from; [`settle`] turns them into one [`Settings`]
//! or into every problem at once. Nothing outside this room reads the process environment, and nothing here touches a
//! data file.

pub mod keys;
pub mod policy;
pub mod previews;
mod relay;
pub mod report;
mod settings;
mod settle;
mod traits;
mod written;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

pub use settings::{Dsn, Encryption, Gate, LogFormat, Mail, Secret, Sender, Settings, Smtp, Tls, Transport, Verified};
pub use traits::{Surroundings, Traits};
pub use written::{Entry, Origin, Written};

use crate::domain::Environment;

/// Flags of the command line that configure something.
#[derive(Debug, Default, Clone)]
pub struct Flags {
    /// `--env`.
    pub environment: Option<String>,
    /// `--config`.
    pub config: Option<PathBuf>,
    /// `--listen`.
    pub listen: Option<String>,
    /// `--log`.
    pub log: Option<String>,
    /// `--log-format`.
    pub log_format: Option<String>,
    /// `--require-verified`.
    pub require_verified: bool,
    /// Whether the server is another machine's: what it alone needs may be missing here.
    pub elsewhere: bool,
}

/// Something about the configuration that the operator should know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Whether it keeps Atlas from starting.
    pub severity: Severity,
    /// The setting's key in atlas.toml.
    pub key: &'static str,
    /// What is wrong, where it came from, and the fix.
    pub message: String,
}

/// How bad a [`Problem`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// Atlas does not start.
    Error,
    /// Atlas starts, and says so.
    Warning,
}

/// Everything `atlas check` shows.
pub struct Checked {
    /// The environment asked for.
    pub environment: Environment,
    /// Every value with its origin.
    pub written: Written,
    /// Errors first.
    pub problems: Vec<Problem>,
    /// What must differ between this environment and the others.
    pub surroundings: Surroundings,
    /// What it means; `None` when there is an error.
    pub settings: Option<Settings>,
}

/// Why not even the values could be gathered.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// The name of the environment is not one.
    #[error("{0}")]
    Environment(#[from] crate::domain::environment::NotAnEnvironment),
    /// A variable is not Unicode.
    #[error("the variable {name} is not valid Unicode; set it again")]
    Variable {
        /// Its name.
        name: String,
    },
    /// A variable that chooses what is read is set, and blank.
    #[error("the variable {name} is set and blank; give it a value, or do not set it")]
    Blank {
        /// Its name.
        name: &'static str,
    },
    /// The configuration file cannot be read.
    #[error("{path} cannot be read: {why}")]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
}

/// The variables of this process, as text.
///
/// # Errors
/// [`Unreadable::Variable`] when one that Atlas reads is not Unicode: going on without it could open another file.
pub fn process_variables() -> Result<BTreeMap<String, String>, Unreadable> {
    let mut variables = BTreeMap::new();
    for (name, value) in std::env::vars_os() {
        let Ok(name) = name.into_string() else { continue };
        match value.into_string() {
            Ok(value) => drop(variables.insert(name, value)),
            Err(_) if keys::reads(&name) => return Err(Unreadable::Variable { name }),
            Err(_) => {}
        }
    }
    Ok(variables)
}

/// What a service manager such as systemd tells of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Supervised {
    /// The socket it listens on; a name that begins with `@` is an abstract one.
    pub socket: PathBuf,
    /// After how long without a sign of life it gives the process up, if it does.
    pub watchdog: Option<Duration>,
}

/// Who supervises this process, as `NOTIFY_SOCKET`, `WATCHDOG_USEC` and `WATCHDOG_PID` say. Those are no settings: the
/// service manager sets them.
pub fn supervised(variables: &BTreeMap<String, String>) -> Option<Supervised> {
    let value = |name: &str| variables.get(name).map(String::as_str).filter(|value| !value.is_empty());
    let socket = value("NOTIFY_SOCKET")?;
    // Inherited from a parent that is watched itself, it means somebody else.
    let is_ours = value("WATCHDOG_PID").is_none_or(|pid| pid.parse() == Ok(std::process::id()));
    let watchdog = value("WATCHDOG_USEC").filter(|_| is_ours).and_then(|micros| micros.parse().ok());
    let watchdog = watchdog.filter(|micros| *micros > 0).map(Duration::from_micros);
    Some(Supervised { socket: PathBuf::from(socket), watchdog })
}

/// What a variable says that chooses what is read. A blank setting is an unset one; here that would be another
/// environment's data than whoever set it meant.
fn chosen<'a>(name: &'static str, variables: &'a BTreeMap<String, String>) -> Result<Option<&'a str>, Unreadable> {
    match variables.get(name).map(|value| value.trim()) {
        Some("") => Err(Unreadable::Blank { name }),
        said => Ok(said),
    }
}

/// Gathers and settles the configuration of one environment.
///
/// The environment is `--env`, else `ATLAS_ENV`, else development.
///
/// # Errors
/// [`Unreadable`] when the environment's name or the file's syntax is wrong, or nothing is named where something is to be;
/// everything else is a [`Problem`].
pub fn check(flags: &Flags, variables: &BTreeMap<String, String>) -> Result<Checked, Unreadable> {
    let named = match &flags.environment {
        Some(name) => Some(name.as_str()),
        None => chosen("ATLAS_ENV", variables)?,
    };
    let environment = match named {
        Some(name) => name.parse()?,
        None => Environment::development(),
    };
    let (written, mut problems) = written::gather(&environment, flags, variables)?;
    let surroundings = Surroundings::of(&environment, &written);
    let asked = settle::Asked { elsewhere: flags.elsewhere, assumed: named.is_none() };
    let (settings, found) = settle::settle(&environment, &written, &surroundings, asked);
    problems.extend(found);
    problems.sort_by_key(|problem| problem.severity == Severity::Warning);
    let sound = !problems.iter().any(|problem| problem.severity == Severity::Error);
    Ok(Checked { environment, written, surroundings, settings: settings.filter(|_| sound), problems })
}
