//! The configuration file: TOML with the tables `[defaults]` and `[environment.<name>]`.

use std::collections::BTreeMap;
use std::path::Path;

use super::keys::{self, SettingKey, SettingShape};
use super::problem::{ConfigError, Problem, error};
use super::raw::{Origin, RawEntry};

const ENVIRONMENTS: [&str; 4] = ["production", "staging", "development", "preview"];

/// Reads the file; `None` if it is missing and not required.
pub(super) fn read_file(path: &Path, is_required: bool) -> Result<Option<toml::Table>, ConfigError> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && !is_required => return Ok(None),
        Err(source) => return Err(ConfigError::ReadFile { path: path.to_owned(), source }),
    };
    text.parse().map(Some).map_err(|source| ConfigError::ParseFile { path: path.to_owned(), source })
}

/// The table with a dotted name.
pub(super) fn table<'a>(file: &'a toml::Table, dotted: &str) -> Option<&'a toml::Table> {
    dotted.split('.').try_fold(file, |table, part| table.get(part)?.as_table())
}

/// Reports everything in the file that is not a table of `defaults` or of a known environment.
pub(super) fn check_tables(file: &toml::Table, path: &Path, problems: &mut Vec<Problem>) {
    for (name, value) in file {
        let is_valid = value.as_table().map(|inner| name != "environment" || inner.values().all(toml::Value::is_table));
        if is_valid != Some(true) {
            let message =
                format!("{}: “{name}” must be written as tables, such as [environment.staging]", path.display());
            problems.push(error("atlas.toml", message));
        }
    }
    let mut report_unknown = |what: &str, name: &str, choices: &[&'static str]| {
        // An abbreviation means the name that begins with it, even when another one is closer by edit distance.
        let distance = |choice: &&&str| (!choice.starts_with(name), strsim::damerau_levenshtein(choice, name));
        let nearest = choices.iter().min_by_key(distance).unwrap_or(&"");
        let message = format!("{}: unknown {what} “{name}”; did you mean “{nearest}”?", path.display());
        problems.push(error("atlas.toml", message));
    };
    for name in file.keys() {
        if !matches!(name.as_str(), "defaults" | "environment") {
            report_unknown("table", name, &["defaults", "environment"]);
        }
    }
    for name in table(file, "environment").into_iter().flat_map(|table| table.keys()) {
        if !ENVIRONMENTS.contains(&name.as_str()) {
            report_unknown("environment", name, &ENVIRONMENTS);
        }
    }
}

/// Adds the values of a table, and of the tables inside it, to `entries`.
pub(super) fn read_table(
    values: &toml::Table,
    prefix: &str,
    origin: &Origin,
    entries: &mut BTreeMap<&'static str, RawEntry>,
    problems: &mut Vec<Problem>,
) {
    for (name, value) in values {
        let dotted = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
        let Some(key) = keys::find(&dotted) else {
            match value.as_table() {
                Some(inner) if keys::ALL.iter().any(|key| key.name.starts_with(&format!("{dotted}."))) => {
                    read_table(inner, &dotted, origin, entries, problems);
                }
                _ => problems.push(error(
                    "atlas.toml",
                    format!("{origin}: unknown setting “{dotted}”; did you mean “{}”?", keys::find_nearest(&dotted)),
                )),
            }
            continue;
        };
        match value_text(key, value) {
            Ok(value) => {
                entries.insert(key.name, RawEntry { value, origin: origin.clone() });
            }
            Err(invalid) => problems.push(error(key.name, format!("{origin}: {dotted} {invalid}"))),
        }
    }
}

/// A value does not have the shape of its key. The text follows the key in a message.
#[derive(Debug, thiserror::Error)]
enum InvalidValue {
    #[error(
        "is a secret and must not be in this file; set the variable {variable}, or {variable}_FILE to the path of a file that contains it"
    )]
    Secret { variable: &'static str },
    #[error("is empty; set a value or remove the line")]
    Empty,
    #[error("must be a string")]
    NotAString,
    #[error("must be true or false")]
    NotAFlag,
    #[error("must be an array of strings")]
    NotAList,
}

fn value_text(key: &SettingKey, value: &toml::Value) -> Result<String, InvalidValue> {
    match (key.shape, value) {
        (SettingShape::Secret, _) => {
            Err(InvalidValue::Secret { variable: key.variables.first().copied().unwrap_or_default() })
        }
        (SettingShape::Text, toml::Value::String(text)) if text.trim().is_empty() => Err(InvalidValue::Empty),
        (SettingShape::Text, toml::Value::String(text)) => Ok(text.clone()),
        (SettingShape::Flag, toml::Value::Boolean(flag)) => Ok(flag.to_string()),
        (SettingShape::List, toml::Value::Array(items)) => {
            let items: Option<Vec<_>> = items.iter().map(toml::Value::as_str).collect();
            items.map(|items| items.join(",")).ok_or(InvalidValue::NotAList)
        }
        (SettingShape::Text, _) => Err(InvalidValue::NotAString),
        (SettingShape::Flag, _) => Err(InvalidValue::NotAFlag),
        (SettingShape::List, _) => Err(InvalidValue::NotAList),
    }
}
