//! Where the configuration file is.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::flags::Flags;
use super::problem::ConfigError;

/// The configuration file, and whether it must exist because a flag or a variable names it.
pub(super) fn config_file(flags: &Flags, variables: &BTreeMap<String, String>) -> Result<(PathBuf, bool), ConfigError> {
    let path = match &flags.config {
        Some(path) => Some(path.clone()),
        None => selector("ATLAS_CONFIG", variables)?.map(PathBuf::from),
    };
    let is_required = path.is_some();
    Ok((path.unwrap_or_else(|| PathBuf::from("atlas.toml")), is_required))
}

pub(super) fn parent_folder(path: &Path) -> PathBuf {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new(".")).to_owned()
}

/// The value of a variable that selects what is read. A blank setting is unset, but a blank selector is an error: with the
/// default in its place, Atlas would open the data of another environment.
pub(super) fn selector<'a>(
    name: &'static str,
    variables: &'a BTreeMap<String, String>,
) -> Result<Option<&'a str>, ConfigError> {
    match variables.get(name).map(|value| value.trim()) {
        Some("") => Err(ConfigError::BlankSelector { name }),
        value => Ok(value),
    }
}
