//! The neutral model: what the file of any habit tracker can say about a habit and its days.

use std::collections::BTreeMap;

use crate::domain::habits::goal::GoalPeriod;
use crate::domain::habits::habit::MAX_HABITS;
use crate::domain::{Day, Weekdays};
use crate::exchange::color::Rgb;
use crate::exchange::error::ExchangeError;

/// What was read from a file, or will be written to one. Habits are in the order of the user.
#[derive(Debug, Clone, PartialEq)]
pub struct ExchangeFile {
    /// The name of the program, such as “Loop Habit Tracker”.
    pub program: &'static str,
    pub habits: Vec<ExchangeHabit>,
    /// What the file has besides habits, each with why it is left out.
    pub left_out: Vec<String>,
}

impl ExchangeFile {
    pub fn new(program: &'static str) -> Self {
        Self { program, habits: Vec::new(), left_out: Vec::new() }
    }

    /// Adds a habit.
    ///
    /// # Errors
    /// [`ExchangeError::TooManyHabits`], so that no file takes more memory than an account may.
    pub fn push(&mut self, habit: ExchangeHabit) -> Result<&mut ExchangeHabit, ExchangeError> {
        if self.habits.len() >= MAX_HABITS {
            return Err(ExchangeError::TooManyHabits);
        }
        self.habits.push(habit);
        self.habits.last_mut().ok_or(ExchangeError::TooManyHabits)
    }
}

/// A habit and its days.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ExchangeHabit {
    /// What identifies the habit in its program: an id, or the name where there is none.
    pub key: String,
    pub name: String,
    pub description: String,
    pub color: Option<Rgb>,
    pub kind: HabitKind,
    /// The unit of amounts; empty where there is none.
    pub unit: String,
    /// The period whose amounts are compared with the target.
    pub goal_period: GoalPeriod,
    pub frequency: HabitFrequency,
    pub is_archived: bool,
    /// The first day, where the program keeps it.
    pub start: Option<Day>,
    pub reminders: Vec<HabitAlarm>,
    pub tags: Vec<String>,
    /// The group or category; empty where there is none.
    pub group: String,
    pub days: BTreeMap<Day, ExchangeDay>,
    /// Days whose date cannot be read, or is outside of the years that Atlas keeps.
    pub unreadable_days: usize,
    /// What the program says about the habit and Atlas has no place for, in sentences.
    pub left_out: Vec<String>,
}

impl ExchangeHabit {
    pub fn new(key: impl Into<String>, name: impl Into<String>) -> Self {
        Self { key: key.into(), name: name.into(), ..Self::default() }
    }

    /// Adds what is known of a day; a day without a readable date is counted. What was known of the day first, stays.
    pub fn add(&mut self, day: Option<Day>, found: ExchangeDay) {
        match day {
            Some(day) => {
                self.days.entry(day).or_insert(found);
            }
            None => self.unreadable_days += 1,
        }
    }

    /// Decides from the numbers of the days which kind a habit is whose file doesn't say: one of yes and no if all are 0 or 1.
    pub fn settle_kind(&mut self) {
        let is_amount =
            |day: &ExchangeDay| matches!(day.state, DayMark::Amount(amount) if amount != 0 && amount != 1_000);
        if self.days.values().any(is_amount) {
            self.kind = HabitKind::Amount { target: 0, is_limit: false };
            return;
        }
        self.unit.clear();
        for day in self.days.values_mut() {
            day.state = match day.state {
                DayMark::Amount(0) => DayMark::Missed,
                DayMark::Amount(_) => DayMark::Done,
                other => other,
            };
        }
    }
}

/// What is recorded on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum HabitKind {
    #[default]
    YesNo,
    /// A number, in thousandths of the unit.
    Amount { target: u64, is_limit: bool },
}

/// For which days a habit is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HabitFrequency {
    Weekdays(Weekdays),
    /// So many times in each calendar week or month, or in any so many days.
    Times {
        times: u16,
        period: FrequencyPeriod,
    },
    EveryDays(u16),
}

/// The period of [`HabitFrequency::Times`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FrequencyPeriod {
    CalendarWeek,
    CalendarMonth,
    Days(u16),
}

impl Default for HabitFrequency {
    fn default() -> Self {
        Self::Weekdays(Weekdays::ALL)
    }
}

/// A time of day at which a reminder is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HabitAlarm {
    /// Minutes after midnight.
    pub minute: i64,
    pub weekdays: Weekdays,
}

/// What is known of a day.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ExchangeDay {
    pub state: DayMark,
    pub note: String,
}

impl From<DayMark> for ExchangeDay {
    fn from(state: DayMark) -> Self {
        Self { state, note: String::new() }
    }
}

/// How a day was marked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DayMark {
    /// Nothing is known but a note.
    #[default]
    Unknown,
    Done,
    /// The person said that it was not done.
    Missed,
    Skipped,
    /// In thousandths of the unit.
    Amount(u64),
}
