//! How often a habit is scheduled: on days of the week, some times in each week, month or number of days, or every few days.

use serde::{Deserialize, Deserializer, Serialize, de};

use crate::domain::{Day, FieldError, Weekdays};

/// The most times in one window, and the longest window or interval in days.
pub const MAX_COUNT: u16 = 366;

/// When a habit is scheduled. Stored in versions of the schedule, so the words stay as they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(tag = "kind")]
pub enum Frequency {
    /// On the days of the week of the schedule.
    #[default]
    #[serde(rename = "weekdays")]
    Weekdays,
    /// On any `times` days of each window.
    #[serde(rename = "times")]
    Times {
        #[serde(deserialize_with = "read_count")]
        times: u16,
        window: Window,
    },
    /// On `anchor` and every `days` days from there.
    #[serde(rename = "interval")]
    EveryDays {
        #[serde(deserialize_with = "read_count")]
        days: u16,
        anchor: Day,
    },
}

/// The days that are counted together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Window {
    /// A week that begins on the day on which the user's weeks start.
    #[serde(rename = "week")]
    CalendarWeek,
    #[serde(rename = "month")]
    CalendarMonth,
    /// Any days in a row: 7 for a rolling week, 30 for a rolling month.
    #[serde(rename = "rolling")]
    RollingDays(#[serde(deserialize_with = "read_count")] u16),
}

/// A number of times in a number of days, as Loop Habit Tracker writes frequencies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrequencyRatio {
    pub times: u16,
    pub days: u16,
}

impl Frequency {
    /// Whether it goes by days of the week; for `#[serde(skip_serializing_if)]`.
    pub fn is_weekdays(&self) -> bool {
        *self == Self::Weekdays
    }

    /// `times` in each `window`.
    ///
    /// # Errors
    /// A [`FieldError`] of the field `times` for a number below 1 or above the number of days in the window.
    pub fn parse_times(times: i64, window: Window) -> Result<Self, FieldError> {
        let max = window.max_times();
        let message = || format!("Enter a number of times from 1 to {max}.");
        let times = u16::try_from(times).ok().filter(|times| (1..=max).contains(times));
        Ok(Self::Times { times: times.ok_or_else(|| FieldError::new("times", message()))?, window })
    }

    /// Every `days` days from `anchor` on.
    ///
    /// # Errors
    /// A [`FieldError`] of the field `days` for a number that is not 1 to 366.
    pub fn parse_interval(days: i64, anchor: Day) -> Result<Self, FieldError> {
        Ok(Self::EveryDays { days: parse_days(days)?, anchor })
    }

    /// How often in how many days. Days of the week are those of `weekdays`, and a month has 30 days.
    pub fn ratio(self, weekdays: Weekdays) -> FrequencyRatio {
        match self {
            Self::Weekdays => FrequencyRatio::new(u16::try_from(weekdays.iso_numbers().len()).unwrap_or(7), 7),
            Self::Times { times, window } => FrequencyRatio::new(times, window.days()),
            Self::EveryDays { days, .. } => FrequencyRatio::new(1, days),
        }
    }

    /// The frequency as text for users: "Mon, Wed", "3 times a week", "Every 2 days". Days of the week are those of `weekdays`.
    pub fn summary(self, weekdays: Weekdays) -> String {
        match self {
            Self::Weekdays => weekdays.summary(),
            Self::Times { times, window } => format!("{} {}", describe_times(times), window.summary()),
            Self::EveryDays { days: 1, .. } => "Every day".to_owned(),
            Self::EveryDays { days: 2, .. } => "Every other day".to_owned(),
            Self::EveryDays { days, .. } => format!("Every {days} days"),
        }
    }
}

impl Window {
    /// Any `days` days in a row.
    ///
    /// # Errors
    /// A [`FieldError`] of the field `days` for a number that is not 1 to 366.
    pub fn parse_rolling(days: i64) -> Result<Self, FieldError> {
        Ok(Self::RollingDays(parse_days(days)?))
    }

    /// The length in days; a month has 30.
    pub fn days(self) -> u16 {
        match self {
            Self::CalendarWeek => 7,
            Self::CalendarMonth => 30,
            Self::RollingDays(days) => days,
        }
    }

    /// A habit is done once a day at most.
    fn max_times(self) -> u16 {
        if self == Self::CalendarMonth { 31 } else { self.days() }
    }

    /// "a week", "a month", "in any 7 days".
    fn summary(self) -> String {
        match self {
            Self::CalendarWeek => "a week".to_owned(),
            Self::CalendarMonth => "a month".to_owned(),
            Self::RollingDays(1) => "a day".to_owned(),
            Self::RollingDays(days) => format!("in any {days} days"),
        }
    }
}

impl FrequencyRatio {
    /// `times` in `days` days. As often as there are days is once a day, as in Loop Habit Tracker.
    pub fn new(times: u16, days: u16) -> Self {
        if times == days { Self { times: 1, days: 1 } } else { Self { times: times.max(1), days: days.max(1) } }
    }

    /// Times per day.
    pub fn per_day(self) -> f64 {
        f64::from(self.times) / f64::from(self.days)
    }
}

fn describe_times(times: u16) -> String {
    match times {
        1 => "Once".to_owned(),
        2 => "Twice".to_owned(),
        _ => format!("{times} times"),
    }
}

fn parse_days(days: i64) -> Result<u16, FieldError> {
    let message = || format!("Enter a number of days from 1 to {MAX_COUNT}.");
    let days = u16::try_from(days).ok().filter(|days| (1..=MAX_COUNT).contains(days));
    days.ok_or_else(|| FieldError::new("days", message()))
}

/// Stored numbers are checked so far that no rule divides by zero or runs over years of days.
fn read_count<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u16, D::Error> {
    let count = u16::deserialize(deserializer)?;
    if (1..=MAX_COUNT).contains(&count) { Ok(count) } else { Err(de::Error::custom("a count is 1 to 366")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Day {
        Day::parse(text).unwrap()
    }

    #[test]
    fn a_frequency_needs_numbers_that_fit_its_window() {
        assert!(Frequency::parse_times(7, Window::CalendarWeek).is_ok());
        assert!(Frequency::parse_times(31, Window::CalendarMonth).is_ok());
        assert!(Frequency::parse_times(366, Window::RollingDays(366)).is_ok());
        for (times, window) in [
            (0, Window::CalendarWeek),
            (8, Window::CalendarWeek),
            (32, Window::CalendarMonth),
            (3, Window::RollingDays(2)),
            (-1, Window::RollingDays(7)),
            (i64::MAX, Window::RollingDays(366)),
        ] {
            assert_eq!(Frequency::parse_times(times, window).unwrap_err().field, "times", "{times} {window:?}");
        }
        for days in [0, -3, 367, i64::MIN] {
            assert_eq!(Frequency::parse_interval(days, day("2026-02-12")).unwrap_err().field, "days", "{days}");
            assert_eq!(Window::parse_rolling(days).unwrap_err().field, "days", "{days}");
        }
    }

    #[test]
    fn a_frequency_is_described_in_words() {
        let weekdays = Weekdays::parse([1, 3]).unwrap();
        let times = |times, window| Frequency::Times { times, window };
        let every = |days| Frequency::EveryDays { days, anchor: day("2026-02-12") };
        for (frequency, expected) in [
            (Frequency::Weekdays, "Mon, Wed"),
            (times(1, Window::CalendarWeek), "Once a week"),
            (times(2, Window::CalendarMonth), "Twice a month"),
            (times(3, Window::RollingDays(14)), "3 times in any 14 days"),
            (times(1, Window::RollingDays(1)), "Once a day"),
            (every(1), "Every day"),
            (every(2), "Every other day"),
            (every(10), "Every 10 days"),
        ] {
            assert_eq!(frequency.summary(weekdays), expected);
        }
    }

    #[test]
    fn every_frequency_is_so_many_times_in_so_many_days() {
        let ratio = |frequency: Frequency, weekdays: &[i64]| {
            let ratio = frequency.ratio(Weekdays::parse(weekdays.iter().copied()).unwrap());
            (ratio.times, ratio.days)
        };
        assert_eq!(ratio(Frequency::Weekdays, &[1, 2, 3, 4, 5, 6, 7]), (1, 1));
        assert_eq!(ratio(Frequency::Weekdays, &[1, 3, 5]), (3, 7));
        assert_eq!(ratio(Frequency::Times { times: 4, window: Window::CalendarMonth }, &[1]), (4, 30));
        assert_eq!(ratio(Frequency::Times { times: 7, window: Window::CalendarWeek }, &[1]), (1, 1));
        assert_eq!(ratio(Frequency::EveryDays { days: 3, anchor: day("2026-02-12") }, &[1]), (1, 3));
    }

    #[test]
    fn stored_frequencies_keep_their_spelling_and_impossible_ones_are_refused() {
        for (json, frequency) in [
            (r#"{"kind":"weekdays"}"#, Frequency::Weekdays),
            (
                r#"{"kind":"times","times":3,"window":"week"}"#,
                Frequency::Times { times: 3, window: Window::CalendarWeek },
            ),
            (
                r#"{"kind":"times","times":9,"window":"month"}"#,
                Frequency::Times { times: 9, window: Window::CalendarMonth },
            ),
            (
                r#"{"kind":"times","times":2,"window":{"rolling":14}}"#,
                Frequency::Times { times: 2, window: Window::RollingDays(14) },
            ),
            (
                r#"{"kind":"interval","days":3,"anchor":"2026-02-12"}"#,
                Frequency::EveryDays { days: 3, anchor: day("2026-02-12") },
            ),
        ] {
            assert_eq!(serde_json::to_string(&frequency).unwrap(), json);
            assert_eq!(serde_json::from_str::<Frequency>(json).unwrap(), frequency);
        }
        for json in [
            r#"{"kind":"times","times":0,"window":"week"}"#,
            r#"{"kind":"times","times":2,"window":{"rolling":0}}"#,
            r#"{"kind":"interval","days":367,"anchor":"2026-02-12"}"#,
            r#"{"kind":"sometimes"}"#,
        ] {
            assert!(serde_json::from_str::<Frequency>(json).is_err(), "{json}");
        }
    }
}
