//! A user's display name, password and time zone.

use serde::{Deserialize, Serialize};

use crate::domain::accounts::password::PasswordHash;
use crate::domain::{FieldError, Zone, text};

/// A user's name: trimmed, 2 to 80 characters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DisplayName(String);

impl DisplayName {
    /// Parses user input.
    ///
    /// # Errors
    /// A [`FieldError`] of the field `displayName`.
    pub fn parse(raw: &str) -> Result<Self, FieldError> {
        text::parse_line("displayName", "your name", raw, 2, 80).map(Self)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for DisplayName {
    type Error = FieldError;
    fn try_from(text: String) -> Result<Self, FieldError> {
        Self::parse(&text)
    }
}

impl From<DisplayName> for String {
    fn from(name: DisplayName) -> Self {
        name.0
    }
}

/// What a sign-up sets besides the address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credentials {
    pub name: DisplayName,
    pub password: PasswordHash,
    pub zone: Zone,
}
