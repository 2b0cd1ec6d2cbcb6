//! One habit looked back on: a calendar year of it, day by day, and the figures of that year.

use super::insights::Tally;
use super::month::Month;
use super::streak::{Streak, streak};
use super::{Day, Habit, History, Schedule, day};

/// How a day stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Nothing was planned, and nothing was done.
    Free,
    /// Planned and done.
    Done,
    /// Planned and not done.
    Missed,
    /// Done, though nothing was planned; it counts in no rate.
    Extra,
    /// Today, planned and not done yet.
    Open,
    /// Still to come.
    Ahead,
}

/// One calendar year of one habit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Review {
    /// The habit, kept or put away.
    pub habit: Habit,
    /// The last day looked at.
    pub today: Day,
    /// Over all years, as of today.
    pub streak: Streak,
    /// The year.
    pub year: i16,
    /// The nearest year before it that there is something to see of.
    pub earlier: Option<i16>,
    /// The nearest year after it.
    pub later: Option<i16>,
    /// Planned up to today, and done of it.
    pub whole: Tally,
    /// The same by ISO weekday, Monday first.
    pub weekdays: [(i8, Tally); 7],
    /// The same by month.
    pub months: Vec<(Month, Tally)>,
    standings: Vec<Standing>,
}

impl Review {
    /// Looks at `year`; without one at this year, or the last there is something to see of when the habit is put away.
    pub fn of(habit: Habit, history: &History, year: Option<i16>, today: Day) -> Self {
        let years = years(&habit, history, today);
        let newest = if habit.is_active() { None } else { years.last().copied() };
        let year = year.or(newest).unwrap_or_else(|| today.year());
        let mut review = Self {
            today,
            streak: streak(&habit.schedule, history, today),
            year,
            earlier: years.iter().rev().find(|other| **other < year).copied(),
            later: years.iter().find(|other| **other > year).copied(),
            whole: Tally::default(),
            weekdays: [1, 2, 3, 4, 5, 6, 7].map(|weekday| (weekday, Tally::default())),
            months: Vec::new(),
            standings: Vec::new(),
            habit,
        };
        for day in days_of(year) {
            review.count(day, standing(&review.habit.schedule, history, day, today));
        }
        review
    }

    fn count(&mut self, day: Day, standing: Standing) {
        self.standings.push(standing);
        let tally = match standing {
            Standing::Done => Tally { scheduled: 1, completed: 1 },
            Standing::Missed | Standing::Open => Tally { scheduled: 1, completed: 0 },
            Standing::Free | Standing::Extra | Standing::Ahead => Tally::default(),
        };
        self.whole.add(tally);
        let weekday = day.weekday().to_monday_one_offset();
        if let Some((_, sum)) = self.weekdays.iter_mut().find(|(number, _)| *number == weekday) {
            sum.add(tally);
        }
        match self.months.last_mut() {
            Some((month, sum)) if *month == Month::of(day) => sum.add(tally),
            _ => self.months.push((Month::of(day), tally)),
        }
    }

    /// How a day of the year stands; days of other years are free.
    pub fn standing(&self, day: Day) -> Standing {
        let known = self.standings.get(day.index_in_year()).filter(|_| day.year() == self.year);
        known.copied().unwrap_or(Standing::Free)
    }

    /// The months from the first to the last that there is something to see of.
    pub fn shown(&self) -> &[(Month, Tally)] {
        let seen = |(month, _): &(Month, Tally)| {
            month.days().any(|day| !matches!(self.standing(day), Standing::Free | Standing::Ahead))
        };
        let first = self.months.iter().position(seen).unwrap_or(self.months.len());
        let end = self.months.iter().rposition(seen).map_or(first, |last| last + 1);
        self.months.get(first..end).unwrap_or_default()
    }
}

/// The years there is something to see of: a day planned up to today, or one done. This year is one while the habit is kept.
fn years(habit: &Habit, history: &History, today: Day) -> Vec<i16> {
    let first = history.first().map_or(habit.schedule.began(), |day| day.min(habit.schedule.began()));
    let seen = |year: &i16| {
        (habit.is_active() && *year == today.year())
            || days_of(*year)
                .any(|day| !matches!(standing(&habit.schedule, history, day, today), Standing::Free | Standing::Ahead))
    };
    (first.year()..=today.year()).filter(seen).collect()
}

fn standing(schedule: &Schedule, history: &History, day: Day, today: Day) -> Standing {
    match (schedule.plans(day), history.is_done(day)) {
        _ if day > today => Standing::Ahead,
        (true, true) => Standing::Done,
        (false, true) => Standing::Extra,
        (true, false) if day == today => Standing::Open,
        (true, false) => Standing::Missed,
        (false, false) => Standing::Free,
    }
}

fn days_of(year: i16) -> impl Iterator<Item = Day> {
    let ends = Day::of_year(year, 0).and_then(|first| Some((first, last_of(first)?)));
    ends.into_iter().flat_map(|(first, last)| day::from_to(first, last))
}

fn last_of(first: Day) -> Option<Day> {
    Day::from_date(first.date().last_of_year())
}

#[cfg(test)]
mod tests {
    use super::Standing::{Ahead, Done, Extra, Free, Missed, Open};
    use jiff::Timestamp;

    use super::super::habit::Plan;
    use super::super::year::HabitYear;
    use super::super::{HabitId, ReminderTimes, Title, Weekdays};
    use super::*;

    fn day(text: &str) -> Day {
        Day::parse(text).unwrap()
    }

    fn habit(from: &str, weekdays: &[i64]) -> Habit {
        let plan = Plan {
            title: Title::parse("Read").unwrap(),
            description: None,
            weekdays: Weekdays::parse(weekdays.iter().copied()).unwrap(),
            reminder_times: ReminderTimes::default(),
        };
        let id: HabitId = "0190c7a0-0000-7000-8000-000000000000".parse().unwrap();
        Habit::new(id, plan, 0, day(from), Timestamp::UNIX_EPOCH)
    }

    fn history(days: &[&str]) -> History {
        let mut history = History::default();
        for year in 2020..2030 {
            let mut ticked = HabitYear::default();
            for day in days.iter().map(|text| day(text)).filter(|day| day.year() == year) {
                ticked.tick(day, Timestamp::UNIX_EPOCH);
            }
            history.insert(year, ticked);
        }
        history
    }

    fn tally(scheduled: u32, completed: u32) -> Tally {
        Tally { scheduled, completed }
    }

    #[test]
    fn every_day_of_the_year_stands_somewhere_and_only_planned_ones_count() {
        // Mondays and Wednesdays from Monday 5 January; today is Wednesday the 14th.
        let done = history(&["2026-01-04", "2026-01-05", "2026-01-08", "2026-01-19"]);
        let review = Review::of(habit("2026-01-05", &[1, 3]), &done, None, day("2026-01-14"));
        let standings =
            ["2026-01-03", "2026-01-04", "2026-01-05", "2026-01-07", "2026-01-08", "2026-01-14", "2026-01-19"]
                .map(|text| review.standing(day(text)));
        assert_eq!(standings, [Free, Extra, Done, Missed, Extra, Open, Ahead]);
        assert_eq!(review.whole, tally(4, 1));
        assert_eq!(review.weekdays[0], (1, tally(2, 1)));
        assert_eq!(review.weekdays[2], (3, tally(2, 0)));
        assert_eq!((review.months.len(), review.months[0].1), (12, tally(4, 1)));
        assert_eq!(review.shown().len(), 1, "February is still to come");
        assert_eq!((review.earlier, review.later), (None, None));
    }

    #[test]
    fn years_lead_to_the_nearest_ones_with_something_in_them() {
        let mut habit = habit("2023-12-28", &[1]);
        habit.schedule.pause(day("2024-06-01"));
        habit.schedule.resume(day("2026-01-05"));
        let years = |year| {
            let review = Review::of(habit.clone(), &history(&[]), year, day("2027-01-01"));
            (review.year, review.earlier, review.later)
        };
        // From Thursday 28 December 2023 no Monday is left in that year, and 2025 was without plans.
        assert_eq!(years(None), (2027, Some(2026), None));
        assert_eq!(years(Some(2026)), (2026, Some(2024), Some(2027)));
        assert_eq!(years(Some(2024)), (2024, None, Some(2026)));
        assert_eq!(years(Some(2025)), (2025, Some(2024), Some(2026)));
        assert_eq!(years(Some(1999)), (1999, None, Some(2024)));
    }

    #[test]
    fn a_habit_that_was_put_away_opens_with_its_last_year() {
        let mut habit = habit("2024-02-01", &[1, 2, 3, 4, 5, 6, 7]);
        habit.schedule.pause(day("2024-03-02"));
        habit.archived_at = Some(Timestamp::UNIX_EPOCH);
        let review = Review::of(habit, &history(&["2024-02-29", "2024-03-01"]), None, day("2026-02-12"));
        assert_eq!((review.year, review.earlier, review.later), (2024, None, None));
        assert_eq!(review.whole, tally(30, 2));
        assert_eq!(review.shown().iter().map(|(_, tally)| *tally).collect::<Vec<_>>(), [tally(29, 1), tally(1, 1)]);
        assert_eq!(review.streak, Streak { current: 2, longest: 2 });
    }

    #[test]
    fn the_ends_of_the_range_are_years_like_any_other() {
        for year in [1970, 2199, i16::MAX, i16::MIN, 0] {
            let review = Review::of(habit("2026-01-05", &[1]), &history(&[]), Some(year), day("2026-01-14"));
            assert!(review.shown().is_empty() && review.whole == Tally::default(), "{year}");
        }
    }
}
