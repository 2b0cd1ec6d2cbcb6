//! A day: a civil date where somebody lives. Never an instant.

use std::fmt;

use jiff::civil::{Date, Weekday};
use jiff::{Timestamp, ToSpan};
use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Fault, Zone};

/// A civil date between 1970-01-01 and 2199-12-31, written `YYYY-MM-DD`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(Date);

/// First and last year a day may lie in.
pub const YEARS: std::ops::RangeInclusive<i16> = 1970..=2199;

impl Day {
    /// Parses `YYYY-MM-DD`: ten ASCII characters that name a real day.
    ///
    /// # Errors
    /// A [`Fault`] of the field `date`.
    pub fn parse(text: &str) -> Result<Self, Fault> {
        let fault = || Fault::new("date", "A date is written year-month-day, as in 2026-02-14, and must exist.");
        let shape = text.len() == 10
            && text.bytes().enumerate().all(|(at, b)| if matches!(at, 4 | 7) { b == b'-' } else { b.is_ascii_digit() });
        if !shape {
            return Err(fault());
        }
        let date: Date = text.parse().map_err(|_| fault())?;
        Self::from_date(date).ok_or_else(fault)
    }

    /// The day, when it lies in the range Atlas keeps.
    pub fn from_date(date: Date) -> Option<Self> {
        YEARS.contains(&date.year()).then_some(Self(date))
    }

    /// The day it is at `now` in `zone`. Instants outside the range give its first or last day.
    pub fn at(now: Timestamp, zone: &Zone) -> Self {
        let date = zone.rules().to_datetime(now).date();
        Self::from_date(date).unwrap_or(if date.year() < *YEARS.start() {
            Self(jiff::civil::date(*YEARS.start(), 1, 1))
        } else {
            Self(jiff::civil::date(*YEARS.end(), 12, 31))
        })
    }

    /// The civil date.
    pub fn date(self) -> Date {
        self.0
    }

    /// The weekday of the date itself, the same in every zone.
    pub fn weekday(self) -> Weekday {
        self.0.weekday()
    }

    /// The day before, or itself at the beginning of the range.
    pub fn yesterday(self) -> Self {
        self.plus(-1)
    }

    /// The day that many days later (or earlier, below zero), held inside the range.
    pub fn plus(self, days: i32) -> Self {
        let date = self.0.saturating_add(days.days());
        Self::from_date(date).unwrap_or(self)
    }

    /// Year, as it keys what is stored.
    pub fn year(self) -> i16 {
        self.0.year()
    }

    /// Days since the first of January, from 0 to 365.
    pub fn index_in_year(self) -> usize {
        usize::try_from(self.0.day_of_year() - 1).unwrap_or(0)
    }

    /// The index of the last day of `year`.
    pub fn last_index(year: i16) -> usize {
        let is_leap = Date::new(year, 1, 1).is_ok_and(Date::in_leap_year);
        if is_leap { 365 } else { 364 }
    }

    /// How many days lie between an earlier day and this one; none when it is later.
    pub fn days_since(self, earlier: Self) -> usize {
        earlier.0.until(self.0).ok().and_then(|span| usize::try_from(span.get_days()).ok()).unwrap_or(0)
    }

    /// The day with that index in `year`, if the year is that long.
    pub fn of_year(year: i16, index: usize) -> Option<Self> {
        let first = Date::new(year, 1, 1).ok()?;
        let date = first.checked_add(i64::try_from(index).ok()?.days()).ok()?;
        if date.year() == year { Self::from_date(date) } else { None }
    }
}

/// Every day from `first` to `last`, both included; none when `last` is earlier.
pub fn from_to(first: Day, last: Day) -> impl DoubleEndedIterator<Item = Day> {
    let length = first.0.until(last.0).map_or(-1, |span| span.get_days());
    (0..=length).map(move |days| first.plus(days))
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

/// Straight from the text, without a copy of it: a page of habits is read with many days in it.
impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Written;
        impl Visitor<'_> for Written {
            type Value = Day;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a date, as in 2026-02-14")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Day, E> {
                Day::parse(text).map_err(|fault| E::custom(fault.message))
            }
        }
        deserializer.deserialize_str(Written)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_real_days_in_the_one_spelling_are_taken() {
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
    fn the_same_instant_is_another_day_elsewhere() {
        let now = "2026-02-12T10:30:00Z".parse().unwrap();
        let day = |zone| Day::at(now, &Zone::parse(zone).unwrap()).to_string();
        assert_eq!(day("Pacific/Kiritimati"), "2026-02-13");
        assert_eq!(day("Pacific/Pago_Pago"), "2026-02-11");
        assert_eq!(day("UTC"), "2026-02-12");
    }

    proptest! {
        #[test]
        fn a_day_is_found_again_by_its_index(days in 0_i32..83_000) {
            let day = Day::parse("1970-01-01").unwrap().plus(days);
            prop_assert_eq!(Day::of_year(day.year(), day.index_in_year()), Some(day));
        }

        #[test]
        fn whatever_is_typed_never_panics(text in ".{0,12}") {
            let _ = Day::parse(&text);
        }
    }
}
