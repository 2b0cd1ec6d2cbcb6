//! Settings from variables, and from the files that `<VARIABLE>_FILE` names. Blank variables are unset.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::keys::{self, SettingKey};
use super::problem::{Problem, Severity, error};
use super::raw::{Origin, RawEntry};

const PREFIX: &str = "ATLAS_";

/// A variable that differs from one of ours in no more than this many letters is a typo.
const MAX_TYPO_DISTANCE: usize = 2;

/// Reports variables with our prefix that Atlas does not read: a typo is an error, because the setting that it was meant for
/// is missing. Any other name is a warning: it may belong to a different program.
pub(super) fn check_names(variables: &BTreeMap<String, String>, problems: &mut Vec<Problem>) {
    for (name, value) in variables {
        if !name.starts_with(PREFIX) || keys::is_variable(name) || value.trim().is_empty() {
            continue;
        }
        let (nearest, distance) = keys::find_nearest_variable(name);
        let message = format!("Atlas doesn't read the variable {name}; did you mean {nearest}?");
        let severity = if distance <= MAX_TYPO_DISTANCE { Severity::Error } else { Severity::Warning };
        problems.push(Problem { severity, key: "variables", message });
    }
}

/// The value of the first variable of `key` that is set. A problem is reported if another one has a different value.
pub(super) fn read_variables(
    key: &SettingKey,
    variables: &BTreeMap<String, String>,
    problems: &mut Vec<Problem>,
) -> Option<RawEntry> {
    let mut chosen: Option<(&str, RawEntry)> = None;
    for name in key.variables {
        let Some(entry) = read_variable(key, name, variables, problems) else { continue };
        match &chosen {
            None => chosen = Some((name, entry)),
            Some((first, kept)) if !is_same_value(&kept.value, &entry.value) => problems.push(error(
                key.name,
                format!("{first} and {name} disagree; set both to the same value, or only one of them"),
            )),
            Some(_) => {}
        }
    }
    chosen.map(|(_, entry)| entry)
}

/// Two spellings of a URL may differ by a trailing slash.
fn is_same_value(one: &str, other: &str) -> bool {
    one.trim_end_matches('/') == other.trim_end_matches('/')
}

/// The text without what editors add: white space, and a byte order mark, which nobody sees in a secret.
fn plain(text: &str) -> &str {
    text.trim_start_matches('\u{FEFF}').trim()
}

fn read_variable(
    key: &SettingKey,
    name: &'static str,
    variables: &BTreeMap<String, String>,
    problems: &mut Vec<Problem>,
) -> Option<RawEntry> {
    let value_of = |name: &str| variables.get(name).map(|value| value.trim()).filter(|value| !value.is_empty());
    let file = format!("{name}_FILE");
    match (value_of(name), value_of(&file)) {
        (Some(_), Some(_)) => {
            problems.push(error(key.name, format!("{name} and {file} are both set; unset one of them")));
            None
        }
        (Some(value), None) => Some(RawEntry { value: value.to_owned(), origin: Origin::Variable(name) }),
        (None, Some(path)) => match std::fs::read_to_string(path) {
            Ok(text) if plain(&text).is_empty() => {
                let message = format!("{file} names {path}, which is empty; write the value to that file");
                problems.push(error(key.name, message));
                None
            }
            Ok(text) => Some(RawEntry {
                value: plain(&text).to_owned(),
                origin: Origin::VariableFile(name, PathBuf::from(path)),
            }),
            Err(why) => {
                problems.push(error(key.name, format!("{file} names {path}, which cannot be read: {why}")));
                None
            }
        },
        (None, None) => None,
    }
}
