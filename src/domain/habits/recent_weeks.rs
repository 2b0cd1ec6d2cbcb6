//! The last twelve calendar weeks, in which the insights page draws heat maps and weekly rates.

use crate::domain::Day;
use crate::domain::accounts::preferences::WeekStart;
use crate::domain::calendar::month::week_of;
use crate::domain::habits::history::History;
use crate::domain::habits::insights::{CompletionRate, rate_on};
use crate::domain::habits::schedule::Schedule;

pub const RECENT_WEEKS: usize = 12;

/// A week, from the day on which the user's weeks start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecentWeek {
    /// Today's rate includes what is still open. Later days have no rate.
    pub days: [(Day, Option<CompletionRate>); 7],
    /// The sum of the days, without what is still open today.
    pub total: CompletionRate,
}

impl RecentWeek {
    fn new(habits: &[(&Schedule, &History)], days: [Day; 7], today: Day) -> Self {
        let days = days.map(|day| (day, (day <= today).then(|| rate_on(habits, day))));
        let mut total = CompletionRate::default();
        for (day, rate) in days {
            total.add(rate.unwrap_or_default().so_far(day, today));
        }
        Self { days, total }
    }

    /// The first day.
    pub fn first(&self) -> Day {
        let [(first, _), ..] = self.days;
        first
    }
}

/// The weeks of these habits taken together, oldest first. The last one contains today.
pub fn recent_weeks(habits: &[(&Schedule, &History)], week_start: WeekStart, today: Day) -> [RecentWeek; RECENT_WEEKS] {
    let mut weeks_back = (0..RECENT_WEEKS).rev().map(|weeks| i32::try_from(weeks).unwrap_or(0));
    std::array::from_fn(|_| {
        let day = today.add_days(-7 * weeks_back.next().unwrap_or(0));
        RecentWeek::new(habits, week_of(day, week_start), today)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::Weekdays;

    fn day(text: &str) -> Day {
        Day::parse(text).unwrap()
    }

    #[test]
    fn the_current_week_is_last_and_ends_today() {
        let today = day("2026-02-12");
        let schedule = Schedule::new(day("2026-02-09"), Weekdays::ALL);
        let done = History::of_days([day("2026-02-10")]);
        let rate = |scheduled, completed| CompletionRate { scheduled, completed };
        for (start, first, last_first) in
            [(WeekStart::Monday, "2025-11-24", "2026-02-09"), (WeekStart::Sunday, "2025-11-23", "2026-02-08")]
        {
            let weeks = recent_weeks(&[(&schedule, &done)], start, today);
            assert_eq!((weeks[0].first(), weeks[11].first()), (day(first), day(last_first)));
            assert_eq!(weeks[11].total, rate(3, 1), "today is open and part of no total");
            assert!(weeks[11].days.contains(&(today, Some(rate(1, 0)))));
            assert!(weeks[11].days.contains(&(day("2026-02-13"), None)));
        }
    }

    proptest! {
        #[test]
        fn totals_count_every_scheduled_day_once(
            done in prop::collection::btree_set(0_i32..120, 0..90),
            skipped in prop::collection::btree_set(0_i32..120, 0..20),
            weekdays in prop::collection::vec(1_i64..=7, 1..7),
            since in 0_i32..120,
            starts_on_sunday in any::<bool>(),
        ) {
            let today = day("2026-03-05");
            let first = today.add_days(-119);
            let schedule = Schedule::new(first.add_days(since), Weekdays::parse(weekdays).unwrap());
            let mut history = History::of_days(done.into_iter().map(|offset| first.add_days(offset)));
            for offset in skipped {
                history.skip(first.add_days(offset), first.add_days(offset));
            }
            let (start, offset) =
                if starts_on_sunday { (WeekStart::Sunday, 4) } else { (WeekStart::Monday, 3) };
            let weeks = recent_weeks(&[(&schedule, &history)], start, today);
            // 2026-03-05 is a Thursday. The same rule, one day at a time.
            for (week, back) in weeks.iter().zip((0..12).rev()) {
                let mut expected = CompletionRate::default();
                for date in 0..7 {
                    let at = today.add_days(date - offset - 7 * back);
                    prop_assert_eq!(week.days[usize::try_from(date).unwrap()].0, at);
                    if schedule.is_scheduled(at) && history.counts(at) && at <= today && (at < today || history.is_done(at)) {
                        expected.scheduled += 1;
                        expected.completed += u32::from(history.is_done(at));
                    }
                }
                prop_assert_eq!(week.total, expected);
            }
        }
    }
}
