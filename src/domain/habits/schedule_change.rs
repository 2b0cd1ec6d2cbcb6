//! What a user changes about a habit's schedule: what it asks for, from which day on, and when the habit begins and ends.

use crate::domain::accounts::preferences::Backfill;
use crate::domain::habits::completion::CompletionWindow;
use crate::domain::habits::rule::Rule;
use crate::domain::habits::schedule::Schedule;
use crate::domain::{Day, FieldError, Frequency, Goal, Refusal, Weekdays};

/// How far ahead a habit can begin or change, in days.
pub const MAX_DAYS_AHEAD: i32 = 366;

/// The most versions of a schedule: a change every month for twenty years.
pub const MAX_VERSIONS: usize = 240;

/// Changes to a schedule. Fields that are `None` stay as they are.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct ScheduleChange {
    pub weekdays: Option<Weekdays>,
    pub frequency: Option<Frequency>,
    pub goal: Option<Goal>,
    /// From when on the three fields above apply; `None` is today, or the first day of a habit that begins later.
    pub effective_from: Option<Day>,
    pub starts_on: Option<Day>,
    /// The inner `None` removes the end.
    pub ends_on: Option<Option<Day>>,
}

/// The days that a user can choose in forms, as of now.
#[derive(Debug, Clone, Copy)]
pub struct ScheduleLimits {
    pub window: CompletionWindow,
    pub backfill: Backfill,
}

impl ScheduleLimits {
    /// Succeeds if a new habit can begin on `start`, or today without one, and end after `end`.
    ///
    /// # Errors
    /// A [`FieldError`] of the field `startsOn` or `endsOn`.
    pub fn check_new(self, start: Option<Day>, end: Option<Day>) -> Result<(), FieldError> {
        start.map_or(Ok(()), |start| self.check_start(start))?;
        check_end(start.unwrap_or(self.window.today), end)
    }

    fn check_start(self, start: Day) -> Result<(), FieldError> {
        let error = |message| Err(FieldError::new("startsOn", message));
        if start < self.window.first_open_day(self.backfill) {
            return error(match self.backfill {
                Backfill::Grace => "Choose today or a later day. Your settings don't allow earlier ones.",
                Backfill::Week | Backfill::Always => "Your settings allow a first day up to seven days back.",
            });
        }
        if start > self.last_choice() {
            return error("Choose a day up to a year ahead.");
        }
        Ok(())
    }

    fn last_choice(self) -> Day {
        self.window.today.add_days(MAX_DAYS_AHEAD)
    }
}

fn check_end(start: Day, end: Option<Day>) -> Result<(), FieldError> {
    if end.is_some_and(|end| end < start) {
        return Err(FieldError::new("endsOn", "A habit can't end before its first day."));
    }
    Ok(())
}

impl ScheduleChange {
    /// Applies the changes. A rule that is in force anyway changes nothing, and what is planned for later stays then, unless the user
    /// chose a day.
    ///
    /// # Errors
    /// [`Refusal::InvalidFields`] of the field `startsOn`, `endsOn`, or `effectiveFrom`.
    pub fn apply(&self, schedule: &mut Schedule, limits: ScheduleLimits) -> Result<(), Refusal> {
        let count = schedule.versions().count();
        self.apply_dates(schedule, limits)?;
        self.apply_rule(schedule, limits)?;
        if schedule.versions().count() > count.max(MAX_VERSIONS) {
            let message = format!("A schedule can have {MAX_VERSIONS} changes. An earlier day replaces later ones.");
            return Err(Refusal::field("effectiveFrom", message));
        }
        Ok(())
    }

    fn apply_dates(&self, schedule: &mut Schedule, limits: ScheduleLimits) -> Result<(), FieldError> {
        let (today, begun) = (limits.window.today, schedule.start());
        let start = self.starts_on.unwrap_or(begun);
        // A habit that has begun may begin later, as long as it has begun.
        if start != begun && !(begun..=today).contains(&start) {
            limits.check_start(start)?;
        }
        check_end(start, self.ends_on.unwrap_or(schedule.last_day()))?;
        if start != begun {
            schedule.start_on(start);
        }
        if let Some(end) = self.ends_on {
            schedule.set_end(end, self.effective_from.unwrap_or(today).max(start));
        }
        Ok(())
    }

    fn apply_rule(&self, schedule: &mut Schedule, limits: ScheduleLimits) -> Result<(), FieldError> {
        let day = self.effective_from.unwrap_or(limits.window.today.max(schedule.start()));
        let before = schedule.rule_as_of(day);
        let rule = self.rule_after(before);
        let is_other = |later: Rule| later != rule;
        let replaces_later = self.effective_from.is_some()
            && schedule.versions().any(|version| day < version.from && version.rule().is_some_and(is_other));
        if rule == before && !replaces_later {
            return Ok(());
        }
        let error = |message| Err(FieldError::new("effectiveFrom", message));
        if day < schedule.start() {
            return error("Choose the habit's first day or a later one.");
        }
        if day > limits.last_choice() {
            return error("Choose a day up to a year ahead.");
        }
        if schedule.last_day().is_some_and(|last| last < day) {
            return error("The habit ends before this day. Choose a later end first.");
        }
        schedule.change_from(day, rule);
        Ok(())
    }

    fn rule_after(&self, before: Rule) -> Rule {
        let weekdays = self.weekdays.unwrap_or(before.weekdays);
        // Other days of the week alone mean that the habit goes by them from then on.
        let goes_by_days = weekdays != before.weekdays;
        let unchanged = if goes_by_days { Frequency::Weekdays } else { before.frequency };
        let frequency = self.frequency.unwrap_or(unchanged);
        Rule { weekdays, frequency, goal: self.goal.unwrap_or(before.goal) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Day {
        Day::parse(text).unwrap()
    }

    fn days(numbers: &[i64]) -> Weekdays {
        Weekdays::parse(numbers.iter().copied()).unwrap()
    }

    fn limits(backfill: Backfill) -> ScheduleLimits {
        ScheduleLimits { window: CompletionWindow { today: day("2026-02-12"), yesterday_is_open: false }, backfill }
    }

    fn apply(schedule: &mut Schedule, change: ScheduleChange) -> Option<&'static str> {
        let refused = change.apply(schedule, limits(Backfill::Week)).err()?;
        refused.field_errors().first().map(|error| error.field)
    }

    fn from(effective: &str, numbers: &[i64]) -> ScheduleChange {
        ScheduleChange {
            effective_from: Some(day(effective)),
            weekdays: Some(days(numbers)),
            ..ScheduleChange::default()
        }
    }

    #[test]
    fn a_change_counts_from_any_day_since_the_first_and_up_to_a_year_ahead() {
        for (effective, refused) in [
            ("2026-01-31", Some("effectiveFrom")),
            ("2026-02-01", None),
            ("2026-02-12", None),
            ("2027-02-13", None),
            ("2027-02-14", Some("effectiveFrom")),
        ] {
            let mut schedule = Schedule::new(day("2026-02-01"), Weekdays::ALL);
            assert_eq!(apply(&mut schedule, from(effective, &[1])), refused, "{effective}");
            assert_eq!(schedule.rule_as_of(day(effective)).weekdays == days(&[1]), refused.is_none());
        }
    }

    #[test]
    fn a_form_that_is_saved_unchanged_keeps_what_is_planned_and_an_earlier_day_replaces_it() {
        let mut schedule = Schedule::new(day("2026-02-01"), Weekdays::ALL);
        assert_eq!(apply(&mut schedule, from("2026-02-20", &[1])), None);
        let planned = schedule.clone();
        for same in [from("2026-02-20", &[1]), ScheduleChange { weekdays: Some(Weekdays::ALL), ..Default::default() }] {
            assert_eq!(apply(&mut schedule, same), None);
            assert_eq!(schedule, planned);
        }
        assert_eq!(apply(&mut schedule, from("2026-02-12", &[1, 2, 3, 4, 5, 6, 7])), None);
        assert_eq!(schedule, Schedule::new(day("2026-02-01"), Weekdays::ALL), "the plan is taken back");
    }

    #[test]
    fn a_habit_that_ended_changes_only_once_it_goes_on() {
        let mut schedule = Schedule::new(day("2026-02-01"), Weekdays::ALL);
        let end = |last: Option<&str>| ScheduleChange { ends_on: Some(last.map(day)), ..ScheduleChange::default() };
        assert_eq!(apply(&mut schedule, end(Some("2026-02-05"))), None);
        let ended = schedule.clone();
        assert_eq!(apply(&mut schedule, from("2026-02-12", &[1])), Some("effectiveFrom"));
        assert_eq!(apply(&mut schedule, from("2026-02-12", &[1, 2, 3, 4, 5, 6, 7])), None);
        assert_eq!(schedule, ended, "a form that is saved unchanged");
        let extended = ScheduleChange { ends_on: Some(Some(day("2026-03-01"))), ..from("2026-02-12", &[1]) };
        assert_eq!(apply(&mut schedule, extended), None);
        assert_eq!((schedule.last_day(), schedule.rule().weekdays), (Some(day("2026-03-01")), days(&[1])));
        assert!(!schedule.is_scheduled(day("2026-02-09")), "days between weren't planned");
        assert_eq!(apply(&mut schedule, end(Some("2026-01-31"))), Some("endsOn"));
    }

    #[test]
    fn a_first_day_is_as_early_as_past_days_can_be_changed_and_at_most_a_year_ahead() {
        let check = |start, backfill| limits(backfill).check_new(Some(day(start)), None).is_ok();
        for (start, expected) in [
            ("1970-01-01", [false, false, true]),
            ("2026-02-05", [false, true, true]),
            ("2026-02-12", [true; 3]),
            ("2027-02-13", [true; 3]),
            ("2027-02-14", [false; 3]),
        ] {
            assert_eq!(
                [Backfill::Grace, Backfill::Week, Backfill::Always].map(|backfill| check(start, backfill)),
                expected,
                "{start}"
            );
        }
        let start = |text| ScheduleChange { starts_on: Some(day(text)), ..ScheduleChange::default() };
        let mut schedule = Schedule::new(day("2025-12-01"), Weekdays::ALL);
        assert_eq!(apply(&mut schedule, start("2025-11-30")), Some("startsOn"));
        assert_eq!(apply(&mut schedule, start("2026-01-01")), None, "it had begun on that day");
        assert_eq!(apply(&mut schedule, start("2026-06-01")), None);
        assert_eq!(schedule.start(), day("2026-06-01"));
    }
}
