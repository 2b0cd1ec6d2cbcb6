//! A user's display name, password and time zone.

use serde::{Deserialize, Serialize};

use crate::domain::accounts::password::PasswordHash;
use crate::domain::{FieldError, Zone, text};

/// A user's name: trimmed, 2 to 80 characters, with single spaces.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DisplayName(String);

impl DisplayName {
    /// Parses user input.
    ///
    /// # Errors
    /// A [`FieldError`] of the field `displayName`.
    pub fn parse(raw: &str) -> Result<Self, FieldError> {
        text::parse_line("displayName", "your name", &text::collapse_blanks(raw), 2, 80).map(Self)
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_pasted_name_loses_surplus_blanks_and_direction_marks() {
        for pasted in ["Ada Lovelace", " Ada  Lovelace\n", "Ada\u{a0}Lovelace", "\u{2068}Ada\u{3000}Lovelace\u{2069}"] {
            assert_eq!(DisplayName::parse(pasted).unwrap().as_str(), "Ada Lovelace", "{pasted:?}");
        }
        assert_eq!(DisplayName::parse("Zoe\u{308}").unwrap(), DisplayName::parse("Zo\u{eb}").unwrap());
    }

    proptest! {
        #[test]
        fn a_name_that_was_accepted_is_read_back_unchanged(text in "\\PC{0,20}[\u{a0}\u{200e}\u{2068} e\u{301}]{0,6}\\PC{0,20}") {
            if let Ok(name) = DisplayName::parse(&text) {
                prop_assert_eq!(DisplayName::parse(name.as_str()), Ok(name));
            }
        }
    }
}
