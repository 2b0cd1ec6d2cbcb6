//! A habit's schedule with its past versions: when the habit was scheduled and what it asked for, and from which day on.
//!
//! A change applies from its day on, which may lie in the past or in the future. Days before it keep the version that they had. It
//! replaces later versions, so that from its day on the habit asks for what the user sees in the form; only the end stays. A
//! habit that ends has a last version that plans nothing.

use serde::{Deserialize, Serialize};

use crate::domain::habits::frequency::Frequency;
use crate::domain::habits::goal::Goal;
use crate::domain::habits::rule::Rule;
use crate::domain::{Day, Weekdays};

/// What applies from one day until the next version begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScheduleVersion {
    pub from: Day,
    /// `None` while the habit is archived.
    pub weekdays: Option<Weekdays>,
    #[serde(default, skip_serializing_if = "Frequency::is_weekdays")]
    pub frequency: Frequency,
    #[serde(default, skip_serializing_if = "Goal::is_yes_no")]
    pub goal: Goal,
}

impl ScheduleVersion {
    /// A version that schedules nothing without a rule.
    pub fn new(from: Day, rule: Option<Rule>) -> Self {
        let Rule { frequency, goal, .. } = rule.unwrap_or_default();
        Self { from, weekdays: rule.map(|rule| rule.weekdays), frequency, goal }
    }

    /// The rule; `None` while the habit is archived.
    pub fn rule(self) -> Option<Rule> {
        let Self { weekdays, frequency, goal, .. } = self;
        weekdays.map(|weekdays| Rule { weekdays, frequency, goal })
    }
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
    pub fn new(from: Day, rule: impl Into<Rule>) -> Self {
        Self { first: ScheduleVersion::new(from, Some(rule.into())), later: Vec::new() }
    }

    /// The habit's first day.
    pub fn start(&self) -> Day {
        self.first.from
    }

    /// Whether the habit is scheduled on `day`: not before its first day and not while it was archived.
    pub fn is_scheduled(&self, day: Day) -> bool {
        self.start() <= day && self.matches_day(day)
    }

    /// Whether the version in force on `day` schedules it. The first version also applies to the days before it, so that a user
    /// who creates a habit in the morning can complete it for yesterday.
    pub fn matches_day(&self, day: Day) -> bool {
        self.rule_on(day).is_some_and(|rule| rule.matches(day))
    }

    /// The rule in force on `day`; `None` while the habit was archived. The first one also applies to the days before it.
    pub fn rule_on(&self, day: Day) -> Option<Rule> {
        self.later.iter().take_while(|version| version.from <= day).last().unwrap_or(&self.first).rule()
    }

    /// Whether it ever asked for an amount.
    pub fn has_amounts(&self) -> bool {
        self.versions().any(|version| version.goal.has_amounts())
    }

    /// [`Self::matches_day`] of `day`, of the day before, and so on without end.
    pub fn backward_from(&self, day: Day) -> impl Iterator<Item = bool> + '_ {
        let later = self.later.iter().rev().filter(move |version| version.from <= day);
        let later = later.map(move |version| (day.days_since(version.from) + 1, version.rule()));
        let mut versions = later.chain([(usize::MAX, self.first.rule())]);
        let (mut back, mut end, mut days) = (0, 0, None);
        std::iter::from_fn(move || {
            while back == end {
                let rule;
                (end, rule) = versions.next()?;
                days = rule.map(|rule| rule.backward_from(day.add_days(-i32::try_from(back).unwrap_or(i32::MAX))));
            }
            back += 1;
            Some(days.as_mut().is_some_and(|days| days.next() == Some(true)))
        })
    }

    /// The newest rule, even if it begins later; that of an archived habit is the one that it had before.
    pub fn rule(&self) -> Rule {
        let newest = self.later.iter().rev().chain([&self.first]).find_map(|version| version.rule());
        newest.unwrap_or_default()
    }

    /// The rule in force on `day`. While nothing is planned, it's the one before; until the habit begins, it's the first one.
    pub fn rule_as_of(&self, day: Day) -> Rule {
        let begun = self.versions().take_while(|version| version.from <= day).filter_map(ScheduleVersion::rule).last();
        begun.or_else(|| self.versions().find_map(ScheduleVersion::rule)).unwrap_or_default()
    }

    /// The days of the week of the newest rule.
    pub fn weekdays(&self) -> Weekdays {
        self.rule().weekdays
    }

    /// Changes the rule from `day` on. Versions from then on are replaced, except for the end. Several changes on one day make one
    /// version, and a change back to the previous rule makes none.
    pub fn change_from(&mut self, day: Day, rule: impl Into<Rule>) {
        let end = self.last_day().filter(|last| day <= *last);
        self.set(day, Some(rule.into()));
        if end.is_some() {
            self.set_end(end, day);
        }
    }

    /// The last day on which something is planned; `None` if there is no end.
    pub fn last_day(&self) -> Option<Day> {
        self.later.last().filter(|version| version.weekdays.is_none()).map(|version| version.from.yesterday())
    }

    /// Ends after `last`, or goes on without an end. If the schedule had ended before `day`, and goes on beyond it, nothing is
    /// planned for the days until `day`.
    pub fn set_end(&mut self, last: Option<Day>, day: Day) {
        let before = self.last_day();
        if before == last {
            return;
        }
        if before.is_some_and(|before| before < day.yesterday()) && last.is_none_or(|last| day <= last) {
            self.resume_from(day);
        } else if before.is_some() {
            self.later.pop();
        }
        // The last day that Atlas knows has no day after it.
        if let Some(last) = last.filter(|last| *last < Day::LAST) {
            self.set(last.add_days(1), None);
        }
    }

    /// Moves the first day. What was planned for later days stays; an earlier first day has the first rule.
    pub fn start_on(&mut self, day: Day) {
        while let Some(version) = self.later.first().copied().filter(|version| version.from <= day) {
            self.first = version;
            self.later.remove(0);
        }
        self.first.from = day;
    }

    /// Schedules nothing from `day` on, or from the habit's second day on if that is later: the first version keeps the rule.
    pub fn pause_from(&mut self, day: Day) {
        self.set(day.max(self.start().add_days(1)), None);
    }

    /// Applies from `day` on the rule that applied before the pause.
    pub fn resume_from(&mut self, day: Day) {
        let rule = self.rule();
        self.set(day, Some(rule));
    }

    /// Moves versions that begin after `day`, and on `today` at the latest, to `day`; of several, the newest applies. Returns whether
    /// anything changed.
    ///
    /// After a flight west, a user's `today` becomes `day`, which is earlier. What they planned for today must still apply today, and
    /// what they planned for later days keeps its day.
    pub fn begin_by(&mut self, day: Day, today: Day) -> bool {
        let begun = self.later.iter().take_while(|version| version.from <= today).count();
        let planned = self.later.split_off(begun);
        let is_changed = self.first.from <= today && self.begin_all_by(day);
        self.later.extend(planned);
        is_changed
    }

    fn begin_all_by(&mut self, day: Day) -> bool {
        let Some(newest) = self.versions().last().filter(|version| version.from > day) else { return false };
        if self.first.from > day {
            *self = Self { first: ScheduleVersion { from: day, ..newest }, later: Vec::new() };
        } else {
            while self.later.pop_if(|version| version.from > day).is_some() {}
            self.set(day, newest.rule());
        }
        true
    }

    /// All versions, oldest first.
    pub fn versions(&self) -> impl Iterator<Item = ScheduleVersion> + '_ {
        std::iter::once(self.first).chain(self.later.iter().copied())
    }

    fn set(&mut self, day: Day, rule: Option<Rule>) {
        // After a move to a zone further west, "today" may be earlier than the newest version, which is then replaced.
        while self.later.last().is_some_and(|version| version.from >= day) {
            self.later.pop();
        }
        if self.first.from >= day {
            self.first = ScheduleVersion::new(self.first.from, rule);
            return;
        }
        let before = self.later.last().unwrap_or(&self.first).rule();
        if before != rule {
            self.later.push(ScheduleVersion::new(day, rule));
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
        assert!(schedule.begin_by(day("2026-02-11"), day("2026-02-12")));
        assert_eq!(schedule, Schedule::new(day("2026-02-11"), days(&[4])));
        assert!(!schedule.begin_by(day("2026-02-11"), day("2026-02-12")));
        schedule.pause_from(day("2026-02-15"));
        schedule.resume_from(day("2026-02-16"));
        assert!(schedule.begin_by(day("2026-02-14"), day("2026-02-16")));
        assert_eq!(schedule, Schedule::new(day("2026-02-11"), days(&[4])), "the pause lasted less than a day");
        schedule.change_from(day("2026-02-18"), days(&[2]));
        assert!(schedule.begin_by(day("2026-02-17"), day("2026-02-18")) && schedule.is_scheduled(day("2026-02-17")));
        assert!(schedule.is_scheduled(day("2026-02-12")), "earlier days keep their schedule");
        schedule.change_from(day("2026-02-20"), days(&[5]));
        let planned = schedule.clone();
        assert!(!schedule.begin_by(day("2026-02-18"), day("2026-02-19")));
        assert_eq!(schedule, planned, "what is planned for later keeps its day");
    }

    #[test]
    fn a_change_replaces_later_ones_and_keeps_the_end() {
        let mut schedule = Schedule::new(day("2026-02-02"), days(&[1]));
        schedule.set_end(Some(day("2026-03-31")), day("2026-02-02"));
        schedule.change_from(day("2026-02-20"), days(&[2]));
        schedule.change_from(day("2026-02-10"), days(&[3]));
        let versions: Vec<_> =
            schedule.versions().map(|version| (version.from.to_string(), version.weekdays)).collect();
        let version = |from: &str, weekdays: Option<&[i64]>| (from.to_owned(), weekdays.map(days));
        assert_eq!(
            versions,
            [version("2026-02-02", Some(&[1])), version("2026-02-10", Some(&[3])), version("2026-04-01", None)]
        );
        let rule = |on| schedule.rule_as_of(day(on)).weekdays;
        assert_eq!([rule("2026-01-01"), rule("2026-02-10"), rule("2026-12-24")], [days(&[1]), days(&[3]), days(&[3])]);
    }

    #[test]
    fn a_schedule_that_ended_goes_on_from_today_and_the_days_between_stay_unplanned() {
        let mut schedule = Schedule::new(day("2026-02-02"), Weekdays::ALL);
        schedule.set_end(Some(day("2026-02-10")), day("2026-02-05"));
        let scheduled = |schedule: &Schedule| -> Vec<i32> {
            (0..30)
                .filter(|days| schedule.is_scheduled(day("2026-02-01").add_days(*days)))
                .map(|days| days + 1)
                .collect()
        };
        assert_eq!(scheduled(&schedule), (2..=10).collect::<Vec<_>>());
        let mut extended = schedule.clone();
        extended.set_end(Some(day("2026-02-20")), day("2026-02-15"));
        assert_eq!(scheduled(&extended), (2..=10).chain(15..=20).collect::<Vec<_>>());
        let mut corrected = schedule.clone();
        corrected.set_end(Some(day("2026-02-12")), day("2026-02-15"));
        assert_eq!(scheduled(&corrected), (2..=12).collect::<Vec<_>>(), "another end in the past");
        schedule.set_end(None, day("2026-02-11"));
        assert_eq!(schedule, Schedule::new(day("2026-02-02"), Weekdays::ALL), "it ended only yesterday");
        schedule.set_end(Some(Day::LAST), day("2026-02-11"));
        assert_eq!(schedule.last_day(), None);
    }

    #[test]
    fn a_moved_first_day_keeps_what_was_planned_for_later_days() {
        let mut schedule = Schedule::new(day("2026-02-02"), days(&[1]));
        schedule.change_from(day("2026-02-10"), days(&[3]));
        let mut later = schedule.clone();
        later.start_on(day("2026-02-12"));
        assert_eq!(later, Schedule::new(day("2026-02-12"), days(&[3])));
        schedule.start_on(day("2026-01-01"));
        assert!(schedule.is_scheduled(day("2026-01-05")) && schedule.is_scheduled(day("2026-02-11")));
        assert_eq!(schedule.start(), day("2026-01-01"));
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
                earlier.begin_by(at.add_days(-1), Day::LAST);
                let stored: Vec<ScheduleVersion> = earlier.clone().into();
                prop_assert_eq!(Schedule::try_from(stored).unwrap(), earlier.clone());
                prop_assert!(earlier.versions().all(|version| version.from < at));
                if weekday.is_some() && schedule.last_day().is_none() {
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
