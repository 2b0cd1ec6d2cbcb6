//! Values as text, with their origins.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    Flag(&'static str),
    Variable(&'static str),
    /// The file that `<VARIABLE>_FILE` names.
    VariableFile(&'static str, PathBuf),
    /// A table of the configuration file.
    File(PathBuf, String),
    /// The record of a preview.
    Preview(PathBuf),
    BuiltIn,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(flag) => write!(f, "flag {flag}"),
            Self::Variable(name) => write!(f, "variable {name}"),
            Self::VariableFile(name, path) => write!(f, "variable {name}_FILE ({})", path.display()),
            Self::File(path, table) => write!(f, "{} [{table}]", path.display()),
            Self::Preview(path) => path.display().fmt(f),
            Self::BuiltIn => f.write_str("built-in default"),
        }
    }
}

/// One value; the items of a list are separated by commas.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawEntry {
    pub value: String,
    pub origin: Origin,
}

/// Every value that is set, by key.
#[derive(Debug, Clone, Default)]
pub struct RawConfig {
    pub(super) entries: BTreeMap<&'static str, RawEntry>,
    /// The folder that relative paths start from.
    pub folder: PathBuf,
    /// The configuration file, whether it exists or not.
    pub file: PathBuf,
}

impl RawConfig {
    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&RawEntry> {
        self.entries.get(key)
    }
}
