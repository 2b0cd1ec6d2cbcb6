//! Where previews are, and the settings that the record of a preview overrides: its port, URL and basic authentication.

use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use super::flags::Flags;
use super::keys;
use super::locate::{config_file, parent_folder};
use super::problem::{ConfigError, Problem, Severity, error};
use super::raw::{Origin, RawConfig, RawEntry};
use crate::domain::environment::preview::PreviewName;
use crate::domain::{Environment, Preview};

/// The only settings that a preview takes from variables. All others were set for another environment: the process that
/// starts a preview may well have the variables of staging.
const PREVIEW_SETTINGS: [&str; 2] = [keys::LOG, keys::TEST_ENDPOINTS];

/// Why the record of a preview cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PreviewRecordError {
    #[error(transparent)]
    Read(#[from] io::Error),
    #[error(transparent)]
    Parse(#[from] serde_json::Error),
    #[error("it is the record of preview “{0}”")]
    OtherPreview(PreviewName),
}

/// The folder of all previews, beside the configuration file.
///
/// # Errors
/// [`ConfigError::BlankSelector`] when a blank variable names that file.
pub fn find_previews_folder(flags: &Flags, variables: &BTreeMap<String, String>) -> Result<PathBuf, ConfigError> {
    let (path, _) = config_file(flags, variables)?;
    Ok(previews_folder(&parent_folder(&path)))
}

pub(super) fn previews_folder(config_folder: &Path) -> PathBuf {
    let folder = config_folder.join("data/preview");
    folder.strip_prefix(".").map(Path::to_owned).unwrap_or(folder)
}

/// The path of a preview's record inside the folder of all previews.
pub fn record_path(previews: &Path, name: &str) -> PathBuf {
    previews.join(name).join("preview.json")
}

/// Reads the record of a preview; `None` when it does not exist.
///
/// # Errors
/// [`PreviewRecordError`].
pub fn read_record(previews: &Path, name: &str) -> Result<Option<Preview>, PreviewRecordError> {
    let json = match std::fs::read(record_path(previews, name)) {
        Ok(json) => json,
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Ok(None);
        }
        Err(error) => return Err(error.into()),
    };
    let record: Preview = serde_json::from_slice(&json)?;
    if record.name.as_str() == name { Ok(Some(record)) } else { Err(PreviewRecordError::OtherPreview(record.name)) }
}

/// Adapts the settings of all previews to this one. For other kinds of environments it does nothing.
pub(super) fn apply_preview(environment: &Environment, raw: &mut RawConfig, problems: &mut Vec<Problem>) {
    let Some(name) = environment.preview_name() else { return };
    if let Some(entry) = raw.entries.get_mut(keys::APP_URL) {
        if !entry.value.contains("{name}") {
            let origin = &entry.origin;
            problems.push(error(
                keys::APP_URL,
                format!("app_url is {} for every preview (from {origin}), but each one needs a different URL; put {{name}} where the preview's name belongs, such as https://{{name}}.preview.example.com", entry.value),
            ));
        }
        entry.value = entry.value.replace("{name}", name);
    }
    // Each preview has different credentials.
    raw.entries.remove(keys::GATE_USER);
    let previews = previews_folder(&raw.folder);
    let path = record_path(&previews, name);
    let record = match read_record(&previews, name) {
        Ok(Some(record)) => record,
        Ok(None) => return,
        Err(why) => {
            problems.push(error("preview.json", format!("cannot read {}: {why}", path.display())));
            return;
        }
    };
    let origin = Origin::Preview(path);
    let listen = raw.get(keys::LISTEN).and_then(|entry| entry.value.parse::<SocketAddr>().ok());
    let listen = SocketAddr::new(listen.map_or(Ipv4Addr::LOCALHOST.into(), |listen| listen.ip()), record.port);
    let values = [
        (keys::LISTEN, listen.to_string()),
        (keys::GATE_USER, record.basic_auth_user),
        (keys::GATE_PASSWORD, record.basic_auth_password),
    ];
    for (key, value) in values {
        raw.entries.insert(key, RawEntry { value, origin: origin.clone() });
    }
}

/// The variables that apply to an environment. For a preview, a warning lists the variables that it ignores.
pub(super) fn visible_variables(
    environment: &Environment,
    variables: &BTreeMap<String, String>,
    problems: &mut Vec<Problem>,
) -> BTreeMap<String, String> {
    if environment.preview_name().is_none() {
        return variables.clone();
    }
    // `None` for a variable that is no setting.
    let is_visible = |variable: &str| {
        let bare = variable.strip_suffix("_FILE").unwrap_or(variable);
        let key = keys::ALL.iter().find(|key| key.variables.contains(&bare));
        key.map(|key| PREVIEW_SETTINGS.contains(&key.name))
    };
    let ignored: Vec<&str> = variables
        .iter()
        .filter(|(name, value)| !value.trim().is_empty() && is_visible(name) == Some(false))
        .map(|(name, _)| name.as_str())
        .collect();
    if !ignored.is_empty() {
        let message = format!("{environment} is a preview and ignores {}", ignored.join(", "));
        problems.push(Problem { severity: Severity::Warning, key: "preview.json", message });
    }
    variables
        .iter()
        .filter(|(name, _)| is_visible(name) == Some(true))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}
