//! How often a habit was done in each week, month, quarter, or year.

use crate::domain::Day;
use crate::domain::accounts::preferences::WeekStart;
use crate::domain::calendar::day::inclusive_range;
use crate::domain::calendar::month::{Month, week_of};
use crate::domain::habits::amount::Amount;
use crate::domain::habits::day_ranges::DayRange;
use crate::domain::habits::history::History;
use crate::domain::habits::insights::CompletionRate;
use crate::domain::habits::review::{rate_of_status, status_of};
use crate::domain::habits::schedule::Schedule;

/// A length of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Period {
    Week,
    #[default]
    Month,
    Quarter,
    Year,
}

impl Period {
    pub const ALL: [Self; 4] = [Self::Week, Self::Month, Self::Quarter, Self::Year];

    /// As addresses write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Week => "week",
            Self::Month => "month",
            Self::Quarter => "quarter",
            Self::Year => "year",
        }
    }

    /// The inverse of [`Self::as_str`]; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|period| period.as_str() == text)
    }

    /// The most periods that are shown.
    pub fn max_count(self) -> usize {
        match self {
            Self::Week => 26,
            Self::Month => 24,
            Self::Quarter => 12,
            Self::Year => 8,
        }
    }

    /// The length of the shortest period of this kind, in days.
    pub fn min_days(self) -> u16 {
        match self {
            Self::Week => 7,
            Self::Month => 28,
            Self::Quarter => 90,
            Self::Year => 365,
        }
    }

    /// The period in which `day` lies.
    pub fn days_around(self, day: Day, week_start: WeekStart) -> DayRange {
        let first = self.first_day(day, week_start);
        let months = |count: u8| (1..count).fold(Month::containing(first), |month, _| month.next()).last();
        let last = match self {
            Self::Week => first.add_days(6),
            Self::Month => months(1),
            Self::Quarter => months(3),
            Self::Year => months(12),
        };
        DayRange { first, last }
    }

    /// The first day of the period in which `day` lies.
    pub fn first_day(self, day: Day, week_start: WeekStart) -> Day {
        let month = Month::containing(day).first();
        match self {
            Self::Week => {
                let [first, ..] = week_of(day, week_start);
                first
            }
            Self::Month => month,
            Self::Quarter => {
                let months_before = (day.date().month() - 1) % 3;
                (0..months_before).fold(month, |first, _| Month::containing(first).previous().first())
            }
            Self::Year => Day::from_index(day.year(), 0).unwrap_or(month),
        }
    }
}

/// One period, without today while it is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PeriodRate {
    /// The first day of the period.
    pub first: Day,
    pub rate: CompletionRate,
    /// The sum of its amounts.
    pub sum: Amount,
}

/// The newest periods, oldest first: from the one in which the habit began to the current one, or to the last one before the
/// habit was archived.
pub fn compute_period_rates(
    schedule: &Schedule,
    history: &History,
    period: Period,
    week_start: WeekStart,
    today: Day,
) -> Vec<PeriodRate> {
    let begin = history.first().map_or(schedule.start(), |first| first.min(schedule.start()));
    let mut last = last_day(schedule, history, today);
    let mut rates = Vec::new();
    while rates.len() < period.max_count() && last >= begin {
        let first = period.first_day(last, week_start);
        let mut rate = CompletionRate::default();
        for day in inclusive_range(first, last) {
            rate.add(rate_of_status(status_of(schedule, history, day, today)));
        }
        let sum = history.summaries_in(DayRange { first, last }).filter_map(|(_, summary)| summary.amount).sum();
        rates.push(PeriodRate { first, rate, sum });
        // The first day that Atlas knows is its own yesterday.
        if first.yesterday() == first {
            break;
        }
        last = first.yesterday();
    }
    rates.reverse();
    rates
}

/// Today, or for an archived habit its last scheduled or completed day.
fn last_day(schedule: &Schedule, history: &History, today: Day) -> Day {
    let archived = schedule.versions().last().filter(|version| version.weekdays.is_none());
    let Some(version) = archived.filter(|version| version.from <= today) else { return today };
    let completed = history.days().take_while(|day| *day <= today).last();
    completed.map_or(version.from.yesterday(), |day| day.max(version.from.yesterday()))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::domain::Weekdays;

    fn day(text: &str) -> Day {
        Day::parse(text).unwrap()
    }

    #[test]
    fn periods_begin_on_their_first_day() {
        for (date, week_start, expected) in [
            ("2026-02-12", WeekStart::Monday, ["2026-02-09", "2026-02-01", "2026-01-01", "2026-01-01"]),
            ("2026-02-12", WeekStart::Sunday, ["2026-02-08", "2026-02-01", "2026-01-01", "2026-01-01"]),
            ("2025-12-31", WeekStart::Monday, ["2025-12-29", "2025-12-01", "2025-10-01", "2025-01-01"]),
            ("2024-04-01", WeekStart::Monday, ["2024-04-01", "2024-04-01", "2024-04-01", "2024-01-01"]),
        ] {
            assert_eq!(Period::ALL.map(|period| period.first_day(day(date), week_start)), expected.map(day), "{date}");
            for period in Period::ALL {
                let days = period.days_around(day(date), week_start);
                assert!(days.contains(day(date)) && days.first == period.first_day(days.last, week_start), "{date}");
                let (next, length) = (days.last.add_days(1), days.last.days_since(days.first) + 1);
                assert_eq!(next, period.first_day(next, week_start), "{date}");
                assert!(length >= period.min_days().into() && length <= usize::from(period.min_days()) + 3, "{date}");
            }
        }
        assert_eq!(Period::ALL.map(|period| Period::parse(period.as_str())), Period::ALL.map(Some));
        assert_eq!([Period::parse(""), Period::parse("Week"), Period::parse("day")], [None; 3]);
    }

    #[test]
    fn periods_go_from_the_first_day_to_today_or_to_the_day_before_the_archive() {
        let mut schedule = Schedule::new(day("2026-01-20"), Weekdays::ALL);
        let done = History::of_days([day("2026-01-21"), day("2026-02-12")]);
        let months = |schedule: &Schedule, today: &str| {
            compute_period_rates(schedule, &done, Period::Month, WeekStart::Monday, day(today))
        };
        let rate = |first, scheduled, completed| PeriodRate {
            first: day(first),
            rate: CompletionRate { scheduled, completed },
            sum: Amount::ZERO,
        };
        assert_eq!(months(&schedule, "2026-02-11"), [rate("2026-01-01", 12, 1), rate("2026-02-01", 10, 0)]);
        assert_eq!(months(&schedule, "2026-02-12"), [rate("2026-01-01", 12, 1), rate("2026-02-01", 12, 1)]);
        schedule.pause_from(day("2026-02-03"));
        assert_eq!(months(&schedule, "2027-02-11").last(), Some(&rate("2026-02-01", 2, 0)));
        assert!(months(&schedule, "2026-01-19").is_empty(), "nothing before the habit's first day");
    }

    proptest! {
        #[test]
        fn every_day_belongs_to_one_period(
            done in prop::collection::btree_set(0_i32..900, 0..500),
            skipped in prop::collection::btree_set(0_i32..900, 0..40),
            weekdays in prop::collection::vec(1_i64..=7, 1..7),
            since in 0_i32..900,
            kind in 0_usize..4,
            starts_on_sunday in any::<bool>(),
        ) {
            let today = day("2026-03-05");
            let first = today.add_days(-899);
            let schedule = Schedule::new(first.add_days(since), Weekdays::parse(weekdays).unwrap());
            let mut history = History::of_days(done.into_iter().map(|offset| first.add_days(offset)));
            for offset in skipped {
                history.skip(first.add_days(offset), first.add_days(offset));
            }
            let (period, start) =
                (Period::ALL[kind], if starts_on_sunday { WeekStart::Sunday } else { WeekStart::Monday });
            let rates = compute_period_rates(&schedule, &history, period, start, today);
            // The same rule: each day, looked up by the first day of its period.
            let mut expected: BTreeMap<Day, CompletionRate> = BTreeMap::new();
            let begin = history.first().map_or(schedule.start(), |first| first.min(schedule.start()));
            for at in inclusive_range(begin, today) {
                let rate = expected.entry(period.first_day(at, start)).or_default();
                if schedule.is_scheduled(at) && history.counts(at) && (at < today || history.is_done(at)) {
                    rate.scheduled += 1;
                    rate.completed += u32::from(history.is_done(at));
                }
            }
            let newest = expected.len().saturating_sub(period.max_count());
            let expected: Vec<(Day, CompletionRate)> = expected.into_iter().skip(newest).collect();
            prop_assert_eq!(rates.iter().map(|rate| (rate.first, rate.rate)).collect::<Vec<_>>(), expected);
        }
    }
}
