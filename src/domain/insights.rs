//! Insights: what the last ninety days say. Figures as the predecessor defined them, with the schedule that counted
//! on each day.

use super::history::History;
use super::schedule::Schedule;
use super::{Day, day};

/// How many days are looked at, today included.
pub const WINDOW: i32 = 90;
/// Weeks of the heatmap.
pub const WEEKS: usize = 12;
/// Days on each side of the trend.
const TREND: i32 = 14;
/// A smaller change than this is called flat.
const FLAT: f64 = 0.02;

/// What was planned and what was done of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Planned.
    pub scheduled: u32,
    /// Done.
    pub completed: u32,
}

impl Tally {
    /// Done out of planned, from 0 to 1; 0 when nothing was planned.
    pub fn rate(self) -> f64 {
        if self.scheduled == 0 { 0.0 } else { f64::from(self.completed) / f64::from(self.scheduled) }
    }

    /// The rate in whole percent for people: 100 only when all was done, 0 only when nothing was.
    pub fn percent(self) -> u32 {
        if self.scheduled == 0 || self.completed == 0 {
            return 0;
        }
        let rounded = (u64::from(self.completed) * 200 + u64::from(self.scheduled)) / (u64::from(self.scheduled) * 2);
        let most = if self.completed < self.scheduled { 99 } else { 100 };
        u32::try_from(rounded).unwrap_or(most).clamp(1, most)
    }

    /// Adds what was planned and done elsewhere.
    pub fn add(&mut self, other: Self) {
        self.scheduled += other.scheduled;
        self.completed += other.completed;
    }
}

/// Which way things go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Better than before.
    Up,
    /// Worse than before.
    Down,
    /// About the same.
    Flat,
}

/// The last fourteen days against the fourteen before.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Trend {
    /// Days on each side.
    pub window: i32,
    /// The last ones.
    pub current: Tally,
    /// Those before.
    pub previous: Tally,
    /// The rate of `current` − the rate of `previous`.
    pub delta: f64,
    /// Which way that is.
    pub direction: Direction,
}

/// What the last ninety days say.
#[derive(Debug, Clone, PartialEq)]
pub struct Insights {
    /// The last day looked at.
    pub today: Day,
    /// For the last 7, 30 and 90 days.
    pub consistency: [(i32, Tally); 3],
    /// By ISO weekday, Monday first; weekdays on which nothing was ever planned are left out.
    pub weekdays: Vec<(i8, Tally)>,
    /// The weekday with the highest rate.
    pub best: Option<(i8, Tally)>,
    /// The weekday with the lowest rate.
    pub worst: Option<(i8, Tally)>,
    /// Which way things go.
    pub trend: Trend,
    /// Each of the last 84 days: seven rows from Monday, twelve columns from the oldest week.
    pub heatmap: [[(Day, Tally); WEEKS]; 7],
}

/// Looks at the habits that are kept now.
pub fn insights(habits: &[(&Schedule, &History)], today: Day) -> Insights {
    let days: Vec<(Day, Tally)> =
        day::from_to(today.plus(1 - WINDOW), today).map(|day| (day, tally(habits, day))).collect();
    let last = |count: i32| sum(days.iter().rev().take(usize::try_from(count).unwrap_or(0)));
    let weekdays: Vec<(i8, Tally)> = (1..=7)
        .map(|weekday| (weekday, sum(days.iter().filter(|(day, _)| day.weekday().to_monday_one_offset() == weekday))))
        .filter(|(_, tally)| tally.scheduled > 0)
        .collect();
    // Ties: the better-founded weekday is best, the less-founded one worst, and then the earlier one.
    let best = weekdays.iter().copied().reduce(|best, other| {
        let wins = other.1.rate() > best.1.rate() || (same(other.1, best.1) && other.1.scheduled > best.1.scheduled);
        if wins { other } else { best }
    });
    let worst = weekdays.iter().copied().reduce(|worst, other| {
        let loses =
            other.1.rate() < worst.1.rate() || (same(other.1, worst.1) && other.1.scheduled < worst.1.scheduled);
        if loses { other } else { worst }
    });
    Insights {
        today,
        consistency: [7, 30, WINDOW].map(|count| (count, last(count))),
        weekdays,
        best,
        worst,
        trend: trend(last(TREND), sum(days.iter().rev().skip(14).take(14))),
        heatmap: heatmap(&days, today),
    }
}

/// What one habit's last ninety days say.
pub fn last_days(schedule: &Schedule, history: &History, today: Day) -> Tally {
    day::from_to(today.plus(1 - WINDOW), today).fold(Tally::default(), |mut sum, day| {
        sum.add(tally(&[(schedule, history)], day));
        sum
    })
}

fn tally(habits: &[(&Schedule, &History)], day: Day) -> Tally {
    let planned = habits.iter().filter(|(schedule, _)| schedule.plans(day));
    planned.fold(Tally::default(), |tally, (_, history)| Tally {
        scheduled: tally.scheduled + 1,
        completed: tally.completed + u32::from(history.is_done(day)),
    })
}

fn sum<'a>(days: impl Iterator<Item = &'a (Day, Tally)>) -> Tally {
    days.fold(Tally::default(), |mut sum, (_, tally)| {
        sum.add(*tally);
        sum
    })
}

/// Whether two rates are the same, without comparing fractions.
fn same(one: Tally, other: Tally) -> bool {
    u64::from(one.completed) * u64::from(other.scheduled) == u64::from(other.completed) * u64::from(one.scheduled)
}

fn trend(now: Tally, before: Tally) -> Trend {
    let delta = now.rate() - before.rate();
    let direction = match delta {
        delta if delta > FLAT => Direction::Up,
        delta if delta < -FLAT => Direction::Down,
        _ => Direction::Flat,
    };
    Trend { window: TREND, current: now, previous: before, delta, direction }
}

fn heatmap(days: &[(Day, Tally)], today: Day) -> [[(Day, Tally); WEEKS]; 7] {
    let mut rows = [[(today, Tally::default()); WEEKS]; 7];
    let shown = days.iter().skip(days.len().saturating_sub(WEEKS * 7));
    for (index, (day, tally)) in shown.enumerate() {
        let row = usize::try_from(day.weekday().to_monday_zero_offset()).unwrap_or(0);
        if let Some(cell) = rows.get_mut(row).and_then(|row| row.get_mut(index / 7)) {
            *cell = (*day, *tally);
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::super::Weekdays;
    use super::super::year::HabitYear;
    use super::*;

    fn day(text: &str) -> Day {
        Day::parse(text).unwrap()
    }

    fn history(days: impl IntoIterator<Item = Day>) -> History {
        let mut year = HabitYear::default();
        for day in days {
            year.tick(day, Timestamp::UNIX_EPOCH);
        }
        [(2026, year)].into_iter().collect()
    }

    #[test]
    fn nothing_planned_says_nothing() {
        let found = insights(&[], day("2026-06-30"));
        assert!(found.best.is_none() && found.worst.is_none() && found.weekdays.is_empty());
        assert!(found.consistency.iter().all(|(_, tally)| tally.rate() == 0.0));
        assert_eq!(found.trend.direction, Direction::Flat);
    }

    #[test]
    fn the_figures_of_a_month_are_those_one_counts_by_hand() {
        let today = day("2026-06-28");
        let daily = Schedule::starting(day("2026-06-01"), Weekdays::ALL);
        // All of the last two weeks, none of the two before; Mondays are always missed.
        let done = super::super::day::from_to(day("2026-06-15"), today)
            .filter(|day| day.weekday().to_monday_one_offset() != 1);
        let found = insights(&[(&daily, &history(done))], today);
        let tally = |scheduled, completed| Tally { scheduled, completed };
        assert_eq!(found.consistency, [(7, tally(7, 6)), (30, tally(28, 12)), (90, tally(28, 12))]);
        assert_eq!(found.worst, Some((1, tally(4, 0))));
        assert_eq!(found.best, Some((2, tally(4, 2))));
        assert_eq!(found.trend.direction, Direction::Up);
        assert!((found.trend.delta - 12.0 / 14.0).abs() < 1e-12);
        assert_eq!(found.heatmap[6][11], (today, tally(1, 1)));
        assert_eq!(found.heatmap[0][11], (day("2026-06-22"), tally(1, 0)));
        assert_eq!(found.heatmap[1][8], (day("2026-06-02"), tally(1, 0)));
        assert_eq!(found.heatmap[1][10], (day("2026-06-16"), tally(1, 1)));
        assert_eq!(found.heatmap[0][0], (day("2026-04-06"), tally(0, 0)));
        assert_eq!(last_days(&daily, &history([today]), today), tally(28, 1));
    }

    #[test]
    fn a_hundred_percent_is_everything_and_none_is_nothing() {
        let percent = |scheduled, completed| Tally { scheduled, completed }.percent();
        assert_eq!([percent(0, 0), percent(9, 0), percent(3, 1), percent(3, 2), percent(8, 1)], [0, 0, 33, 67, 13]);
        assert_eq!([percent(1000, 999), percent(1000, 1), percent(1000, 1000)], [99, 1, 100]);
    }

    #[test]
    fn what_was_planned_on_a_day_counts_and_not_what_is_planned_now() {
        let today = day("2026-06-28");
        let mut schedule = Schedule::starting(day("2026-06-01"), Weekdays::parse([1]).unwrap());
        schedule.change(day("2026-06-22"), Weekdays::ALL);
        let found = insights(&[(&schedule, &History::default())], today);
        assert_eq!(found.consistency[2].1.scheduled, 3 + 7);
    }
}
