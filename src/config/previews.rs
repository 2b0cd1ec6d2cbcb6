//! Where previews are kept, and what of a preview's record is configuration: its port, its address, its gate.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use super::written::{Entry, Origin, Written, error};
use super::{Flags, Problem, Severity, Unreadable, keys};
use crate::domain::{Environment, Preview};

/// Settings that a preview takes from variables. Any other variable was set for somebody else: the process that starts a
/// preview may well be told what staging needs.
const READS: [&str; 2] = [keys::LOG, keys::TEST_ENDPOINTS];

/// The folder of all previews, beside the configuration file.
///
/// # Errors
/// [`Unreadable::Blank`] when that file is named by a blank variable.
pub fn home_of_all(flags: &Flags, variables: &BTreeMap<String, String>) -> Result<PathBuf, Unreadable> {
    let (path, _) = super::written::file_of(flags, variables)?;
    Ok(folder_of_all(&super::written::folder_of(&path)))
}

pub(super) fn folder_of_all(folder: &Path) -> PathBuf {
    let home = folder.join("data/preview");
    home.strip_prefix(".").map(Path::to_owned).unwrap_or(home)
}

/// Where the record of a preview is, in the folder of all previews.
pub fn record_in(all: &Path, name: &str) -> PathBuf {
    all.join(name).join("preview.json")
}

/// The record of a preview; `None` when it was not made.
///
/// # Errors
/// What keeps it from being read or understood.
pub fn read(all: &Path, name: &str) -> Result<Option<Preview>, String> {
    let text = match std::fs::read(record_in(all, name)) {
        Ok(text) => text,
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Ok(None);
        }
        Err(error) => return Err(error.to_string()),
    };
    let record: Preview = serde_json::from_slice(&text).map_err(|error| error.to_string())?;
    if record.name.as_str() == name { Ok(Some(record)) } else { Err(format!("it is that of “{}”", record.name)) }
}

/// Fits the template to one preview.
pub(super) fn fit(environment: &Environment, written: &mut Written, problems: &mut Vec<Problem>) {
    let Some(name) = environment.preview_name() else { return };
    if let Some(entry) = written.entries.get_mut(keys::APP_URL) {
        if !entry.value.contains("{name}") {
            let origin = &entry.origin;
            problems.push(error(
                keys::APP_URL,
                format!("app_url is {} for every preview (from {origin}), and each needs an address of its own: write {{name}} where its name belongs, as in https://{{name}}.preview.example.com", entry.value),
            ));
        }
        entry.value = entry.value.replace("{name}", name);
    }
    // Each has a gate of its own.
    written.entries.remove(keys::GATE_USER);
    let all = folder_of_all(&written.folder);
    let record = match read(&all, name) {
        Ok(Some(record)) => record,
        Ok(None) => return,
        Err(why) => {
            let path = record_in(&all, name);
            problems.push(error("preview.json", format!("{} cannot be read: {why}", path.display())));
            return;
        }
    };
    let origin = Origin::Preview(record_in(&all, name));
    let template = written.get(keys::LISTEN).and_then(|entry| entry.value.parse::<SocketAddr>().ok());
    let listen = SocketAddr::new(template.map_or([127, 0, 0, 1].into(), |listen| listen.ip()), record.port);
    let own = [
        (keys::LISTEN, listen.to_string()),
        (keys::GATE_USER, record.gate_user),
        (keys::GATE_PASSWORD, record.gate_password),
    ];
    for (key, value) in own {
        written.entries.insert(key, Entry { value, origin: origin.clone() });
    }
}

/// The variables that count for an environment. A preview is told which ones do not.
pub(super) fn visible(
    environment: &Environment,
    variables: &BTreeMap<String, String>,
    problems: &mut Vec<Problem>,
) -> BTreeMap<String, String> {
    if environment.preview_name().is_none() {
        return variables.clone();
    }
    let reads = |variable: &str| {
        let bare = variable.strip_suffix("_FILE").unwrap_or(variable);
        keys::ALL.iter().find(|key| key.variables.contains(&bare)).map(|key| READS.contains(&key.name))
    };
    let set = |value: &str| !value.trim().is_empty();
    let unseen: Vec<&str> = variables
        .iter()
        .filter(|(name, value)| set(value) && reads(name) == Some(false))
        .map(|(name, _)| name.as_str())
        .collect();
    if !unseen.is_empty() {
        let message = format!("{} is a preview and does not look at {}", environment, unseen.join(", "));
        problems.push(Problem { severity: Severity::Warning, key: "preview.json", message });
    }
    variables
        .iter()
        .filter(|(name, _)| reads(name) == Some(true))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}
