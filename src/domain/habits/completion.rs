//! The time window in which a day's completion can be set or undone, and which completions count.
//!
//! A completion exists from the moment its day has begun somewhere on Earth: [`last_begun_day`]. Later ones, left by a clock that
//! was wrong, are neither shown, counted, exported nor imported until then. A completion from before the habit's first day is
//! kept and shown, and counts in no streak and no rate.

use jiff::{SignedDuration, Timestamp};

use crate::domain::accounts::preferences::Backfill;
use crate::domain::habits::recent_changes::MAX_OFFLINE_AGE;
use crate::domain::{Day, Habit, Refusal, Zone};

/// Yesterday can be changed until this hour, local time.
pub const GRACE_END_HOUR: i8 = 2;

/// The instant of a completion that arrives at `now` and was made `seconds_ago`. Devices send an age so that their clocks need
/// not be right.
///
/// # Errors
/// [`Refusal::CompletionTooOld`] when the age exceeds [`MAX_OFFLINE_AGE`].
pub fn completed_at(now: Timestamp, seconds_ago: u32) -> Result<Timestamp, Refusal> {
    let age = SignedDuration::from_secs(seconds_ago.into());
    if age > MAX_OFFLINE_AGE {
        return Err(Refusal::CompletionTooOld);
    }
    now.checked_sub(age).map_err(|_| Refusal::CompletionTooOld)
}

/// The last day that has begun somewhere on Earth. A user who travels west is on an earlier day for a while.
pub fn last_begun_day(now: Timestamp) -> Day {
    const EARLIEST_ZONE: SignedDuration = SignedDuration::from_hours(14);
    Day::at(now.checked_add(EARLIEST_ZONE).unwrap_or(now), &Zone::UTC)
}

/// The part of the time that [`check_editable`] depends on: its answer is the same at all instants of one window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CompletionWindow {
    pub today: Day,
    /// Whether every user can still change the day before.
    pub yesterday_is_open: bool,
}

impl CompletionWindow {
    /// The window at an instant in a user's time zone.
    pub fn at(now: Timestamp, zone: &Zone) -> Self {
        let yesterday_is_open = zone.time_zone().to_datetime(now).hour() < GRACE_END_HOUR;
        Self { today: Day::at(now, zone), yesterday_is_open }
    }

    /// Whether a user with the setting `backfill` may change `day`, apart from the habit's schedule and first day.
    pub fn is_open(self, day: Day, backfill: Backfill) -> bool {
        self.is_open_to_all(day)
            || match backfill {
                Backfill::Grace => false,
                Backfill::Week => day < self.today && day >= self.today.add_days(-7),
                Backfill::Always => day < self.today,
            }
    }

    /// The first day that a user with the setting `backfill` may change.
    pub fn first_open_day(self, backfill: Backfill) -> Day {
        match backfill {
            Backfill::Grace => self.first_open_to_all(),
            Backfill::Week => self.today.add_days(-7),
            Backfill::Always => Day::FIRST,
        }
    }

    /// Whether every user may change `day`.
    fn is_open_to_all(self, day: Day) -> bool {
        self.first_open_to_all() <= day && day <= self.today
    }

    /// The first of the days that every user may change.
    fn first_open_to_all(self) -> Day {
        if self.yesterday_is_open { self.today.yesterday() } else { self.today }
    }

    /// The first day for which `habit` can be completed: the one on which it began, or yesterday if it began after midnight and
    /// every user can still change yesterday.
    pub fn first_day_of(self, habit: &Habit) -> Day {
        let start = habit.schedule.start();
        if start > self.today { start } else { start.min(self.first_open_to_all()) }
    }

    /// Whether `habit` is on the page of `day`: it's due, or it began after midnight and can be completed for yesterday.
    pub fn is_listed(self, habit: &Habit, day: Day) -> bool {
        let can_be_completed = || day < self.today && self.first_day_of(habit) <= day;
        habit.is_due(day) || (habit.is_active() && can_be_completed() && habit.schedule.matches_day(day))
    }

    /// Succeeds when [`Self::is_open`].
    ///
    /// # Errors
    /// The [`Refusal`] that explains why the day is closed.
    pub fn check_open(self, day: Day, backfill: Backfill) -> Result<(), Refusal> {
        match backfill {
            _ if day > self.today => Err(Refusal::FutureDay),
            _ if self.is_open(day, backfill) => Ok(()),
            Backfill::Grace if day == self.today.yesterday() => Err(Refusal::GracePeriodOver),
            _ => Err(Refusal::DayClosed(backfill)),
        }
    }
}

/// Succeeds when a user in `zone` with the setting `backfill` may complete `habit` for `day` at `now` or, unless `done`, undo that.
///
/// Every user can change today, and yesterday until 02:00 by the local clock. In a night whose clock skips from 01:59 to 03:00,
/// yesterday closes at 03:00. Future days can never be changed.
///
/// A day on which the habit is not scheduled cannot be completed. It can still hold a completion that was imported, or made before
/// the schedule changed. Such a completion can be undone while its day is open, and an undo can be reverted for as long as the
/// habit's recent changes include it. The same applies to days before the habit's first one.
///
/// # Errors
/// The first [`Refusal`] that applies: the day of the week, the future, then the setting.
pub fn check_editable(
    habit: &Habit,
    day: Day,
    done: bool,
    now: Timestamp,
    zone: &Zone,
    backfill: Backfill,
) -> Result<(), Refusal> {
    let window = CompletionWindow::at(now, zone);
    if done && habit.recent_changes.last_change(day).is_none() {
        if !habit.schedule.matches_day(day) {
            return Err(Refusal::NotScheduled);
        }
        let begins_later = day <= window.today && window.today < habit.schedule.start();
        if begins_later || (day < window.first_day_of(habit) && backfill != Backfill::Grace) {
            return Err(Refusal::BeforeHabitStart);
        }
    }
    window.check_open(day, backfill)
}

/// Succeeds when a list that was headed "Today" when it showed `listed` may still be used at `now`: on that day, and until 02:00
/// of the next one. Without this rule, a page that was left open would change a past day where the setting allows that.
///
/// # Errors
/// [`Refusal::InvalidFields`] of the field `today`.
pub fn check_list_of_today(listed: Day, now: Timestamp, zone: &Zone) -> Result<(), Refusal> {
    if CompletionWindow::at(now, zone).is_open_to_all(listed) {
        return Ok(());
    }
    Err(Refusal::field("today", "A new day has begun, so nothing was changed. Here's today's list."))
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;
    use jiff::civil::DateTime;
    use jiff::tz::TimeZone;
    use proptest::prelude::*;

    use super::*;
    use crate::domain::habits::habit::{Habit, HabitPlan, Title};
    use crate::domain::{HabitId, Weekdays};

    fn daily(weekdays: Weekdays) -> Habit {
        let plan = HabitPlan::new(Title::parse("Read").unwrap(), weekdays);
        let id = HabitId::generate(Timestamp::UNIX_EPOCH, [0; 10]);
        Habit::new(id, plan, 0, Day::parse("1970-01-01").unwrap(), Timestamp::UNIX_EPOCH)
    }

    fn decide(zone: &str, now: &str, day: &str) -> Result<(), Refusal> {
        check_editable(
            &daily(Weekdays::ALL),
            Day::parse(day).unwrap(),
            true,
            now.parse().unwrap(),
            &Zone::parse(zone).unwrap(),
            Backfill::Grace,
        )
    }

    #[test]
    fn yesterday_closes_at_two_by_the_local_clock() {
        let table = [
            ("UTC", "2026-02-12T01:59:59Z", "2026-02-11", Ok(())),
            ("UTC", "2026-02-12T02:00:00Z", "2026-02-11", Err(Refusal::GracePeriodOver)),
            ("UTC", "2026-02-12T01:59:59Z", "2026-02-10", Err(Refusal::DayClosed(Backfill::Grace))),
            ("UTC", "2026-02-12T23:59:59Z", "2026-02-13", Err(Refusal::FutureDay)),
            ("UTC", "2026-02-12T12:00:00Z", "2026-02-12", Ok(())),
            ("America/Los_Angeles", "2026-02-12T09:59:59Z", "2026-02-11", Ok(())),
            ("America/Los_Angeles", "2026-02-12T10:00:00Z", "2026-02-11", Err(Refusal::GracePeriodOver)),
            // Spring forward: 01:59:59 is followed by 03:00.
            ("America/Los_Angeles", "2026-03-08T09:59:59Z", "2026-03-07", Ok(())),
            ("America/Los_Angeles", "2026-03-08T10:00:00Z", "2026-03-07", Err(Refusal::GracePeriodOver)),
            // Fall back: 01:30 comes twice, and yesterday is open both times.
            ("America/Los_Angeles", "2026-11-01T08:30:00Z", "2026-10-31", Ok(())),
            ("America/Los_Angeles", "2026-11-01T09:30:00Z", "2026-10-31", Ok(())),
            ("America/Los_Angeles", "2026-11-01T10:00:00Z", "2026-10-31", Err(Refusal::GracePeriodOver)),
            ("Pacific/Kiritimati", "2026-02-11T11:00:00Z", "2026-02-12", Ok(())),
        ];
        for (zone, now, day, expected) in table {
            assert_eq!(decide(zone, now, day), expected, "{zone} {now} {day}");
        }
    }

    #[test]
    fn the_last_begun_day_is_today_on_the_first_island_to_see_it() {
        for (now, day) in [
            ("2026-02-12T09:59:59Z", "2026-02-12"),
            ("2026-02-12T10:00:00Z", "2026-02-13"),
            ("2026-12-31T23:59:59Z", "2027-01-01"),
        ] {
            let now = now.parse().unwrap();
            assert_eq!(last_begun_day(now).to_string(), day);
            assert_eq!(last_begun_day(now), Day::at(now, &Zone::parse("Pacific/Kiritimati").unwrap()));
        }
    }

    #[test]
    fn a_monday_habit_is_completed_on_monday_west_of_greenwich() {
        let zone = Zone::parse("America/Los_Angeles").unwrap();
        let monday = Day::parse("2026-02-09").unwrap();
        let noon = "2026-02-09T20:00:00Z".parse().unwrap();
        let habit = daily(Weekdays::parse([1]).unwrap());
        assert_eq!(check_editable(&habit, monday, true, noon, &zone, Backfill::Grace), Ok(()));
        let tuesday = monday.add_days(1);
        assert_eq!(
            check_editable(&habit, tuesday, true, "2026-02-10T20:00:00Z".parse().unwrap(), &zone, Backfill::Grace),
            Err(Refusal::NotScheduled)
        );
    }

    #[test]
    fn backfill_reaches_back_to_the_first_day_and_never_beyond_today() {
        let id = HabitId::generate(Timestamp::UNIX_EPOCH, [0; 10]);
        let day = |text| Day::parse(text).unwrap();
        let plan = HabitPlan::new(Title::parse("Read").unwrap(), Weekdays::ALL);
        let habit = Habit::new(id, plan, 0, day("2026-02-01"), Timestamp::UNIX_EPOCH);
        let now = "2026-02-12T12:00:00Z".parse().unwrap();
        let decide = |text, backfill| check_editable(&habit, day(text), true, now, &Zone::UTC, backfill);
        for (text, week, always) in [
            ("2026-02-13", Err(Refusal::FutureDay), Err(Refusal::FutureDay)),
            ("2026-02-11", Ok(()), Ok(())),
            ("2026-02-05", Ok(()), Ok(())),
            ("2026-02-04", Err(Refusal::DayClosed(Backfill::Week)), Ok(())),
            ("2026-02-01", Err(Refusal::DayClosed(Backfill::Week)), Ok(())),
            ("2026-01-31", Err(Refusal::BeforeHabitStart), Err(Refusal::BeforeHabitStart)),
        ] {
            assert_eq!(decide(text, Backfill::Week), week, "{text}");
            assert_eq!(decide(text, Backfill::Always), always, "{text}");
        }
    }

    #[test]
    fn a_completion_of_a_day_that_is_not_scheduled_is_undone_and_an_undo_taken_back() {
        let day = |text| Day::parse(text).unwrap();
        let mut habit = daily(Weekdays::parse([1]).unwrap());
        let now: Timestamp = "2026-02-12T12:00:00Z".parse().unwrap();
        let decide =
            |habit: &Habit, text, done| check_editable(habit, day(text), done, now, &Zone::UTC, Backfill::Week);
        assert_eq!(decide(&habit, "2026-02-11", true), Err(Refusal::NotScheduled));
        assert_eq!(decide(&habit, "2026-02-11", false), Ok(()));
        assert_eq!(decide(&habit, "2026-02-04", false), Err(Refusal::DayClosed(Backfill::Week)));
        assert_eq!(decide(&habit, "2026-02-13", false), Err(Refusal::FutureDay));
        habit.recent_changes.record(day("2026-02-11"), now, now);
        assert_eq!(decide(&habit, "2026-02-11", true), Ok(()), "it is taken back");
        assert_eq!(decide(&habit, "2026-02-10", true), Err(Refusal::NotScheduled));
    }

    #[test]
    fn a_habit_that_begins_later_cannot_be_completed_before() {
        let id = HabitId::generate(Timestamp::UNIX_EPOCH, [0; 10]);
        let day = |text| Day::parse(text).unwrap();
        let plan = HabitPlan::new(Title::parse("Read").unwrap(), Weekdays::ALL);
        let habit = Habit::new(id, plan, 0, day("2026-02-13"), Timestamp::UNIX_EPOCH);
        let now = "2026-02-12T00:30:00Z".parse().unwrap();
        for backfill in Backfill::ALL {
            for (text, expected) in [
                ("2026-02-11", Refusal::BeforeHabitStart),
                ("2026-02-12", Refusal::BeforeHabitStart),
                ("2026-02-13", Refusal::FutureDay),
            ] {
                let decided = check_editable(&habit, day(text), true, now, &Zone::UTC, *backfill);
                assert_eq!(decided, Err(expected), "{text} {backfill:?}");
            }
        }
    }

    #[test]
    fn a_habit_created_after_midnight_can_be_completed_for_the_day_before() {
        let plan = HabitPlan::new(Title::parse("Read").unwrap(), Weekdays::ALL);
        let id = HabitId::generate(Timestamp::UNIX_EPOCH, [0; 10]);
        let habit = Habit::new(id, plan, 0, Day::parse("2026-02-12").unwrap(), Timestamp::UNIX_EPOCH);
        for (now, first) in [("2026-02-12T01:59:59Z", "2026-02-11"), ("2026-02-12T02:00:00Z", "2026-02-12")] {
            let window = CompletionWindow::at(now.parse().unwrap(), &Zone::UTC);
            assert_eq!(window.first_day_of(&habit).to_string(), first);
            for backfill in Backfill::ALL {
                for back in 0..3 {
                    let day = window.today.add_days(-back);
                    let decided = check_editable(&habit, day, true, now.parse().unwrap(), &Zone::UTC, *backfill);
                    assert_eq!(decided.is_ok(), window.first_day_of(&habit) <= day, "{day} at {now}");
                }
            }
        }
    }

    #[test]
    fn an_offline_completion_gets_the_instant_at_which_it_was_made() {
        let now: Timestamp = "2026-02-13T09:00:00Z".parse().unwrap();
        assert_eq!(completed_at(now, 0), Ok(now));
        assert_eq!(completed_at(now, 9 * 3600 + 600), Ok("2026-02-12T23:50:00Z".parse().unwrap()));
        assert!(completed_at(now, 31 * 86_400).is_ok());
        assert_eq!(completed_at(now, 31 * 86_400 + 1), Err(Refusal::CompletionTooOld));
        assert_eq!(completed_at(Timestamp::MIN, 1), Err(Refusal::CompletionTooOld));
    }

    #[test]
    fn a_list_of_today_is_used_until_two_in_the_morning_of_the_next_day() {
        let (monday, zone) = (Day::parse("2026-02-09").unwrap(), Zone::parse("America/Los_Angeles").unwrap());
        for (now, is_current) in [
            ("2026-02-09T07:59:59Z", false),
            ("2026-02-09T08:00:00Z", true),
            ("2026-02-10T09:59:59Z", true),
            ("2026-02-10T10:00:00Z", false),
            ("2026-02-11T09:00:00Z", false),
        ] {
            let checked = check_list_of_today(monday, now.parse().unwrap(), &zone);
            assert_eq!(checked.is_ok(), is_current, "{now}");
        }
    }

    /// The rule in civil time: a day is open from its midnight until 02:00 of the next day.
    fn expected_in_civil_time(day: Day, wall: DateTime) -> Result<(), Refusal> {
        let opens = day.date().at(0, 0, 0, 0);
        let closes = day.date().tomorrow().unwrap().at(2, 0, 0, 0);
        match () {
            () if wall < opens => Err(Refusal::FutureDay),
            () if wall < closes => Ok(()),
            () if wall.date() == closes.date() => Err(Refusal::GracePeriodOver),
            () => Err(Refusal::DayClosed(Backfill::Grace)),
        }
    }

    /// The instants on the local date of `now` at which a window can change: midnight and 02:00, both times when the clock goes
    /// back over them, and before and after the gap when it goes forward.
    fn boundaries(zone: &TimeZone, now: Timestamp) -> impl Iterator<Item = Timestamp> {
        let date = zone.to_datetime(now).date();
        let clocks = [date.at(0, 0, 0, 0), date.at(2, 0, 0, 0), date.tomorrow().unwrap().at(0, 0, 0, 0)];
        let instants = clocks.map(|clock| zone.to_ambiguous_timestamp(clock));
        instants.into_iter().flat_map(|instant| [instant.earlier().unwrap(), instant.later().unwrap()])
    }

    proptest! {
        // PROPTEST_CASES=100000 tests more instants.
        #[test]
        fn days_open_and_close_to_the_second_in_every_zone(
            name in prop::sample::select(Zone::names()),
            seconds in 300_000_i64..4_133_000_000,
        ) {
            let zone = Zone::parse(&name).unwrap();
            let some = Timestamp::from_second(seconds).unwrap();
            // Most days are ordinary, so the next day with a clock change is tested as well.
            let change = zone.time_zone().following(some).next().map(|change| change.timestamp());
            let dates = [Some(some), change].into_iter().flatten();
            let moments = dates.flat_map(|at| boundaries(zone.time_zone(), at).chain([at]));
            let habit = daily(Weekdays::ALL);
            for now in moments.flat_map(|at| [-1, 0, 1].map(|seconds| at + SignedDuration::from_secs(seconds))) {
                let wall = now.to_zoned(zone.time_zone().clone()).datetime();
                for days in -3..=2 {
                    let day = Day::from_date(wall.date()).unwrap().add_days(days);
                    let decided = check_editable(&habit, day, true, now, &zone, Backfill::Grace);
                    prop_assert_eq!(decided, expected_in_civil_time(day, wall), "{} in {} at {} ({})", day, name, wall, now);
                }
            }
        }
    }
}
