//! A calendar month, in whole weeks.

use std::fmt;

use jiff::civil::{Date, Weekday};

use crate::domain::Day;
use crate::domain::accounts::preferences::WeekStart;
use crate::domain::calendar::day;

/// A month between January 1970 and December 2199, written `YYYY-MM`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Month {
    first: Day,
}

impl Month {
    /// The month in which `day` lies.
    pub fn containing(day: Day) -> Self {
        Self { first: first_of(day) }
    }

    /// Parses `YYYY-MM`; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        Day::parse(&format!("{text}-01")).ok().map(|first| Self { first })
    }

    pub fn first(self) -> Day {
        self.first
    }

    pub fn last(self) -> Day {
        Day::from_date(self.first.date().last_of_month()).unwrap_or(self.first)
    }

    /// The month after this one; the last month of the range stays itself.
    pub fn next(self) -> Self {
        Self::containing(self.last().add_days(1))
    }

    /// The month before this one; the first month of the range stays itself.
    pub fn previous(self) -> Self {
        Self::containing(self.first.yesterday())
    }

    pub fn days(self) -> impl DoubleEndedIterator<Item = Day> {
        day::inclusive_range(self.first, self.last())
    }

    /// The four to six whole weeks of the month; `None` for days of other months.
    pub fn weeks(self, start: WeekStart) -> Vec<[Option<Day>; 7]> {
        let mut weeks: Vec<[Option<Day>; 7]> = Vec::new();
        for day in self.days() {
            let column = column(day.weekday(), start);
            if weeks.is_empty() || column == 0 {
                weeks.push([None; 7]);
            }
            if let Some(cell) = weeks.last_mut().and_then(|week| week.get_mut(column)) {
                *cell = Some(day);
            }
        }
        weeks
    }
}

/// ISO day numbers in the order of a week that begins with `start`.
pub fn weekday_order(start: WeekStart) -> [i8; 7] {
    match start {
        WeekStart::Monday => [1, 2, 3, 4, 5, 6, 7],
        WeekStart::Sunday => [7, 1, 2, 3, 4, 5, 6],
    }
}

/// The week of `day`, from the day on which weeks start.
pub fn week_of(day: Day, start: WeekStart) -> [Day; 7] {
    let first = day.add_days(-i32::try_from(column(day.weekday(), start)).unwrap_or(0));
    [0, 1, 2, 3, 4, 5, 6].map(|days| first.add_days(days))
}

fn column(weekday: Weekday, start: WeekStart) -> usize {
    let offset = match start {
        WeekStart::Monday => weekday.to_monday_zero_offset(),
        WeekStart::Sunday => weekday.to_sunday_zero_offset(),
    };
    usize::try_from(offset).unwrap_or(0)
}

fn first_of(day: Day) -> Day {
    let date: Date = day.date().first_of_month();
    Day::from_date(date).unwrap_or(day)
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.first.date().strftime("%Y-%m").fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn month(text: &str) -> Month {
        Month::parse(text).unwrap()
    }

    #[test]
    fn next_and_previous_cross_the_year() {
        assert_eq!(month("2026-12").next(), month("2027-01"));
        assert_eq!(month("2026-01").previous(), month("2025-12"));
        assert_eq!(month("2024-02").last().to_string(), "2024-02-29");
        assert_eq!(month("1970-01").previous(), month("1970-01"));
        assert_eq!(month("2199-12").next(), month("2199-12"));
        assert_eq!(month("2026-02").to_string(), "2026-02");
        for bad in ["", "2026", "2026-13", "2026-2", "2026-02-01", "1969-12"] {
            assert!(Month::parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn weeks_begin_on_either_day() {
        // February 2026 begins on a Sunday and has 28 days.
        let sunday = month("2026-02").weeks(WeekStart::Sunday);
        assert_eq!(sunday.len(), 4);
        assert!(sunday.iter().flatten().all(Option::is_some));
        let monday = month("2026-02").weeks(WeekStart::Monday);
        assert_eq!(monday.len(), 5);
        assert_eq!(monday[0].iter().flatten().count(), 1);
        let all: Vec<Day> = monday.into_iter().flatten().flatten().collect();
        assert_eq!(all, month("2026-02").days().collect::<Vec<_>>());
    }
}
