//! What can be wrong with a configuration.
//!
//! | type | when | effect |
//! |---|---|---|
//! | [`Problem`], [`Severity::Error`] | a setting is missing, malformed or contradicts another one | collected and reported together; Atlas does not start |
//! | [`Problem`], [`Severity::Warning`] | a setting works and is probably not what the operator wants | reported; Atlas starts |
//! | [`ConfigError`] | the values cannot be gathered at all: unknown environment, unreadable file | the first one ends the command |

use std::path::PathBuf;

/// A problem with one setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    pub severity: Severity,
    /// The setting's key in atlas.toml.
    pub key: &'static str,
    /// What is wrong, where the value came from, and how to fix it.
    pub message: String,
}

/// Whether a [`Problem`] keeps Atlas from starting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    Error,
    Warning,
}

pub(super) fn error(key: &'static str, message: String) -> Problem {
    Problem { severity: Severity::Error, key, message }
}

/// Why the values could not be gathered.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error(transparent)]
    Environment(#[from] crate::domain::environment::kind::InvalidEnvironment),
    #[error("the value of the variable {name} is not valid Unicode; set it again")]
    NotUnicode { name: String },
    /// A variable that selects the environment or the file is set and blank.
    #[error("the variable {name} is empty; set a value or unset it")]
    BlankSelector { name: &'static str },
    #[error("cannot read {path}: {source}")]
    ReadFile { path: PathBuf, source: std::io::Error },
    #[error("cannot parse {path}: {source}")]
    ParseFile { path: PathBuf, source: toml::de::Error },
}
