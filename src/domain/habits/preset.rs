//! Ideas to start from: habits that pages offer, each created with one tap. There are two for each part of life.

use crate::domain::habits::habit::HabitPlan;
use crate::domain::{Emoji, FieldError, HabitColor, Title, Weekdays};

/// The part of life that a preset belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PresetGroup {
    Health,
    Mind,
    Home,
    Learning,
}

impl PresetGroup {
    pub const ALL: [Self; 4] = [Self::Health, Self::Mind, Self::Home, Self::Learning];

    /// The heading of the group.
    pub fn name(self) -> &'static str {
        match self {
            Self::Health => "Health",
            Self::Mind => "Mind",
            Self::Home => "Home",
            Self::Learning => "Learning",
        }
    }

    /// The presets of this group.
    pub fn presets(self) -> impl Iterator<Item = &'static Preset> {
        Preset::ALL.iter().filter(move |preset| preset.group == self)
    }
}

/// A habit that a person can start with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Preset {
    /// Names the preset in a form.
    pub key: &'static str,
    pub group: PresetGroup,
    pub title: &'static str,
    /// ISO numbers of the days of the week.
    weekdays: &'static [i64],
    pub color: HabitColor,
    pub emoji: &'static str,
}

const EVERY_DAY: &[i64] = &[1, 2, 3, 4, 5, 6, 7];
const WEEKDAYS: &[i64] = &[1, 2, 3, 4, 5];

impl Preset {
    /// The order of a page.
    pub const ALL: &[Self] = &[
        Self::new("water", PresetGroup::Health, "Drink a glass of water", EVERY_DAY, HabitColor::Blue, "💧"),
        Self::new("exercise", PresetGroup::Health, "Exercise for 20 minutes", &[1, 3, 5], HabitColor::Red, "💪"),
        Self::new("breathe", PresetGroup::Mind, "Breathe deeply for 5 minutes", EVERY_DAY, HabitColor::Violet, "🧘"),
        Self::new("journal", PresetGroup::Mind, "Write three lines in a journal", EVERY_DAY, HabitColor::Indigo, "📓"),
        Self::new("tidy", PresetGroup::Home, "Tidy for 10 minutes", WEEKDAYS, HabitColor::Teal, "🧹"),
        Self::new("plants", PresetGroup::Home, "Take care of the plants", &[3, 6], HabitColor::Green, "🪴"),
        Self::new("read", PresetGroup::Learning, "Read a few pages", EVERY_DAY, HabitColor::Amber, "📖"),
        Self::new("language", PresetGroup::Learning, "Practice a language", WEEKDAYS, HabitColor::Cyan, "💬"),
    ];

    const fn new(
        key: &'static str,
        group: PresetGroup,
        title: &'static str,
        weekdays: &'static [i64],
        color: HabitColor,
        emoji: &'static str,
    ) -> Self {
        Self { key, group, title, weekdays, color, emoji }
    }

    /// The preset with that key.
    pub fn find(key: &str) -> Option<&'static Self> {
        Self::ALL.iter().find(|preset| preset.key == key)
    }

    /// The days of the week for which the habit will be scheduled.
    ///
    /// # Errors
    /// None: a test parses every preset.
    pub fn weekdays(&self) -> Result<Weekdays, FieldError> {
        Weekdays::parse(self.weekdays.iter().copied())
    }

    /// The habit to create.
    ///
    /// # Errors
    /// None: a test parses every preset.
    pub fn plan(&self) -> Result<HabitPlan, FieldError> {
        Ok(HabitPlan {
            color: Some(self.color),
            emoji: Emoji::parse(self.emoji)?,
            ..HabitPlan::new(Title::parse(self.title)?, self.weekdays()?)
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_preset_is_a_valid_habit() {
        for preset in Preset::ALL {
            let plan = preset.plan().unwrap();
            assert_eq!(plan.title.as_str(), preset.title);
            assert_eq!(plan.emoji.unwrap().as_str(), preset.emoji);
        }
    }

    #[test]
    fn each_of_the_four_groups_has_two_presets_and_every_preset_has_a_look_of_its_own() {
        for group in PresetGroup::ALL {
            assert_eq!(group.presets().count(), 2, "{group:?}");
        }
        let looks = |look: fn(&Preset) -> &'static str| Preset::ALL.iter().map(look).collect::<BTreeSet<_>>().len();
        assert_eq!(looks(|preset| preset.key), Preset::ALL.len());
        assert_eq!(looks(|preset| preset.title), Preset::ALL.len());
        assert_eq!(looks(|preset| preset.color.as_str()), Preset::ALL.len());
        assert_eq!(looks(|preset| preset.emoji), Preset::ALL.len());
        assert!(Preset::ALL.iter().all(|preset| Preset::find(preset.key) == Some(preset)));
        assert_eq!(Preset::find("unknown"), None);
    }

    /// Scripts written for the predecessor find buttons by parts of their names.
    #[test]
    fn the_title_of_no_preset_contains_the_name_of_another_button() {
        let names = ["mon", "tue", "wed", "thu", "fri", "sat", "sun", "edit", "up", "down", "delete", "habit"];
        for preset in Preset::ALL {
            let title = preset.title.to_lowercase();
            assert!(names.iter().all(|name| !title.contains(name)), "{title}");
        }
    }
}
