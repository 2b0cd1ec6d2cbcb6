//! Insights: statistics of the last 90 days. The figures are defined as in Atlas's predecessor, with the schedule in force on
//! each day, and with one difference: a habit that is still open today is not yet missed, so it is part of no rate.

use crate::domain::Day;
use crate::domain::calendar::day;
use crate::domain::habits::history::History;
use crate::domain::habits::schedule::Schedule;

/// The number of days, including today.
pub const WINDOW_DAYS: i32 = 90;
pub const HEATMAP_WEEKS: usize = 12;
/// The length of each of the two periods that the trend compares.
const TREND_DAYS: i32 = 14;
/// The smallest change of the rate that counts as up or down.
const FLAT_THRESHOLD: f64 = 0.02;

/// How many scheduled days there were, and how many of them were completed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CompletionRate {
    pub scheduled: u32,
    pub completed: u32,
}

impl CompletionRate {
    /// Completed days per scheduled day, from 0 to 1; 0 when nothing was scheduled.
    pub fn rate(self) -> f64 {
        if self.scheduled == 0 { 0.0 } else { f64::from(self.completed) / f64::from(self.scheduled) }
    }

    /// The rate in percent: 100 only when everything was completed, 0 only when nothing was.
    pub fn percent(self) -> u32 {
        if self.scheduled == 0 || self.completed == 0 {
            return 0;
        }
        let rounded = (u64::from(self.completed) * 200 + u64::from(self.scheduled)) / (u64::from(self.scheduled) * 2);
        let max = if self.completed < self.scheduled { 99 } else { 100 };
        u32::try_from(rounded).unwrap_or(max).clamp(1, max)
    }

    /// The same without what can still be done today: on the last day, only completed habits count as scheduled.
    pub(super) fn so_far(self, day: Day, today: Day) -> Self {
        if day == today { Self { scheduled: self.completed, ..self } } else { self }
    }

    /// Adds the days of `other`.
    pub fn add(&mut self, other: Self) {
        self.scheduled += other.scheduled;
        self.completed += other.completed;
    }
}

/// The direction of a trend.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TrendDirection {
    Up,
    Down,
    Flat,
}

/// The last 14 days compared with the 14 days before.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Trend {
    /// The length of each period in days.
    pub window: i32,
    pub current: CompletionRate,
    pub previous: CompletionRate,
    /// The rate of `current` − the rate of `previous`.
    pub delta: f64,
    pub direction: TrendDirection,
}

/// The statistics of a user's active habits.
#[derive(Debug, Clone, PartialEq)]
pub struct Insights {
    /// The last day.
    pub today: Day,
    /// The rates of the last 7, 30 and 90 days.
    pub consistency: [(i32, CompletionRate); 3],
    /// By ISO day number, Monday first, without days of the week on which nothing was scheduled.
    pub weekdays: Vec<(i8, CompletionRate)>,
    /// The day of the week with the highest rate.
    pub best: Option<(i8, CompletionRate)>,
    /// The day of the week with the lowest rate.
    pub worst: Option<(i8, CompletionRate)>,
    pub trend: Trend,
    /// The last 84 days: seven rows from Monday, twelve columns from the oldest week. Today's cell includes open habits.
    pub heatmap: [[(Day, CompletionRate); HEATMAP_WEEKS]; 7],
}

/// Computes the statistics of these habits.
pub fn compute_insights(habits: &[(&Schedule, &History)], today: Day) -> Insights {
    let days: Vec<(Day, CompletionRate)> =
        day::inclusive_range(today.add_days(1 - WINDOW_DAYS), today).map(|day| (day, rate_on(habits, day))).collect();
    let judged: Vec<(Day, CompletionRate)> = days.iter().map(|(day, rate)| (*day, rate.so_far(*day, today))).collect();
    let last = |count: i32| sum(judged.iter().rev().take(usize::try_from(count).unwrap_or(0)));
    let weekdays: Vec<(i8, CompletionRate)> = (1..=7)
        .map(|weekday| (weekday, sum(judged.iter().filter(|(day, _)| day.weekday().to_monday_one_offset() == weekday))))
        .filter(|(_, rate)| rate.scheduled > 0)
        .collect();
    // Of equal rates, the one of more scheduled days is the best and the one of fewer the worst; then the earlier day wins.
    let best = weekdays.iter().copied().reduce(|best, other| {
        let wins =
            other.1.rate() > best.1.rate() || (is_equal(other.1, best.1) && other.1.scheduled > best.1.scheduled);
        if wins { other } else { best }
    });
    let worst = weekdays.iter().copied().reduce(|worst, other| {
        let loses =
            other.1.rate() < worst.1.rate() || (is_equal(other.1, worst.1) && other.1.scheduled < worst.1.scheduled);
        if loses { other } else { worst }
    });
    Insights {
        today,
        consistency: [7, 30, WINDOW_DAYS].map(|count| (count, last(count))),
        weekdays,
        best,
        worst,
        trend: compute_trend(last(TREND_DAYS), sum(judged.iter().rev().skip(14).take(14))),
        heatmap: heatmap(&days, today),
    }
}

/// The rate of one habit over the last 90 days.
pub fn recent_rate(schedule: &Schedule, history: &History, today: Day) -> CompletionRate {
    day::inclusive_range(today.add_days(1 - WINDOW_DAYS), today).fold(CompletionRate::default(), |mut sum, day| {
        sum.add(rate_on(&[(schedule, history)], day).so_far(day, today));
        sum
    })
}

/// How many of these habits were scheduled on `day` and not skipped, and how many of those were completed.
pub(super) fn rate_on(habits: &[(&Schedule, &History)], day: Day) -> CompletionRate {
    let scheduled = habits.iter().filter(|(schedule, history)| schedule.is_scheduled(day) && history.counts(day));
    scheduled.fold(CompletionRate::default(), |rate, (_, history)| CompletionRate {
        scheduled: rate.scheduled + 1,
        completed: rate.completed + u32::from(history.is_done(day)),
    })
}

fn sum<'a>(days: impl Iterator<Item = &'a (Day, CompletionRate)>) -> CompletionRate {
    days.fold(CompletionRate::default(), |mut sum, (_, rate)| {
        sum.add(*rate);
        sum
    })
}

/// Whether two rates are equal, compared without rounding.
fn is_equal(one: CompletionRate, other: CompletionRate) -> bool {
    u64::from(one.completed) * u64::from(other.scheduled) == u64::from(other.completed) * u64::from(one.scheduled)
}

fn compute_trend(current: CompletionRate, previous: CompletionRate) -> Trend {
    let delta = current.rate() - previous.rate();
    let direction = match delta {
        delta if delta > FLAT_THRESHOLD => TrendDirection::Up,
        delta if delta < -FLAT_THRESHOLD => TrendDirection::Down,
        _ => TrendDirection::Flat,
    };
    Trend { window: TREND_DAYS, current, previous, delta, direction }
}

fn heatmap(days: &[(Day, CompletionRate)], today: Day) -> [[(Day, CompletionRate); HEATMAP_WEEKS]; 7] {
    let mut rows = [[(today, CompletionRate::default()); HEATMAP_WEEKS]; 7];
    let shown = days.iter().skip(days.len().saturating_sub(HEATMAP_WEEKS * 7));
    for (index, (day, rate)) in shown.enumerate() {
        let row = usize::try_from(day.weekday().to_monday_zero_offset()).unwrap_or(0);
        if let Some(cell) = rows.get_mut(row).and_then(|row| row.get_mut(index / 7)) {
            *cell = (*day, *rate);
        }
    }
    rows
}

#[cfg(test)]
mod tests {

    use super::*;
    use crate::domain::Weekdays;

    fn day(text: &str) -> Day {
        Day::parse(text).unwrap()
    }

    #[test]
    fn without_habits_there_are_no_statistics() {
        let found = compute_insights(&[], day("2026-06-30"));
        assert!(found.best.is_none() && found.worst.is_none() && found.weekdays.is_empty());
        assert!(found.consistency.iter().all(|(_, rate)| rate.rate() == 0.0));
        assert_eq!(found.trend.direction, TrendDirection::Flat);
    }

    #[test]
    fn the_statistics_of_a_month_match_a_manual_count() {
        let today = day("2026-06-28");
        let daily = Schedule::new(day("2026-06-01"), Weekdays::ALL);
        // All of the last two weeks, none of the two before; Mondays are always missed.
        let done = crate::domain::calendar::day::inclusive_range(day("2026-06-15"), today)
            .filter(|day| day.weekday().to_monday_one_offset() != 1);
        let found = compute_insights(&[(&daily, &History::of_days(done))], today);
        let rate = |scheduled, completed| CompletionRate { scheduled, completed };
        assert_eq!(found.consistency, [(7, rate(7, 6)), (30, rate(28, 12)), (90, rate(28, 12))]);
        assert_eq!(found.worst, Some((1, rate(4, 0))));
        assert_eq!(found.best, Some((2, rate(4, 2))));
        assert_eq!(found.trend.direction, TrendDirection::Up);
        assert!((found.trend.delta - 12.0 / 14.0).abs() < 1e-12);
        assert_eq!(found.heatmap[6][11], (today, rate(1, 1)));
        assert_eq!(found.heatmap[0][11], (day("2026-06-22"), rate(1, 0)));
        assert_eq!(found.heatmap[1][8], (day("2026-06-02"), rate(1, 0)));
        assert_eq!(found.heatmap[1][10], (day("2026-06-16"), rate(1, 1)));
        assert_eq!(found.heatmap[0][0], (day("2026-04-06"), rate(0, 0)));
        assert_eq!(recent_rate(&daily, &History::of_days([today]), today), rate(28, 1));
    }

    #[test]
    fn a_habit_that_is_open_today_is_part_of_no_rate_until_it_is_done_or_the_day_is_over() {
        let today = day("2026-06-28");
        let daily = Schedule::new(day("2026-06-26"), Weekdays::ALL);
        let (done, open) = (History::of_days([day("2026-06-26"), today]), History::of_days([day("2026-06-26")]));
        let rate = |scheduled, completed| CompletionRate { scheduled, completed };
        let last_week = |histories: &[&History], today| {
            let habits: Vec<(&Schedule, &History)> = histories.iter().map(|history| (&daily, *history)).collect();
            compute_insights(&habits, today).consistency[0].1
        };
        assert_eq!(last_week(&[&open], today), rate(2, 1));
        assert_eq!(last_week(&[&done], today), rate(3, 2));
        assert_eq!(last_week(&[&done, &open], today), rate(5, 3));
        assert_eq!(last_week(&[&open], today.add_days(1)), rate(3, 1));
        assert_eq!([&open, &done].map(|history| recent_rate(&daily, history, today)), [rate(2, 1), rate(3, 2)]);
        let found = compute_insights(&[(&daily, &open)], today);
        assert_eq!(found.weekdays, [(5, rate(1, 1)), (6, rate(1, 0))]);
        assert_eq!(found.heatmap[6][11], (today, rate(1, 0)));
    }

    #[test]
    fn only_everything_is_100_percent_and_only_nothing_is_0() {
        let percent = |scheduled, completed| CompletionRate { scheduled, completed }.percent();
        assert_eq!([percent(0, 0), percent(9, 0), percent(3, 1), percent(3, 2), percent(8, 1)], [0, 0, 33, 67, 13]);
        assert_eq!([percent(1000, 999), percent(1000, 1), percent(1000, 1000)], [99, 1, 100]);
    }

    #[test]
    fn each_day_uses_the_schedule_in_force_on_it() {
        let today = day("2026-06-28");
        let mut schedule = Schedule::new(day("2026-06-01"), Weekdays::parse([1]).unwrap());
        schedule.change_from(day("2026-06-22"), Weekdays::ALL);
        let found = compute_insights(&[(&schedule, &History::default())], today);
        assert_eq!(found.consistency[2].1.scheduled, 3 + 6);
    }
}
