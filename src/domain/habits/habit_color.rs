//! The color of a habit, one of twelve that can be told apart in both themes. `assets/css/habit-colors.css` gives each its shades.

use serde::{Deserialize, Serialize};

use crate::domain::FieldError;

/// A habit's color, in the order in which a form offers them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum HabitColor {
    Red,
    Orange,
    Amber,
    Lime,
    Green,
    Teal,
    Cyan,
    Blue,
    Indigo,
    Violet,
    Pink,
    Brown,
}

impl HabitColor {
    /// Every color.
    pub const ALL: [Self; 12] = [
        Self::Red,
        Self::Orange,
        Self::Amber,
        Self::Lime,
        Self::Green,
        Self::Teal,
        Self::Cyan,
        Self::Blue,
        Self::Indigo,
        Self::Violet,
        Self::Pink,
        Self::Brown,
    ];

    /// Parses a color's name; `None` when it is blank.
    ///
    /// # Errors
    /// A [`FieldError`] of the field `color` when no color has that name.
    pub fn parse(raw: &str) -> Result<Option<Self>, FieldError> {
        let name = raw.trim();
        if name.is_empty() {
            return Ok(None);
        }
        let color = Self::ALL.into_iter().find(|color| color.as_str() == name);
        color.map(Some).ok_or_else(|| FieldError::new("color", "Choose one of the colors in the list, or no color."))
    }

    /// The name in forms, JSON, stored rows and style sheets.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Red => "red",
            Self::Orange => "orange",
            Self::Amber => "amber",
            Self::Lime => "lime",
            Self::Green => "green",
            Self::Teal => "teal",
            Self::Cyan => "cyan",
            Self::Blue => "blue",
            Self::Indigo => "indigo",
            Self::Violet => "violet",
            Self::Pink => "pink",
            Self::Brown => "brown",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_color_is_parsed_and_stored_under_its_name() {
        for color in HabitColor::ALL {
            assert_eq!(HabitColor::parse(color.as_str()).unwrap(), Some(color));
            assert_eq!(serde_json::to_value(color).unwrap(), color.as_str());
        }
        assert_eq!(HabitColor::parse(" ").unwrap(), None);
        for unknown in ["Red", "magenta", "#ff0000", "red;"] {
            assert_eq!(HabitColor::parse(unknown).unwrap_err().field, "color", "{unknown}");
        }
    }
}
