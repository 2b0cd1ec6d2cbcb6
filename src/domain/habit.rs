//! A habit: an intention with a title and active weekdays. Nobody creates a habit per date.

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Day, Fault, HabitId, Schedule, Weekdays, text};

/// Most habits one person may keep active at a time.
pub const MOST_ACTIVE: usize = 200;

/// Most habits one person may have in all, those in the archive too.
pub const MOST: usize = 2_000;

/// A title somebody could read aloud: trimmed, 1 to 120 characters. Copies share the text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Title(Arc<str>);

impl Title {
    /// Parses a title as typed.
    ///
    /// # Errors
    /// A [`Fault`] of the field `title`.
    pub fn parse(raw: &str) -> Result<Self, Fault> {
        text::line("title", "The title", raw, 1, 120).map(|text| Self(text.into()))
    }

    /// The title as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Title {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text).map_err(|fault| fault.message)
    }
}

impl From<Title> for String {
    fn from(title: Title) -> Self {
        title.0.as_ref().to_owned()
    }
}

/// What the habit is about, in up to 2,000 characters. Copies share the text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Description(Arc<str>);

impl Description {
    /// Parses a description as typed; a blank one is none.
    ///
    /// # Errors
    /// A [`Fault`] of the field `description`.
    pub fn parse(raw: &str) -> Result<Option<Self>, Fault> {
        let text = text::paragraph("description", "The description", raw, 2_000)?;
        Ok((!text.is_empty()).then(|| Self(text.into())))
    }

    /// The description as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Description {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text).map_err(|fault| fault.message)?.ok_or_else(|| "empty description".to_owned())
    }
}

impl From<Description> for String {
    fn from(text: Description) -> Self {
        text.0.as_ref().to_owned()
    }
}

/// Up to three distinct times of day, in minutes after local midnight, sorted.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(try_from = "Vec<i64>", into = "Vec<u16>")]
pub struct ReminderTimes(Vec<u16>);

impl ReminderTimes {
    /// Parses minutes after midnight.
    ///
    /// # Errors
    /// A [`Fault`] of the field `reminderTimes` when there are more than three, two are equal, or one is not 0 to 1439.
    pub fn parse(minutes: &[i64]) -> Result<Self, Fault> {
        let fault = |message: &str| Err(Fault::new("reminderTimes", message));
        let mut times = Vec::new();
        for minute in minutes {
            match u16::try_from(*minute) {
                Ok(minute) if minute < 1440 => times.push(minute),
                _ => return fault("A reminder time is a number of minutes after midnight, 0 to 1439."),
            }
        }
        if times.len() > 3 {
            return fault("A habit can have up to three reminder times.");
        }
        times.sort_unstable();
        if times.windows(2).any(|pair| pair.first() == pair.last()) {
            return fault("Each reminder time can be given once.");
        }
        Ok(Self(times))
    }

    /// Minutes after midnight, sorted.
    pub fn minutes(&self) -> &[u16] {
        &self.0
    }
}

impl TryFrom<Vec<i64>> for ReminderTimes {
    type Error = String;
    fn try_from(minutes: Vec<i64>) -> Result<Self, String> {
        Self::parse(&minutes).map_err(|fault| fault.message)
    }
}

impl From<ReminderTimes> for Vec<u16> {
    fn from(times: ReminderTimes) -> Self {
        times.0
    }
}

/// What a person decides about a new habit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// What it is called.
    pub title: Title,
    /// What it is about.
    pub description: Option<Description>,
    /// The weekdays it is meant for.
    pub weekdays: Weekdays,
    /// When to be reminded.
    pub reminder_times: ReminderTimes,
}

/// One habit of one person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Habit {
    /// Its id.
    pub id: HabitId,
    /// What it is called.
    pub title: Title,
    /// What it is about.
    pub description: Option<Description>,
    /// When to be reminded.
    pub reminder_times: ReminderTimes,
    /// Which weekdays counted when.
    pub schedule: Schedule,
    /// Its place in the person's own order; ties fall to the older habit.
    pub position: u32,
    /// When it was made.
    pub created_at: Timestamp,
    /// When what was decided about it last changed.
    pub updated_at: Timestamp,
    /// When it was put away; the past stays.
    pub archived_at: Option<Timestamp>,
}

impl Habit {
    /// A new habit that begins on `day`, where its owner lives.
    pub fn new(id: HabitId, plan: Plan, position: u32, day: Day, created_at: Timestamp) -> Self {
        let Plan { title, description, weekdays, reminder_times } = plan;
        let schedule = Schedule::starting(day, weekdays);
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
        }
    }

    /// Whether it is still kept.
    pub fn is_active(&self) -> bool {
        self.archived_at.is_none()
    }

    /// Whether it shows on the list of `day`: kept, begun, and meant for that weekday.
    pub fn is_due(&self, day: Day) -> bool {
        self.is_active() && self.schedule.plans(day)
    }
}

/// Sorts habits into the person's own order: position first, then age.
pub fn sort(habits: &mut [Habit]) {
    habits.sort_by_key(|habit| (habit.position, habit.created_at, habit.id));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reminder_times_are_few_distinct_and_within_the_day() {
        assert_eq!(ReminderTimes::parse(&[600, 480]).unwrap().minutes(), [480, 600]);
        for bad in [&[480, 480][..], &[1440], &[-1], &[1, 2, 3, 4]] {
            assert!(ReminderTimes::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_blank_description_is_none_and_titles_have_both_limits() {
        assert_eq!(Description::parse("  \n ").unwrap(), None);
        assert!(Title::parse(&"x".repeat(120)).is_ok());
        assert!(Title::parse(&"x".repeat(121)).is_err());
        assert!(Title::parse(" \u{200b} ").is_err());
    }
}
