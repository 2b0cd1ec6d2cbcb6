//! What the form of a habit shows: the values of its fields, their errors, and what the fields suggest.

use crate::domain::accounts::preferences::WeekStart;
use crate::domain::habits::{group, tag};
use crate::domain::{Day, FieldError, GroupName, Habit, Tag};
use crate::web::habits::date_fields::DateFields;
use crate::web::habits::frequency_fields::FrequencyFields;
use crate::web::habits::goal_fields::GoalFields;

/// The groups and tags of a user's habits, which the fields suggest.
#[derive(Debug, Clone, Default)]
pub struct KnownLabels<'a> {
    pub groups: Vec<&'a GroupName>,
    pub tags: Vec<&'a Tag>,
}

impl<'a> KnownLabels<'a> {
    pub fn from_habits(habits: &'a [Habit]) -> Self {
        let groups = group::distinct(habits.iter().filter_map(|habit| habit.group.as_ref()));
        Self { groups, tags: tag::distinct(habits.iter().map(|habit| &habit.tags)) }
    }
}

/// The values of the form of a habit.
#[derive(Debug, Clone)]
pub struct HabitFormInput {
    pub title: String,
    pub description: String,
    /// ISO numbers of the days of the week: Monday is 1, Sunday is 7.
    pub weekdays: Vec<i64>,
    pub frequency: FrequencyFields,
    pub dates: DateFields,
    pub goal: GoalFields,
    /// The name of a color, or nothing.
    pub color: String,
    pub emoji: String,
    /// Tags with commas between them.
    pub tags: String,
    pub group: String,
    /// The name of a part of the day, or nothing for any time.
    pub time_of_day: String,
}

impl Default for HabitFormInput {
    /// An empty form, with every day of the week selected.
    fn default() -> Self {
        Self {
            title: String::new(),
            description: String::new(),
            weekdays: (1..=7).collect(),
            frequency: FrequencyFields::default(),
            dates: DateFields::default(),
            goal: GoalFields::default(),
            color: String::new(),
            emoji: String::new(),
            tags: String::new(),
            group: String::new(),
            time_of_day: String::new(),
        }
    }
}

impl HabitFormInput {
    /// The form of an existing habit, which changes its newest rule.
    pub fn new(habit: &Habit, today: Day) -> Self {
        Self {
            title: habit.title.as_str().to_owned(),
            description: habit.description.as_ref().map(|text| text.as_str().to_owned()).unwrap_or_default(),
            weekdays: habit.schedule.weekdays().iso_numbers().into_iter().map(i64::from).collect(),
            frequency: habit.schedule.rule().frequency.into(),
            dates: DateFields::new(habit, today),
            goal: habit.into(),
            color: habit.color.map(|color| color.as_str().to_owned()).unwrap_or_default(),
            emoji: habit.emoji.as_ref().map(|emoji| emoji.as_str().to_owned()).unwrap_or_default(),
            tags: habit.tags.to_text(),
            group: habit.group.as_ref().map(|group| group.as_str().to_owned()).unwrap_or_default(),
            time_of_day: habit.time_of_day.map(|time| time.as_str().to_owned()).unwrap_or_default(),
        }
    }
}

/// What the form of a habit shows.
#[derive(Debug, Clone, Copy)]
pub struct HabitForm<'a> {
    /// The address that it is sent to.
    pub action: &'a str,
    /// Keeps the ids of two such forms on a page apart.
    pub prefix: &'static str,
    /// Whether it creates a habit.
    pub is_new: bool,
    pub week_start: WeekStart,
    pub input: &'a HabitFormInput,
    pub errors: &'a [FieldError],
    /// The tags and groups to suggest.
    pub known: &'a KnownLabels<'a>,
}
