//! The days of the week for which a habit is scheduled.

use jiff::civil::Weekday;
use serde::{Deserialize, Serialize};

use crate::domain::{Day, FieldError};

/// A non-empty set of days of the week. ISO numbers: Monday is 1, Sunday is 7.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<i64>", into = "Vec<i8>")]
pub struct Weekdays(u8);

/// Monday to Sunday, with the short names used on all pages.
pub const SHORT_NAMES: [(i8, &str); 7] =
    [(1, "Mon"), (2, "Tue"), (3, "Wed"), (4, "Thu"), (5, "Fri"), (6, "Sat"), (7, "Sun")];

/// The short name of an ISO day number.
pub fn short_name(weekday: i8) -> &'static str {
    SHORT_NAMES.iter().find(|(number, _)| *number == weekday).map_or("", |(_, name)| name)
}

/// The English name of an ISO day number.
pub fn name(weekday: i8) -> &'static str {
    match weekday {
        1 => "Monday",
        2 => "Tuesday",
        3 => "Wednesday",
        4 => "Thursday",
        5 => "Friday",
        6 => "Saturday",
        _ => "Sunday",
    }
}

impl Weekdays {
    /// Every day of the week.
    pub const ALL: Self = Self(0b111_1111);

    /// Builds the set from ISO numbers; repeated numbers are merged.
    ///
    /// # Errors
    /// A [`FieldError`] of the field `weekdays` when there is no number or one is not 1 to 7.
    pub fn parse(numbers: impl IntoIterator<Item = i64>) -> Result<Self, FieldError> {
        let mut bits = 0;
        for number in numbers {
            if !(1..=7).contains(&number) {
                return Err(FieldError::new("weekdays", "Days of the week are the numbers 1 (Monday) to 7 (Sunday)."));
            }
            bits |= 1 << (number - 1);
        }
        if bits == 0 {
            return Err(FieldError::new("weekdays", "Choose at least one day of the week."));
        }
        Ok(Self(bits))
    }

    /// Whether the day of the week is in the set.
    pub fn contains(self, weekday: Weekday) -> bool {
        self.0 & (1 << (weekday.to_monday_one_offset() - 1)) != 0
    }

    /// Whether the date's day of the week, which is the same in every zone, is in the set.
    pub fn includes(self, day: Day) -> bool {
        self.contains(day.weekday())
    }

    /// The ISO numbers, sorted.
    pub fn iso_numbers(self) -> Vec<i8> {
        SHORT_NAMES.iter().map(|(number, _)| *number).filter(|number| self.0 & (1 << (number - 1)) != 0).collect()
    }

    /// The set as text for users: "Every day", "Weekdays", "Weekends" or "Mon, Wed, Fri".
    pub fn summary(self) -> String {
        match self.0 {
            0b111_1111 => "Every day".to_owned(),
            0b001_1111 => "Weekdays".to_owned(),
            0b110_0000 => "Weekends".to_owned(),
            bits => {
                let names: Vec<_> =
                    SHORT_NAMES.iter().filter(|(n, _)| bits & (1 << (n - 1)) != 0).map(|(_, name)| *name).collect();
                names.join(", ")
            }
        }
    }
}

impl TryFrom<Vec<i64>> for Weekdays {
    type Error = FieldError;
    fn try_from(numbers: Vec<i64>) -> Result<Self, FieldError> {
        Self::parse(numbers)
    }
}

impl From<Weekdays> for Vec<i8> {
    fn from(days: Weekdays) -> Self {
        days.iso_numbers()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn iso_numbers_are_sorted_and_merged() {
        assert_eq!(Weekdays::parse([5, 1, 5, 3]).unwrap().iso_numbers(), [1, 3, 5]);
        assert!(Weekdays::parse([]).is_err());
        assert!(Weekdays::parse([0]).is_err());
        assert!(Weekdays::parse([8]).is_err());
        assert!(Weekdays::parse([i64::MIN]).is_err());
    }

    #[test]
    fn a_monday_is_a_monday_by_its_date() {
        let mondays = Weekdays::parse([1]).unwrap();
        assert!(mondays.includes(Day::parse("2026-02-09").unwrap()));
        assert!(!mondays.includes(Day::parse("2026-02-10").unwrap()));
    }

    #[test]
    fn common_sets_have_a_name() {
        assert_eq!(Weekdays::ALL.summary(), "Every day");
        assert_eq!(Weekdays::parse([1, 2, 3, 4, 5]).unwrap().summary(), "Weekdays");
        assert_eq!(Weekdays::parse([7, 6]).unwrap().summary(), "Weekends");
        assert_eq!(Weekdays::parse([1, 3]).unwrap().summary(), "Mon, Wed");
    }
}
