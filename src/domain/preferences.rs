//! How a person likes Atlas: kept with the account, so it is the same on every device.

use serde::{Deserialize, Serialize};

use super::Fault;

/// Fields that are chosen from a short list, each with the word it is sent and stored under.
macro_rules! choice {
    ($(#[$doc:meta])* $name:ident, $field:literal { $($(#[$case_doc:meta])* $case:ident = $word:literal, $label:literal;)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
        pub enum $name {
            $($(#[$case_doc])* #[serde(rename = $word)] $case,)*
        }

        impl $name {
            /// Every choice.
            pub const ALL: &[Self] = &[$(Self::$case,)*];

            /// The word it is sent under.
            pub fn word(self) -> &'static str {
                match self { $(Self::$case => $word,)* }
            }

            /// What people read.
            pub fn label(self) -> &'static str {
                match self { $(Self::$case => $label,)* }
            }

            /// The choice of that word.
            ///
            /// # Errors
            /// A [`Fault`] of its field.
            pub fn parse(word: &str) -> Result<Self, Fault> {
                let found = Self::ALL.iter().find(|choice| choice.word() == word);
                found.copied().ok_or_else(|| Fault::new($field, "Choose one of the options."))
            }
        }
    };
}

choice!(
    /// The day a week begins with.
    WeekStart, "weekStart" {
        /// Monday.
        #[default]
        Monday = "mon", "Monday";
        /// Sunday.
        Sunday = "sun", "Sunday";
    }
);

choice!(
    /// How far back a person may tick.
    Backfill, "backfill" {
        /// Today, and yesterday until two in the morning.
        #[default]
        Grace = "grace", "Today, and yesterday until 02:00";
        /// Today and the seven days before.
        Week = "week", "The last seven days";
        /// Any day since the habit began.
        Always = "always", "Any day since the habit began";
    }
);

choice!(
    /// Light or dark.
    Theme, "theme" {
        /// As the device has it.
        #[default]
        System = "system", "As on this device";
        /// Light.
        Light = "light", "Light";
        /// Dark.
        Dark = "dark", "Dark";
    }
);

choice!(
    /// The colour of a day that is done.
    Accent, "accent" {
        /// Gold.
        #[default]
        Gold = "gold", "Gold";
        /// Green.
        Green = "green", "Green";
        /// Blue.
        Blue = "blue", "Blue";
        /// Pink.
        Pink = "pink", "Pink";
        /// Red.
        Red = "red", "Red";
    }
);

/// What a person chose; everybody begins with the defaults.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Preferences {
    /// The day a week begins with.
    pub week_start: WeekStart,
    /// Whether what is done sinks below what is open.
    pub done_sinks: bool,
    /// How far back ticking goes.
    pub backfill: Backfill,
    /// Light or dark.
    pub theme: Theme,
    /// The colour of a day that is done.
    pub accent: Accent,
    /// Whether single keys do things. Whoever dictates, or presses keys by mistake, wants them off (WCAG 2.1.4).
    pub shortcuts: bool,
}

impl Default for Preferences {
    fn default() -> Self {
        Self {
            week_start: WeekStart::default(),
            done_sinks: true,
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
    fn an_account_from_before_a_preference_has_its_default() {
        let old: Preferences = serde_json::from_str(r#"{"week_start":"sun"}"#).unwrap();
        assert_eq!(old, Preferences { week_start: WeekStart::Sunday, ..Preferences::default() });
    }

    #[test]
    fn every_word_reads_back_and_no_other_is_one() {
        for choice in Backfill::ALL {
            assert_eq!(Backfill::parse(choice.word()), Ok(*choice));
        }
        assert!(Theme::parse("DARK").is_err() && Accent::parse("").is_err());
    }
}
