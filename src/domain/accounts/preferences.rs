//! The preferences of a user. They are stored with the account, so they are the same on every device.

use serde::{Deserialize, Serialize};

use crate::domain::FieldError;
use crate::domain::recorded::known_or_default;

/// Declares an enum for a field with a few options: each has a name, which is stored and sent, and a label.
macro_rules! options {
    ($(#[$doc:meta])* $name:ident, $field:literal { $($(#[$case_doc:meta])* $case:ident = $value:literal, $label:literal;)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
        pub enum $name {
            $($(#[$case_doc])* #[serde(rename = $value)] $case,)*
        }

        impl $name {
            pub const ALL: &[Self] = &[$(Self::$case,)*];

            /// The name that is stored, and that forms and JSON use.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$case => $value,)* }
            }

            /// The label on pages.
            pub fn label(self) -> &'static str {
                match self { $(Self::$case => $label,)* }
            }

            /// Parses a name.
            ///
            /// # Errors
            /// A [`FieldError`] of the field.
            pub fn parse(name: &str) -> Result<Self, FieldError> {
                let found = Self::ALL.iter().find(|option| option.as_str() == name);
                found.copied().ok_or_else(|| FieldError::new($field, "Choose one of the options."))
            }
        }
    };
}

options!(
    /// The first day of the week.
    WeekStart, "weekStart" {
        #[default]
        Monday = "mon", "Monday";
        Sunday = "sun", "Sunday";
    }
);

options!(
    /// Which past days a user may change. A new account gets its environment's `habits.backfill`; the default here is for
    /// accounts from before the choice existed.
    Backfill, "backfill" {
        /// Today, and yesterday until 02:00.
        #[default]
        Grace = "grace", "Today, and yesterday until 02:00";
        /// Today and the seven days before.
        Week = "week", "The last seven days";
        Always = "always", "Any day since the habit started";
    }
);

options!(
    /// The color scheme of pages.
    Theme, "theme" {
        /// The setting of the device.
        #[default]
        System = "system", "Match device";
        Light = "light", "Light";
        Dark = "dark", "Dark";
    }
);

options!(
    /// The color of completed days.
    Accent, "accent" {
        #[default]
        Gold = "gold", "Gold";
        Green = "green", "Green";
        Blue = "blue", "Blue";
        Pink = "pink", "Pink";
        Red = "red", "Red";
    }
);

options!(
    /// What divides the lists of today and yesterday into sections.
    DayGrouping, "groupDayBy" {
        #[default]
        Nothing = "nothing", "Nothing";
        Group = "group", "Group";
        TimeOfDay = "time", "Time of day";
    }
);

impl DayGrouping {
    /// Whether lists are not divided.
    pub fn is_nothing(&self) -> bool {
        *self == Self::Nothing
    }
}

/// The preferences of a user. A preference that an older version did not store, or that only a newer one knows, has its default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Preferences {
    #[serde(deserialize_with = "known_or_default")]
    pub week_start: WeekStart,
    /// Whether the list of a day shows completed habits last.
    #[serde(rename = "done_sinks")]
    pub completed_last: bool,
    #[serde(skip_serializing_if = "DayGrouping::is_nothing", deserialize_with = "known_or_default")]
    pub grouping: DayGrouping,
    #[serde(deserialize_with = "known_or_default")]
    pub backfill: Backfill,
    #[serde(deserialize_with = "known_or_default")]
    pub theme: Theme,
    #[serde(deserialize_with = "known_or_default")]
    pub accent: Accent,
    /// Whether keyboard shortcuts of a single key work. People who use voice input, or press keys by accident, need to
    /// turn them off (WCAG 2.1.4).
    pub shortcuts: bool,
}

impl Default for Preferences {
    fn default() -> Self {
        Self {
            week_start: WeekStart::default(),
            completed_last: true,
            grouping: DayGrouping::default(),
            backfill: Backfill::default(),
            theme: Theme::default(),
            accent: Accent::default(),
            shortcuts: true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_preference_that_was_not_stored_has_its_default() {
        let old: Preferences = serde_json::from_str(r#"{"week_start":"sun","done_sinks":false}"#).unwrap();
        assert_eq!(old, Preferences { week_start: WeekStart::Sunday, completed_last: false, ..Preferences::default() });
    }

    #[test]
    fn only_the_names_of_options_are_parsed() {
        for option in Backfill::ALL {
            assert_eq!(Backfill::parse(option.as_str()), Ok(*option));
        }
        for option in DayGrouping::ALL {
            let stored = serde_json::to_value(Preferences { grouping: *option, ..Preferences::default() }).unwrap();
            assert_eq!(stored.get("grouping").is_some(), *option != DayGrouping::Nothing);
            assert_eq!(serde_json::from_value::<Preferences>(stored).unwrap().grouping, *option);
        }
        assert!(Theme::parse("DARK").is_err() && Accent::parse("").is_err());
    }
}
