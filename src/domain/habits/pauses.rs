//! Pauses: ranges of days on which a habit, or every habit of an account, isn't expected to be done, such as a vacation.
//!
//! A paused day is neither done nor missed, like a skipped one, unless the habit is done on it anyway. Pauses merge when they
//! overlap or follow each other, so a pause is a set of days and has no id.

use serde::{Deserialize, Serialize};

use crate::domain::field_error::FieldErrors;
use crate::domain::habits::day_ranges::{DayRange, DayRanges};
use crate::domain::{Day, FieldError, Refusal};

/// The most pauses of one habit, and of one account.
pub const MAX_PAUSES: usize = 100;

/// The days from `first` to `last`, both included. Without a last day, the pause goes on until it's ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pause {
    pub first: Day,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<Day>,
}

impl Pause {
    /// Parses user input. A blank last day is none.
    ///
    /// # Errors
    /// [`Refusal::InvalidFields`] with errors of the fields `first` and `last`.
    pub fn parse(first: &str, last: &str) -> Result<Self, Refusal> {
        let parse = |field, text: &str| Day::parse(text.trim()).map_err(|error| FieldError::new(field, error.message));
        let mut errors = FieldErrors::default();
        let first = errors.record(parse("first", first));
        let last = if last.trim().is_empty() { None } else { errors.record(parse("last", last)) };
        if first.zip(last).is_some_and(|(first, last)| last < first) {
            errors.add("last", "The last day can't be before the first day.");
        }
        let Some(first) = first else { return Err(errors.into_refusal()) };
        errors.check()?;
        Ok(Self { first, last })
    }

    /// The first day after the pause; `None` while it has no end.
    pub fn until(self) -> Option<Day> {
        self.last.map(|last| last.add_days(1))
    }
}

impl From<DayRange> for Pause {
    fn from(days: DayRange) -> Self {
        Self { first: days.first, last: Some(days.last).filter(|last| *last < Day::LAST) }
    }
}

impl From<Pause> for DayRange {
    fn from(pause: Pause) -> Self {
        Self { first: pause.first, last: pause.last.unwrap_or(Day::LAST) }
    }
}

/// The pauses of a habit or of an account, in order.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(from = "Vec<Pause>", into = "Vec<Pause>")]
pub struct Pauses(DayRanges);

impl Pauses {
    /// Pauses these days, too.
    pub fn add(&mut self, pause: Pause) {
        let DayRange { first, last } = pause.into();
        self.0.insert(first, last);
    }

    /// Ends the pause on these days.
    pub fn remove(&mut self, pause: Pause) {
        let DayRange { first, last } = pause.into();
        self.0.remove(first, last);
    }

    /// Pauses the days of another set, too.
    pub fn extend(&mut self, other: &Self) {
        for pause in other.iter() {
            self.add(pause);
        }
    }

    /// The pause that contains `day`.
    pub fn find(&self, day: Day) -> Option<Pause> {
        self.0.find(day).map(Pause::from)
    }

    /// The pauses, in order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = Pause> + '_ {
        self.0.ranges().iter().copied().map(Pause::from)
    }

    /// The pauses that end on `day` or later, or never.
    pub fn from_day(&self, day: Day) -> impl Iterator<Item = Pause> + '_ {
        self.iter().filter(move |pause| pause.last.is_none_or(|last| day <= last))
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether there are more than can be kept.
    pub fn are_too_many(&self) -> bool {
        self.0.ranges().len() > MAX_PAUSES
    }

    /// Whether both pause the same days before `day`.
    pub fn agree_before(&self, other: &Self, day: Day) -> bool {
        let before = |pauses: &Self| {
            let mut earlier = pauses.clone();
            earlier.0.remove(day, Day::LAST);
            earlier
        };
        before(self) == before(other)
    }
}

impl From<Vec<Pause>> for Pauses {
    /// Puts any ranges in order, and leaves out those that end before they begin.
    fn from(stored: Vec<Pause>) -> Self {
        let mut pauses = Self::default();
        for pause in stored {
            pauses.add(pause);
        }
        pauses
    }
}

impl From<Pauses> for Vec<Pause> {
    fn from(pauses: Pauses) -> Self {
        pauses.iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Day {
        Day::parse(text).unwrap()
    }

    fn invalid_fields(first: &str, last: &str) -> Vec<&'static str> {
        let refusal = Pause::parse(first, last).unwrap_err();
        refusal.field_errors().iter().map(|error| error.field).collect()
    }

    #[test]
    fn every_invalid_date_is_refused_beside_its_field() {
        assert_eq!(Pause::parse(" 2026-02-10 ", " "), Ok(Pause { first: day("2026-02-10"), last: None }));
        assert_eq!(Pause::parse("2026-02-10", "2026-02-10").unwrap().until(), Some(day("2026-02-11")));
        for (first, last, fields) in [
            ("2026-02-10", "2026-02-09", &["last"][..]),
            ("", "2026-02-11", &["first"]),
            ("1969-12-31", "", &["first"]),
            ("2026-02-10", "2200-01-01", &["last"]),
            ("tomorrow", "2026-02-30", &["first", "last"]),
            ("9".repeat(300).as_str(), "-1", &["first", "last"]),
        ] {
            assert_eq!(invalid_fields(first, last), fields, "{first} {last}");
        }
    }

    #[test]
    fn stored_pauses_are_put_in_order_and_merged() {
        let stored = r#"[{"first":"2026-03-01"},{"first":"2026-02-10","last":"2026-02-12"},{"first":"2026-02-13","last":"2026-02-14"},{"first":"2026-02-20","last":"2026-02-19"}]"#;
        let pauses: Pauses = serde_json::from_str(stored).unwrap();
        let expected = r#"[{"first":"2026-02-10","last":"2026-02-14"},{"first":"2026-03-01"}]"#;
        assert_eq!(serde_json::to_string(&pauses).unwrap(), expected);
        assert_eq!(pauses.from_day(day("2026-02-15")).count(), 1);
        assert!(pauses.agree_before(&Pauses::default(), day("2026-02-10")));
        assert!(!pauses.agree_before(&Pauses::default(), day("2026-02-11")));
    }
}
