//! The configuration as it may be shown: every setting with its origin, and no secret.

use super::keys::{self, SettingKey, SettingShape};
use super::raw::RawConfig;

/// One setting as it may be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingReport {
    /// The key in atlas.toml.
    pub key: &'static str,
    /// What it is for.
    pub about: &'static str,
    /// The value, or a placeholder for a secret; `None` when it is not set.
    pub value: Option<String>,
    pub origin: Option<String>,
}

/// Every setting, in the order of [`keys::ALL`].
pub fn report_settings(raw: &RawConfig) -> Vec<SettingReport> {
    let row = |key: &SettingKey| {
        let entry = raw.get(key.name);
        let value = entry.map(|entry| match (key.shape, entry.value.as_str()) {
            // SECURITY: the value of a secret is never shown.
            (SettingShape::Secret, _) => "(secret)",
            (SettingShape::List, "") => "(none)",
            (_, value) => value,
        });
        SettingReport {
            key: key.name,
            about: key.about,
            value: value.map(str::to_owned),
            origin: entry.map(|entry| entry.origin.to_string()),
        }
    };
    keys::ALL.iter().map(row).collect()
}
