//! The time of day at which a habit is meant to be done. A habit without one is for any time.

use serde::{Deserialize, Serialize};

use crate::domain::FieldError;

/// A part of the day, in the order in which lists show them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TimeOfDay {
    Morning,
    Afternoon,
    Evening,
}

impl TimeOfDay {
    /// Every part of the day.
    pub const ALL: [Self; 3] = [Self::Morning, Self::Afternoon, Self::Evening];

    /// Parses its name in forms and JSON; `None` when it is blank.
    ///
    /// # Errors
    /// A [`FieldError`] of the field `timeOfDay` when no part of the day has that name.
    pub fn parse(raw: &str) -> Result<Option<Self>, FieldError> {
        let name = raw.trim();
        if name.is_empty() {
            return Ok(None);
        }
        let found = Self::ALL.into_iter().find(|part| part.as_str() == name);
        let message = "Choose morning, afternoon, evening, or any time.";
        found.map(Some).ok_or_else(|| FieldError::new("timeOfDay", message))
    }

    /// The name in forms, JSON and stored rows.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Morning => "morning",
            Self::Afternoon => "afternoon",
            Self::Evening => "evening",
        }
    }

    /// The label on pages.
    pub fn label(self) -> &'static str {
        match self {
            Self::Morning => "Morning",
            Self::Afternoon => "Afternoon",
            Self::Evening => "Evening",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_the_day_is_parsed_and_stored_under_its_name() {
        for part in TimeOfDay::ALL {
            assert_eq!(TimeOfDay::parse(part.as_str()).unwrap(), Some(part));
            assert_eq!(serde_json::to_value(part).unwrap(), part.as_str());
        }
        assert_eq!(TimeOfDay::parse(" ").unwrap(), None);
        for unknown in ["Morning", "noon", "any", "08:00"] {
            assert_eq!(TimeOfDay::parse(unknown).unwrap_err().field, "timeOfDay", "{unknown}");
        }
    }
}
