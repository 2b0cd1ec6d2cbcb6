//! Environments: the named installations of Atlas. Rules depend on the kind of an environment, never on its name.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The kind of an environment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EnvironmentKind {
    /// Real users and their data.
    Production,
    /// A rehearsal of production, with separate data.
    Staging,
    /// One branch, for a limited time.
    Preview,
    /// A developer's machine.
    Development,
}

impl EnvironmentKind {
    /// The name in configuration, storage and output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Production => "production",
            Self::Staging => "staging",
            Self::Preview => "preview",
            Self::Development => "development",
        }
    }
}

impl fmt::Display for EnvironmentKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The name of an environment: `production`, `staging`, `development` or `preview/<name>`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Environment {
    kind: EnvironmentKind,
    preview: String,
}

/// The text is not the name of an environment.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "“{}” is not an environment: use production, staging, development or preview/<name> (lowercase letters, digits and hyphens, up to 40)",
    .0.escape_debug()
)]
pub struct InvalidEnvironment(String);

impl Environment {
    /// The environment of a developer's machine.
    pub fn development() -> Self {
        Self { kind: EnvironmentKind::Development, preview: String::new() }
    }

    /// The environment of a preview. `name` is a valid [`PreviewName`](super::preview::PreviewName).
    pub(super) fn preview(name: &str) -> Self {
        Self { kind: EnvironmentKind::Preview, preview: name.to_owned() }
    }

    /// A preview's name without the prefix `preview/`; `None` for other kinds.
    pub fn preview_name(&self) -> Option<&str> {
        (self.kind == EnvironmentKind::Preview).then_some(self.preview.as_str())
    }

    pub fn kind(&self) -> EnvironmentKind {
        self.kind
    }

    /// The name without a slash, for cookies, headers and labels: `preview-<name>` for a preview.
    pub fn label(&self) -> String {
        self.to_string().replace('/', "-")
    }
}

impl fmt::Display for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            EnvironmentKind::Preview => write!(f, "preview/{}", self.preview),
            kind => kind.fmt(f),
        }
    }
}

impl FromStr for Environment {
    type Err = InvalidEnvironment;

    fn from_str(text: &str) -> Result<Self, InvalidEnvironment> {
        let with_kind = |kind| Ok(Self { kind, preview: String::new() });
        match text {
            "production" => with_kind(EnvironmentKind::Production),
            "staging" => with_kind(EnvironmentKind::Staging),
            "development" => with_kind(EnvironmentKind::Development),
            _ => match text.strip_prefix("preview/") {
                Some(name) if is_label(name) => Ok(Self { kind: EnvironmentKind::Preview, preview: name.to_owned() }),
                _ => Err(InvalidEnvironment(text.to_owned())),
            },
        }
    }
}

/// Whether a name is safe as a folder, in a host name and in a cookie name.
fn is_label(name: &str) -> bool {
    (1..=40).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        && !name.starts_with('-')
        && !name.ends_with('-')
}

impl TryFrom<String> for Environment {
    type Error = InvalidEnvironment;
    fn try_from(text: String) -> Result<Self, InvalidEnvironment> {
        text.parse()
    }
}

impl From<Environment> for String {
    fn from(environment: Environment) -> Self {
        environment.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_valid_names_parse() {
        for name in ["production", "staging", "development", "preview/fix-42"] {
            assert_eq!(name.parse::<Environment>().unwrap().to_string(), name);
        }
        for bad in [
            "",
            "Production",
            "prod",
            "preview",
            "preview/",
            "preview/../production",
            "preview/a b",
            "preview/-a",
            "staging/x",
        ] {
            assert!(bad.parse::<Environment>().is_err(), "{bad:?}");
        }
    }
}
