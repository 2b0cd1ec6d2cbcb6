//! A schedule and its past: which weekdays counted from which day on.
//!
//! A change is for the days to come. What was planned on a day stays planned on it, so nobody's history is rewritten
//! by a new plan.

use serde::{Deserialize, Serialize};

use super::{Day, Weekdays};

/// The weekdays that count from a day on, until the next version begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Version {
    /// The first day it counts for.
    pub from: Day,
    /// The weekdays; `None` while the habit is put away and nothing is planned.
    pub weekdays: Option<Weekdays>,
}

/// One or more versions, each beginning later than the one before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<Version>", into = "Vec<Version>")]
pub struct Schedule {
    first: Version,
    later: Vec<Version>,
}

impl Schedule {
    /// These weekdays, from the day a habit begins.
    pub fn starting(from: Day, weekdays: Weekdays) -> Self {
        Self { first: Version { from, weekdays: Some(weekdays) }, later: Vec::new() }
    }

    /// The first day it counts for.
    pub fn began(&self) -> Day {
        self.first.from
    }

    /// Whether something is planned on `day`. Nothing is before the habit began or while it was put away.
    pub fn plans(&self, day: Day) -> bool {
        self.began() <= day && self.fits(day)
    }

    /// Whether `day` is one of the weekdays that counted then. Days before the habit began are measured by its first
    /// weekdays: a tick of yesterday, on the morning a habit is made, is no mistake.
    pub fn fits(&self, day: Day) -> bool {
        let version = self.later.iter().take_while(|version| version.from <= day).last().unwrap_or(&self.first);
        version.weekdays.is_some_and(|weekdays| weekdays.on(day))
    }

    /// What [`Self::fits`] says of `day`, of the day before it, and so on for ever.
    pub fn back_from(&self, day: Day) -> impl Iterator<Item = bool> + '_ {
        let later = self.later.iter().rev().filter(move |version| version.from <= day);
        let later = later.map(move |version| (day.days_since(version.from) + 1, version.weekdays));
        let mut versions = later.chain([(usize::MAX, self.first.weekdays)]);
        let (mut back, mut end, mut weekdays, mut weekday) = (0, 0, None, day.weekday());
        std::iter::from_fn(move || {
            while back == end {
                (end, weekdays) = versions.next()?;
            }
            let planned = weekdays.is_some_and(|weekdays: Weekdays| weekdays.has(weekday));
            (back, weekday) = (back + 1, weekday.previous());
            Some(planned)
        })
    }

    /// The weekdays of the newest version that has any: those of a habit that is put away are the ones it had.
    pub fn weekdays(&self) -> Weekdays {
        let newest = self.later.iter().rev().chain([&self.first]).find_map(|version| version.weekdays);
        newest.unwrap_or(Weekdays::ALL)
    }

    /// Lets other weekdays count from `day` on. Changing twice on one day is one version, and changing back to what was
    /// in force before leaves no trace.
    pub fn change(&mut self, day: Day, weekdays: Weekdays) {
        self.set(day, Some(weekdays));
    }

    /// Plans nothing from `day` on.
    pub fn pause(&mut self, day: Day) {
        self.set(day, None);
    }

    /// Plans again from `day` on what was planned before the pause.
    pub fn resume(&mut self, day: Day) {
        let weekdays = self.weekdays();
        self.set(day, Some(weekdays));
    }

    /// Every version, oldest first.
    pub fn versions(&self) -> impl Iterator<Item = Version> + '_ {
        std::iter::once(self.first).chain(self.later.iter().copied())
    }

    fn set(&mut self, day: Day, weekdays: Option<Weekdays>) {
        // A change never reaches back: after a move to a zone further west, "today" may lie before the newest version.
        while self.later.last().is_some_and(|version| version.from >= day) {
            self.later.pop();
        }
        if self.first.from >= day {
            self.first.weekdays = weekdays;
            return;
        }
        let before = self.later.last().unwrap_or(&self.first).weekdays;
        if before != weekdays {
            self.later.push(Version { from: day, weekdays });
        }
    }
}

impl TryFrom<Vec<Version>> for Schedule {
    type Error = &'static str;

    fn try_from(versions: Vec<Version>) -> Result<Self, &'static str> {
        let mut versions = versions.into_iter();
        let first = versions.next().ok_or("a schedule needs a version")?;
        let later: Vec<Version> = versions.collect();
        let days: Vec<Day> = std::iter::once(first.from).chain(later.iter().map(|version| version.from)).collect();
        if days.is_sorted_by(|one, next| one < next) { Ok(Self { first, later }) } else { Err("versions out of order") }
    }
}

impl From<Schedule> for Vec<Version> {
    fn from(schedule: Schedule) -> Self {
        schedule.versions().collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn day(text: &str) -> Day {
        Day::parse(text).unwrap()
    }

    fn days(numbers: &[i64]) -> Weekdays {
        Weekdays::parse(numbers.iter().copied()).unwrap()
    }

    #[test]
    fn a_change_is_for_the_days_to_come() {
        let mut schedule = Schedule::starting(day("2026-02-02"), days(&[1]));
        schedule.change(day("2026-02-11"), days(&[3]));
        assert!(schedule.plans(day("2026-02-09")), "the Monday before stays planned");
        assert!(!schedule.plans(day("2026-02-04")), "the Wednesday before was not");
        assert!(schedule.plans(day("2026-02-11")) && !schedule.plans(day("2026-02-16")));
        assert!(!schedule.plans(day("2026-01-26")), "nothing is planned before it began");
    }

    #[test]
    fn changing_twice_on_one_day_is_one_version_and_changing_back_is_none() {
        let mut schedule = Schedule::starting(day("2026-02-02"), days(&[1]));
        schedule.change(day("2026-02-11"), days(&[3]));
        schedule.change(day("2026-02-11"), days(&[4]));
        assert_eq!(schedule.versions().count(), 2);
        schedule.change(day("2026-02-11"), days(&[1]));
        assert_eq!(schedule, Schedule::starting(day("2026-02-02"), days(&[1])));
        schedule.change(day("2026-02-02"), days(&[5]));
        assert_eq!(schedule, Schedule::starting(day("2026-02-02"), days(&[5])));
    }

    #[test]
    fn while_put_away_nothing_is_planned_and_afterwards_what_was() {
        let mut schedule = Schedule::starting(day("2026-02-02"), Weekdays::ALL);
        schedule.pause(day("2026-02-05"));
        assert_eq!(schedule.weekdays(), Weekdays::ALL);
        schedule.resume(day("2026-02-09"));
        let planned: Vec<bool> = (2..12).map(|n| schedule.plans(day(&format!("2026-02-{n:02}")))).collect();
        assert_eq!(planned, [true, true, true, false, false, false, false, true, true, true]);
    }

    proptest! {
        #[test]
        fn versions_stay_in_order_and_days_before_a_change_stay_as_they_were(
            changes in prop::collection::vec((0_i32..60, prop::option::of(1_i64..=7)), 0..12),
        ) {
            let first = day("2026-01-01");
            let mut schedule = Schedule::starting(first, Weekdays::ALL);
            for (offset, weekday) in changes {
                let at = first.plus(offset);
                let before: Vec<bool> = (0..offset).map(|n| schedule.plans(first.plus(n))).collect();
                match weekday {
                    Some(weekday) => schedule.change(at, days(&[weekday])),
                    None => schedule.pause(at),
                }
                let after: Vec<bool> = (0..offset).map(|n| schedule.plans(first.plus(n))).collect();
                prop_assert_eq!(before, after);
                let stored: Vec<Version> = schedule.clone().into();
                prop_assert_eq!(Schedule::try_from(stored).unwrap(), schedule.clone());
            }
        }
    }
}
