//! A day: a civil date in a user's time zone. Never an instant.

use std::borrow::Cow;
use std::fmt;

use jiff::civil::{Date, Weekday};
use jiff::{Timestamp, ToSpan};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::domain::{FieldError, Zone};

/// A civil date between 1970-01-01 and 2199-12-31, written `YYYY-MM-DD`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(Date);

/// The years in which a day may lie.
pub const YEARS: std::ops::RangeInclusive<i16> = 1970..=2199;

impl Day {
    /// The first day of [`YEARS`].
    pub const FIRST: Self = Self(jiff::civil::date(*YEARS.start(), 1, 1));

    /// The last day of [`YEARS`].
    pub const LAST: Self = Self(jiff::civil::date(*YEARS.end(), 12, 31));

    /// Parses `YYYY-MM-DD`: ten ASCII characters that name a real day.
    ///
    /// # Errors
    /// A [`FieldError`] of the field `date`.
    pub fn parse(text: &str) -> Result<Self, FieldError> {
        let error = || FieldError::new("date", "Enter a valid date as year-month-day, such as 2026-02-14.");
        let is_well_formed = text.len() == 10
            && text.bytes().enumerate().all(|(at, b)| if matches!(at, 4 | 7) { b == b'-' } else { b.is_ascii_digit() });
        if !is_well_formed {
            return Err(error());
        }
        let date: Date = text.parse().map_err(|_| error())?;
        Self::from_date(date).ok_or_else(error)
    }

    /// [`Self::parse`] of another field than `date`.
    ///
    /// # Errors
    /// A [`FieldError`] of `field`.
    pub fn parse_field(field: &'static str, text: &str) -> Result<Self, FieldError> {
        Self::parse(text.trim()).map_err(|error| FieldError::new(field, error.message))
    }

    /// The day of `date`; `None` outside [`YEARS`].
    pub fn from_date(date: Date) -> Option<Self> {
        YEARS.contains(&date.year()).then_some(Self(date))
    }

    /// The day at `now` in `zone`. An instant outside the range gives its first or last day.
    pub fn at(now: Timestamp, zone: &Zone) -> Self {
        let date = zone.time_zone().to_datetime(now).date();
        Self::from_date(date).unwrap_or(if date.year() < *YEARS.start() {
            Self(jiff::civil::date(*YEARS.start(), 1, 1))
        } else {
            Self(jiff::civil::date(*YEARS.end(), 12, 31))
        })
    }

    pub fn date(self) -> Date {
        self.0
    }

    /// The day of the week of the date itself, the same in every zone.
    pub fn weekday(self) -> Weekday {
        self.0.weekday()
    }

    /// The day before; the first day of the range stays itself.
    pub fn yesterday(self) -> Self {
        self.add_days(-1)
    }

    /// The day that many days later, or earlier when negative. A day outside the range becomes `self`.
    pub fn add_days(self, days: i32) -> Self {
        // Most steps are of one day, for which spans take ten times as long.
        let date = match days {
            1 => self.0.tomorrow().unwrap_or(self.0),
            -1 => self.0.yesterday().unwrap_or(self.0),
            _ => self.0.saturating_add(days.days()),
        };
        Self::from_date(date).unwrap_or(self)
    }

    pub fn year(self) -> i16 {
        self.0.year()
    }

    /// Days since January 1, from 0 to 365.
    pub fn index_in_year(self) -> usize {
        usize::try_from(self.0.day_of_year() - 1).unwrap_or(0)
    }

    /// The index of the last day of `year`.
    pub fn last_index(year: i16) -> usize {
        let is_leap = Date::new(year, 1, 1).is_ok_and(Date::in_leap_year);
        if is_leap { 365 } else { 364 }
    }

    /// The number of days from `earlier` to this day; 0 when `earlier` is later.
    pub fn days_since(self, earlier: Self) -> usize {
        earlier.0.until(self.0).ok().and_then(|span| usize::try_from(span.get_days()).ok()).unwrap_or(0)
    }

    /// The inverse of [`Self::index_in_year`]; `None` when the year has no such day.
    pub fn from_index(year: i16, index: usize) -> Option<Self> {
        let first = Date::new(year, 1, 1).ok()?;
        let date = first.checked_add(i64::try_from(index).ok()?.days()).ok()?;
        if date.year() == year { Self::from_date(date) } else { None }
    }
}

/// Every day from `first` to `last`, both included; empty when `last` is earlier.
pub fn inclusive_range(first: Day, last: Day) -> impl DoubleEndedIterator<Item = Day> {
    DaysBetween { first, last, is_over: last < first }
}

/// The days that are left of a range.
struct DaysBetween {
    first: Day,
    last: Day,
    is_over: bool,
}

impl Iterator for DaysBetween {
    type Item = Day;

    fn next(&mut self) -> Option<Day> {
        let day = self.first;
        if self.is_over {
            return None;
        }
        self.is_over = day == self.last;
        self.first = day.add_days(1);
        Some(day)
    }
}

impl DoubleEndedIterator for DaysBetween {
    fn next_back(&mut self) -> Option<Day> {
        let day = self.last;
        if self.is_over {
            return None;
        }
        self.is_over = day == self.first;
        self.last = day.yesterday();
        Some(day)
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for Day {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        /// Borrowed from the input, so that no text is copied: the habits of one page hold many days.
        #[derive(Deserialize)]
        struct Text<'a>(#[serde(borrow)] Cow<'a, str>);
        let Text(text) = Text::deserialize(deserializer)?;
        Self::parse(&text).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_real_dates_in_the_canonical_form_parse() {
        assert!(Day::parse("2024-02-29").is_ok());
        for bad in [
            "2023-02-29",
            "2026-2-14",
            "2026-02-14T00:00",
            " 2026-02-14",
            "1969-12-31",
            "2200-01-01",
            "２０２６-02-14",
            "-026-02-14",
            "",
        ] {
            assert!(Day::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn one_instant_is_a_different_day_in_other_zones() {
        let now = "2026-02-12T10:30:00Z".parse().unwrap();
        let day = |zone| Day::at(now, &Zone::parse(zone).unwrap()).to_string();
        assert_eq!(day("Pacific/Kiritimati"), "2026-02-13");
        assert_eq!(day("Pacific/Pago_Pago"), "2026-02-11");
        assert_eq!(day("UTC"), "2026-02-12");
    }

    #[test]
    fn a_day_is_read_from_borrowed_and_from_escaped_json() {
        let day = Day::parse("2026-02-14").unwrap();
        for json in [r#""2026-02-14""#, r#""2026\u002d02-14""#] {
            assert_eq!(serde_json::from_str::<Day>(json).unwrap(), day);
            assert_eq!(serde_json::from_reader::<_, Day>(json.as_bytes()).unwrap(), day);
        }
        assert!(serde_json::from_str::<Day>("20260214").is_err());
    }

    proptest! {
        #[test]
        fn a_day_is_restored_from_its_index(days in 0_i32..83_000) {
            let day = Day::parse("1970-01-01").unwrap().add_days(days);
            prop_assert_eq!(Day::from_index(day.year(), day.index_in_year()), Some(day));
        }

        #[test]
        fn ranges_give_each_day_once_from_both_ends(start in 10_i32..83_000, length in -2_i32..40, fronts in any::<u64>()) {
            let first = Day::parse("1970-01-01").unwrap().add_days(start);
            let mut left: std::collections::VecDeque<Day> = (0..length).map(|days| first.add_days(days)).collect();
            let mut range = inclusive_range(first, first.add_days(length - 1));
            for step in 0..64 {
                let is_front = fronts >> step & 1 == 1;
                let expected = if is_front { left.pop_front() } else { left.pop_back() };
                prop_assert_eq!(if is_front { range.next() } else { range.next_back() }, expected);
            }
        }

        #[test]
        fn parsing_never_panics(text in ".{0,12}") {
            let _ = Day::parse(&text);
        }
    }
}
