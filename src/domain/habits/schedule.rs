//! A habit's schedule with its past versions: the days of the week for which the habit was scheduled, and from which day on.
//!
//! A change applies to future days only. Past days keep the schedule that they had, so a new schedule never rewrites history.

use serde::{Deserialize, Serialize};

use crate::domain::{Day, Weekdays};

/// The days of the week from one day until the next version begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScheduleVersion {
    pub from: Day,
    /// `None` while the habit is archived.
    pub weekdays: Option<Weekdays>,
}

/// One or more versions, each of which begins later than the one before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<ScheduleVersion>", into = "Vec<ScheduleVersion>")]
pub struct Schedule {
    first: ScheduleVersion,
    later: Vec<ScheduleVersion>,
}

impl Schedule {
    /// The schedule of a new habit.
    pub fn new(from: Day, weekdays: Weekdays) -> Self {
        Self { first: ScheduleVersion { from, weekdays: Some(weekdays) }, later: Vec::new() }
    }

    /// The habit's first day.
    pub fn start(&self) -> Day {
        self.first.from
    }

    /// Whether the habit is scheduled on `day`: not before its first day and not while it was archived.
    pub fn is_scheduled(&self, day: Day) -> bool {
        self.start() <= day && self.matches_weekday(day)
    }

    /// Whether the version in force on `day` contains its day of the week. The first version also applies to the days before
    /// it, so that a user who creates a habit in the morning can complete it for yesterday.
    pub fn matches_weekday(&self, day: Day) -> bool {
        let version = self.later.iter().take_while(|version| version.from <= day).last().unwrap_or(&self.first);
        version.weekdays.is_some_and(|weekdays| weekdays.includes(day))
    }

    /// [`Self::matches_weekday`] of `day`, of the day before, and so on without end.
    pub fn backward_from(&self, day: Day) -> impl Iterator<Item = bool> + '_ {
        let later = self.later.iter().rev().filter(move |version| version.from <= day);
        let later = later.map(move |version| (day.days_since(version.from) + 1, version.weekdays));
        let mut versions = later.chain([(usize::MAX, self.first.weekdays)]);
        let (mut back, mut end, mut weekdays, mut weekday) = (0, 0, None, day.weekday());
        std::iter::from_fn(move || {
            while back == end {
                (end, weekdays) = versions.next()?;
            }
            let is_scheduled = weekdays.is_some_and(|weekdays: Weekdays| weekdays.contains(weekday));
            (back, weekday) = (back + 1, weekday.previous());
            Some(is_scheduled)
        })
    }

    /// The current days of the week; those of an archived habit are the ones that it had before.
    pub fn weekdays(&self) -> Weekdays {
        let newest = self.later.iter().rev().chain([&self.first]).find_map(|version| version.weekdays);
        newest.unwrap_or(Weekdays::ALL)
    }

    /// Changes the days of the week from `day` on. Several changes on one day make one version, and a change back to the
    /// previous days makes none.
    pub fn change_from(&mut self, day: Day, weekdays: Weekdays) {
        self.set(day, Some(weekdays));
    }

    /// Schedules nothing from `day` on.
    pub fn pause_from(&mut self, day: Day) {
        self.set(day, None);
    }

    /// Schedules from `day` on the days of the week that applied before the pause.
    pub fn resume_from(&mut self, day: Day) {
        let weekdays = self.weekdays();
        self.set(day, Some(weekdays));
    }

    /// Moves versions that begin after `day` to it; of several, the newest applies. Returns whether anything changed.
    ///
    /// After a flight west, a user's "today" is earlier than before. What they planned for today must still apply today.
    pub fn begin_by(&mut self, day: Day) -> bool {
        let Some(newest) = self.versions().last().filter(|version| version.from > day) else { return false };
        if self.first.from > day {
            *self = Self { first: ScheduleVersion { from: day, ..newest }, later: Vec::new() };
        } else {
            while self.later.pop_if(|version| version.from > day).is_some() {}
            self.set(day, newest.weekdays);
        }
        true
    }

    /// All versions, oldest first.
    pub fn versions(&self) -> impl Iterator<Item = ScheduleVersion> + '_ {
        std::iter::once(self.first).chain(self.later.iter().copied())
    }

    fn set(&mut self, day: Day, weekdays: Option<Weekdays>) {
        // After a move to a zone further west, "today" may be earlier than the newest version, which is then replaced.
        while self.later.last().is_some_and(|version| version.from >= day) {
            self.later.pop();
        }
        if self.first.from >= day {
            self.first.weekdays = weekdays;
            return;
        }
        let before = self.later.last().unwrap_or(&self.first).weekdays;
        if before != weekdays {
            self.later.push(ScheduleVersion { from: day, weekdays });
        }
    }
}

impl TryFrom<Vec<ScheduleVersion>> for Schedule {
    type Error = InvalidSchedule;

    fn try_from(versions: Vec<ScheduleVersion>) -> Result<Self, InvalidSchedule> {
        let mut versions = versions.into_iter();
        let first = versions.next().ok_or(InvalidSchedule::Empty)?;
        let later: Vec<ScheduleVersion> = versions.collect();
        let days: Vec<Day> = std::iter::once(first.from).chain(later.iter().map(|version| version.from)).collect();
        if days.is_sorted_by(|one, next| one < next) {
            Ok(Self { first, later })
        } else {
            Err(InvalidSchedule::Unordered)
        }
    }
}

/// Stored or imported versions do not make a schedule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSchedule {
    #[error("a schedule needs a version")]
    Empty,
    #[error("versions out of order")]
    Unordered,
}

impl From<Schedule> for Vec<ScheduleVersion> {
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
    fn a_change_applies_to_future_days() {
        let mut schedule = Schedule::new(day("2026-02-02"), days(&[1]));
        schedule.change_from(day("2026-02-11"), days(&[3]));
        assert!(schedule.is_scheduled(day("2026-02-09")), "the Monday before stays scheduled");
        assert!(!schedule.is_scheduled(day("2026-02-04")), "the Wednesday before was not");
        assert!(schedule.is_scheduled(day("2026-02-11")) && !schedule.is_scheduled(day("2026-02-16")));
        assert!(!schedule.is_scheduled(day("2026-01-26")), "nothing is scheduled before the first day");
    }

    #[test]
    fn two_changes_on_one_day_make_one_version_and_a_change_back_makes_none() {
        let mut schedule = Schedule::new(day("2026-02-02"), days(&[1]));
        schedule.change_from(day("2026-02-11"), days(&[3]));
        schedule.change_from(day("2026-02-11"), days(&[4]));
        assert_eq!(schedule.versions().count(), 2);
        schedule.change_from(day("2026-02-11"), days(&[1]));
        assert_eq!(schedule, Schedule::new(day("2026-02-02"), days(&[1])));
        schedule.change_from(day("2026-02-02"), days(&[5]));
        assert_eq!(schedule, Schedule::new(day("2026-02-02"), days(&[5])));
    }

    #[test]
    fn nothing_is_scheduled_during_a_pause_and_the_old_days_apply_after_it() {
        let mut schedule = Schedule::new(day("2026-02-02"), Weekdays::ALL);
        schedule.pause_from(day("2026-02-05"));
        assert_eq!(schedule.weekdays(), Weekdays::ALL);
        schedule.resume_from(day("2026-02-09"));
        let scheduled: Vec<bool> = (2..12).map(|n| schedule.is_scheduled(day(&format!("2026-02-{n:02}")))).collect();
        assert_eq!(scheduled, [true, true, true, false, false, false, false, true, true, true]);
    }

    #[test]
    fn what_was_planned_for_today_applies_to_an_earlier_today() {
        let mut schedule = Schedule::new(day("2026-02-12"), days(&[4]));
        assert!(schedule.begin_by(day("2026-02-11")));
        assert_eq!(schedule, Schedule::new(day("2026-02-11"), days(&[4])));
        assert!(!schedule.begin_by(day("2026-02-11")));
        schedule.pause_from(day("2026-02-15"));
        schedule.resume_from(day("2026-02-16"));
        assert!(schedule.begin_by(day("2026-02-14")));
        assert_eq!(schedule, Schedule::new(day("2026-02-11"), days(&[4])), "the pause lasted less than a day");
        schedule.change_from(day("2026-02-18"), days(&[2]));
        assert!(schedule.begin_by(day("2026-02-17")) && schedule.is_scheduled(day("2026-02-17")));
        assert!(schedule.is_scheduled(day("2026-02-12")), "earlier days keep their schedule");
    }

    proptest! {
        #[test]
        fn versions_stay_in_order_and_a_change_keeps_the_days_before_it(
            changes in prop::collection::vec((0_i32..60, prop::option::of(1_i64..=7)), 0..12),
        ) {
            let first = day("2026-01-01");
            let mut schedule = Schedule::new(first, Weekdays::ALL);
            for (offset, weekday) in changes {
                let at = first.add_days(offset);
                let before: Vec<bool> = (0..offset).map(|n| schedule.is_scheduled(first.add_days(n))).collect();
                match weekday {
                    Some(weekday) => schedule.change_from(at, days(&[weekday])),
                    None => schedule.pause_from(at),
                }
                let mut earlier = schedule.clone();
                earlier.begin_by(at.add_days(-1));
                let stored: Vec<ScheduleVersion> = earlier.clone().into();
                prop_assert_eq!(Schedule::try_from(stored).unwrap(), earlier.clone());
                prop_assert!(earlier.versions().all(|version| version.from < at));
                if weekday.is_some() {
                    prop_assert_eq!(earlier.weekdays(), schedule.weekdays());
                }
                let after: Vec<bool> = (0..offset).map(|n| schedule.is_scheduled(first.add_days(n))).collect();
                prop_assert_eq!(before, after);
                let stored: Vec<ScheduleVersion> = schedule.clone().into();
                prop_assert_eq!(Schedule::try_from(stored).unwrap(), schedule.clone());
            }
        }
    }
}
