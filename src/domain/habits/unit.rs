//! The unit of a habit's amounts, in the user's words: pages, km, min.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::domain::{FieldError, text};

/// The longest unit.
pub const MAX_UNIT_CHARS: usize = 20;

/// A unit: one line of 1 to 20 characters. Clones share the text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Unit(Arc<str>);

impl Unit {
    /// Parses user input; `None` when it is blank.
    ///
    /// # Errors
    /// A [`FieldError`] of the field `unit`.
    pub fn parse(raw: &str) -> Result<Option<Self>, FieldError> {
        if raw.trim().is_empty() {
            return Ok(None);
        }
        text::parse_line("unit", "a unit", raw, 1, MAX_UNIT_CHARS).map(|text| Some(Self(text.into())))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether amounts of this unit are minutes, so that they can be timed and typed as `1h 30m`.
    pub fn is_minutes(&self) -> bool {
        matches!(self.0.to_lowercase().as_str(), "min" | "mins" | "minute" | "minutes")
    }
}

impl TryFrom<String> for Unit {
    type Error = FieldError;
    fn try_from(text: String) -> Result<Self, FieldError> {
        Self::parse(&text)?.ok_or_else(|| FieldError::new("unit", "empty unit"))
    }
}

impl From<Unit> for String {
    fn from(unit: Unit) -> Self {
        unit.0.as_ref().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_is_a_short_line_and_may_be_an_emoji() {
        assert_eq!(Unit::parse("  ").unwrap(), None);
        assert_eq!(Unit::parse(" 💧 ").unwrap().unwrap().as_str(), "💧");
        assert!(Unit::parse("Minutes").unwrap().unwrap().is_minutes());
        assert!(Unit::parse(&"x".repeat(21)).is_err());
        assert!(Unit::parse("a\nb").is_err());
    }
}
