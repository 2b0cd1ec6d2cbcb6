//! The configuration for people to read: every setting, where its value came from, and no secret.

use super::Written;
use super::keys::{self, Shape};

/// One setting as it may be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// Its key in atlas.toml.
    pub key: &'static str,
    /// What it is for.
    pub about: &'static str,
    /// Its value, or that there is a secret; `None` when it is not set.
    pub value: Option<String>,
    /// Where the value came from.
    pub origin: Option<String>,
}

/// Every setting.
pub fn report(written: &Written) -> Vec<Shown> {
    let row = |key: &keys::Key| {
        let entry = written.get(key.name);
        let value = entry.map(|entry| match (key.shape, entry.value.as_str()) {
            // SECURITY: a secret only says that it is there.
            (Shape::Secret, _) => "(secret)",
            (Shape::List, "") => "(none)",
            (_, value) => value,
        });
        Shown {
            key: key.name,
            about: key.about,
            value: value.map(str::to_owned),
            origin: entry.map(|entry| entry.origin.to_string()),
        }
    };
    keys::ALL.iter().map(row).collect()
}
