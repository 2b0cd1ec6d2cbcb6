//! Environments: named places Atlas runs. Rules hang on the kind, never on the name.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// What an environment is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Real people and their data.
    Production,
    /// A rehearsal of production with data of its own.
    Staging,
    /// One branch, shown for a while.
    Preview,
    /// Somebody's own machine.
    Development,
}

impl Kind {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Production => "production",
            Self::Staging => "staging",
            Self::Preview => "preview",
            Self::Development => "development",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// The name of an environment: `production`, `staging`, `development` or `preview/<name>`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Environment {
    kind: Kind,
    preview: String,
}

/// The text names no environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotAnEnvironment(String);

impl fmt::Display for NotAnEnvironment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "“{}” is not an environment: use production, staging, development or preview/<name> (lower-case letters, digits and hyphens, up to 40)",
            self.0.escape_debug()
        )
    }
}

impl std::error::Error for NotAnEnvironment {}

impl Environment {
    /// Somebody's own machine.
    pub fn development() -> Self {
        Self { kind: Kind::Development, preview: String::new() }
    }

    /// One branch, shown for a while.
    pub fn preview(name: &super::PreviewName) -> Self {
        Self { kind: Kind::Preview, preview: name.as_str().to_owned() }
    }

    /// The name of a preview without what is before it; `None` for any other kind.
    pub fn preview_name(&self) -> Option<&str> {
        (self.kind == Kind::Preview).then_some(self.preview.as_str())
    }

    /// What it is.
    pub fn kind(&self) -> Kind {
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
            Kind::Preview => write!(f, "preview/{}", self.preview),
            kind => kind.fmt(f),
        }
    }
}

impl FromStr for Environment {
    type Err = NotAnEnvironment;

    fn from_str(text: &str) -> Result<Self, NotAnEnvironment> {
        let named = |kind| Ok(Self { kind, preview: String::new() });
        match text {
            "production" => named(Kind::Production),
            "staging" => named(Kind::Staging),
            "development" => named(Kind::Development),
            _ => match text.strip_prefix("preview/") {
                Some(name) if is_label(name) => Ok(Self { kind: Kind::Preview, preview: name.to_owned() }),
                _ => Err(NotAnEnvironment(text.to_owned())),
            },
        }
    }
}

/// A name that is safe as a folder, a host name and part of a cookie name.
fn is_label(name: &str) -> bool {
    (1..=40).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        && !name.starts_with('-')
        && !name.ends_with('-')
}

impl TryFrom<String> for Environment {
    type Error = NotAnEnvironment;
    fn try_from(text: String) -> Result<Self, NotAnEnvironment> {
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
    fn names_read_back_and_nothing_else_is_one() {
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
