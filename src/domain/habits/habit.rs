//! A habit: a title, a schedule and reminder times.

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::habits::amount::Amount;
use crate::domain::habits::goal::Goal;
use crate::domain::habits::recent_changes::RecentChanges;
use crate::domain::habits::rule::Rule;
use crate::domain::habits::unit::Unit;
use crate::domain::recorded::known_or_default;
use crate::domain::{
    Day, Emoji, FieldError, Frequency, GroupName, HabitColor, HabitId, Pauses, Schedule, Tags, TimeOfDay, Weekdays,
    text,
};

/// The most active habits of one user.
pub const MAX_ACTIVE_HABITS: usize = 200;

/// The most habits of one user, including archived ones.
pub const MAX_HABITS: usize = 2_000;

/// The longest title.
pub const MAX_TITLE_CHARS: usize = 120;

/// The longest description.
pub const MAX_DESCRIPTION_CHARS: usize = 2_000;

/// The most reminder times of a habit.
pub const MAX_REMINDER_TIMES: usize = 3;

/// A habit's title: trimmed, 1 to 120 visible characters. Clones share the text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Title(Arc<str>);

impl Title {
    /// Parses user input.
    ///
    /// # Errors
    /// A [`FieldError`] of the field `title`.
    pub fn parse(raw: &str) -> Result<Self, FieldError> {
        text::parse_line("title", "a title", raw, 1, MAX_TITLE_CHARS).map(|text| Self(text.into()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Title {
    type Error = FieldError;
    fn try_from(text: String) -> Result<Self, FieldError> {
        Self::parse(&text)
    }
}

impl From<Title> for String {
    fn from(title: Title) -> Self {
        title.0.as_ref().to_owned()
    }
}

/// A habit's description: up to 2,000 characters. Clones share the text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Description(Arc<str>);

impl Description {
    /// Parses user input; `None` when it is blank.
    ///
    /// # Errors
    /// A [`FieldError`] of the field `description`.
    pub fn parse(raw: &str) -> Result<Option<Self>, FieldError> {
        let text = text::parse_paragraph("description", raw, MAX_DESCRIPTION_CHARS)?;
        Ok((!text.is_empty()).then(|| Self(text.into())))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Description {
    type Error = FieldError;
    fn try_from(text: String) -> Result<Self, FieldError> {
        Self::parse(&text)?.ok_or_else(|| FieldError::new("description", "empty description"))
    }
}

impl From<Description> for String {
    fn from(text: Description) -> Self {
        text.0.as_ref().to_owned()
    }
}

/// Up to three distinct times of day in minutes after local midnight, sorted.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(try_from = "Vec<i64>", into = "Vec<u16>")]
pub struct ReminderTimes(Vec<u16>);

impl ReminderTimes {
    /// Parses minutes after midnight, in any order.
    ///
    /// # Errors
    /// A [`FieldError`] of the field `reminderTimes` when there are more than three, two are equal, or one is not 0 to 1439.
    pub fn parse(minutes: &[i64]) -> Result<Self, FieldError> {
        let error = |message: &str| Err(FieldError::new("reminderTimes", message));
        let mut times = Vec::new();
        for minute in minutes {
            match u16::try_from(*minute) {
                Ok(minute) if minute < 1440 => times.push(minute),
                _ => return error("A reminder time is a number of minutes after midnight, from 0 to 1439."),
            }
        }
        if times.len() > MAX_REMINDER_TIMES {
            return error("A habit can have up to three reminder times.");
        }
        times.sort_unstable();
        if times.windows(2).any(|pair| pair.first() == pair.last()) {
            return error("Use each reminder time only once.");
        }
        Ok(Self(times))
    }

    /// Minutes after midnight, sorted.
    pub fn minutes(&self) -> &[u16] {
        &self.0
    }
}

impl TryFrom<Vec<i64>> for ReminderTimes {
    type Error = FieldError;
    fn try_from(minutes: Vec<i64>) -> Result<Self, FieldError> {
        Self::parse(&minutes)
    }
}

impl From<ReminderTimes> for Vec<u16> {
    fn from(times: ReminderTimes) -> Self {
        times.0
    }
}

/// What a user decides about a new habit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HabitPlan {
    pub title: Title,
    pub description: Option<Description>,
    pub weekdays: Weekdays,
    pub frequency: Frequency,
    pub goal: Goal,
    /// Its first day; `None` is the one on which it is created.
    pub starts_on: Option<Day>,
    /// Its last day, if it has one.
    pub ends_on: Option<Day>,
    /// The unit of its amounts.
    pub unit: Option<Unit>,
    /// The amount that one tap adds; `None` is one.
    pub step: Option<Amount>,
    pub reminder_times: ReminderTimes,
    pub color: Option<HabitColor>,
    pub emoji: Option<Emoji>,
    pub tags: Tags,
    pub group: Option<GroupName>,
    pub time_of_day: Option<TimeOfDay>,
}

impl HabitPlan {
    /// A habit with what every habit needs, and nothing else.
    pub fn new(title: Title, weekdays: Weekdays) -> Self {
        Self {
            title,
            description: None,
            weekdays,
            frequency: Frequency::Weekdays,
            goal: Goal::YesNo,
            starts_on: None,
            ends_on: None,
            unit: None,
            step: None,
            reminder_times: ReminderTimes::default(),
            color: None,
            emoji: None,
            tags: Tags::default(),
            group: None,
            time_of_day: None,
        }
    }
}

/// A habit of one user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Habit {
    pub id: HabitId,
    pub title: Title,
    pub description: Option<Description>,
    pub reminder_times: ReminderTimes,
    pub schedule: Schedule,
    /// The place in the user's order. Of two habits in the same place, the older one comes first.
    pub position: u32,
    pub created_at: Timestamp,
    /// The last change of anything that the user decides about it, except its position.
    pub updated_at: Timestamp,
    pub archived_at: Option<Timestamp>,
    /// The last changes of its days, as far as their completions don't tell.
    #[serde(default, skip_serializing_if = "RecentChanges::is_empty")]
    pub recent_changes: RecentChanges,
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "known_or_default")]
    pub color: Option<HabitColor>,
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "known_or_default")]
    pub emoji: Option<Emoji>,
    #[serde(default, skip_serializing_if = "Tags::is_empty", deserialize_with = "known_or_default")]
    pub tags: Tags,
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "known_or_default")]
    pub group: Option<GroupName>,
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "known_or_default")]
    pub time_of_day: Option<TimeOfDay>,
    /// The unit of its amounts. Whether it has any is up to the goal of its schedule.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "known_or_default")]
    pub unit: Option<Unit>,
    /// The amount that one tap adds; `None` is one.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "known_or_default")]
    pub step: Option<Amount>,
    #[serde(default, skip_serializing_if = "Pauses::is_empty", deserialize_with = "known_or_default")]
    pub pauses: Pauses,
}

impl Habit {
    /// A new habit that is created on `day` in its owner's time zone.
    pub fn new(id: HabitId, plan: HabitPlan, position: u32, day: Day, created_at: Timestamp) -> Self {
        let HabitPlan {
            title,
            description,
            weekdays,
            frequency,
            goal,
            starts_on,
            ends_on,
            unit,
            step,
            reminder_times,
            color,
            emoji,
            tags,
            group,
            time_of_day,
        } = plan;
        let mut schedule = Schedule::new(starts_on.unwrap_or(day), Rule { weekdays, frequency, goal });
        schedule.set_end(ends_on, schedule.start());
        Self {
            id,
            title,
            description,
            reminder_times,
            schedule,
            position,
            created_at,
            updated_at: created_at,
            archived_at: None,
            recent_changes: RecentChanges::default(),
            color,
            emoji,
            tags,
            group,
            time_of_day,
            unit,
            step,
            pauses: Pauses::default(),
        }
    }

    /// The amount that one tap adds.
    pub fn one_tap(&self) -> Amount {
        self.step.unwrap_or(Amount::ONE)
    }

    /// Its last day, if it has one. An archived habit has none: it was left.
    pub fn ends_on(&self) -> Option<Day> {
        self.schedule.last_day().filter(|_| self.is_active())
    }

    /// Whether the habit is not archived.
    pub fn is_active(&self) -> bool {
        self.archived_at.is_none()
    }

    /// The days on which it's paused, alone or with all other habits of its owner.
    pub fn all_pauses(&self, of_owner: &Pauses) -> Pauses {
        let mut pauses = self.pauses.clone();
        pauses.extend(of_owner);
        pauses
    }

    /// Whether the habit is on the list of `day`: active and scheduled.
    pub fn is_due(&self, day: Day) -> bool {
        self.is_active() && self.schedule.is_scheduled(day)
    }
}

/// Sorts habits into the user's order: by position, then by age.
pub fn sort_by_position(habits: &mut [Habit]) {
    habits.sort_by_key(|habit| (habit.position, habit.created_at, habit.id));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reminder_times_are_at_most_three_distinct_times_of_day() {
        assert_eq!(ReminderTimes::parse(&[600, 480]).unwrap().minutes(), [480, 600]);
        for bad in [&[480, 480][..], &[1440], &[-1], &[1, 2, 3, 4]] {
            assert!(ReminderTimes::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn titles_need_visible_text_and_blank_descriptions_are_none() {
        assert_eq!(Description::parse("  \n ").unwrap(), None);
        assert!(Title::parse(&"x".repeat(120)).is_ok());
        assert!(Title::parse(&"x".repeat(121)).is_err());
        assert!(Title::parse(" \u{200b} ").is_err());
    }
}
