//! When a day may still be ticked or unticked.

use jiff::{SignedDuration, Timestamp};

use super::preferences::Backfill;
use super::{Day, Habit, Refusal, Zone};

/// Yesterday stays open until this local hour.
pub const GRACE_UNTIL_HOUR: i8 = 2;

/// How long a tick may wait on a device that cannot reach Atlas.
pub const LONGEST_WAIT: SignedDuration = SignedDuration::from_hours(31 * 24);

/// The instant of a tick that arrives at `now` and was made so many seconds ago. Told as an age, it does not depend on
/// how the device's clock is set.
///
/// # Errors
/// [`Refusal::WaitedTooLong`] beyond [`LONGEST_WAIT`].
pub fn made_at(now: Timestamp, seconds_ago: u32) -> Result<Timestamp, Refusal> {
    let age = SignedDuration::from_secs(seconds_ago.into());
    if age > LONGEST_WAIT {
        return Err(Refusal::WaitedTooLong);
    }
    now.checked_sub(age).map_err(|_| Refusal::WaitedTooLong)
}

/// All that ticking asks of the time: at two moments of one window it is answered alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// The day it is.
    pub today: Day,
    /// Whether the day before is still open to everybody.
    pub yesterday_is_open: bool,
}

impl Window {
    /// That of a moment, where somebody lives.
    pub fn at(now: Timestamp, zone: &Zone) -> Self {
        let yesterday_is_open = zone.rules().to_datetime(now).hour() < GRACE_UNTIL_HOUR;
        Self { today: Day::at(now, zone), yesterday_is_open }
    }
}

/// Decides whether `habit` may be ticked or unticked for `day` at `now`, for somebody in `zone` who may reach back as far
/// as `backfill` says.
///
/// Today is open, and yesterday while the local clock shows less than two, for everybody. The clock on the wall
/// decides, so in a night that skips from 01:59 to 03:00 yesterday closes at once. The future never opens.
///
/// # Errors
/// The [`Refusal`] that fits first: the weekday, the future, then whatever keeps the day shut.
pub fn may_change(habit: &Habit, day: Day, now: Timestamp, zone: &Zone, backfill: Backfill) -> Result<(), Refusal> {
    if !habit.schedule.fits(day) {
        return Err(Refusal::NotScheduled);
    }
    let Window { today, yesterday_is_open } = Window::at(now, zone);
    if day > today {
        return Err(Refusal::FutureDay);
    }
    let is_yesterday = day == today.yesterday();
    if day == today || (is_yesterday && yesterday_is_open) {
        return Ok(());
    }
    match backfill {
        Backfill::Grace if is_yesterday => Err(Refusal::GraceOver),
        Backfill::Week | Backfill::Always if day < habit.schedule.began() => Err(Refusal::BeforeItBegan),
        Backfill::Week if day >= today.plus(-7) => Ok(()),
        Backfill::Always => Ok(()),
        Backfill::Grace | Backfill::Week => Err(Refusal::DayClosed(backfill)),
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;
    use jiff::civil::DateTime;
    use jiff::tz::TimeZone;
    use proptest::prelude::*;

    use super::super::habit::{Habit, Plan, ReminderTimes, Title};
    use super::super::{HabitId, Weekdays};
    use super::*;

    fn daily(weekdays: Weekdays) -> Habit {
        let plan = Plan {
            title: Title::parse("Read").unwrap(),
            description: None,
            weekdays,
            reminder_times: ReminderTimes::default(),
        };
        let id = HabitId::mint(Timestamp::UNIX_EPOCH, [0; 10]);
        Habit::new(id, plan, 0, Day::parse("1970-01-01").unwrap(), Timestamp::UNIX_EPOCH)
    }

    fn decide(zone: &str, now: &str, day: &str) -> Result<(), Refusal> {
        may_change(
            &daily(Weekdays::ALL),
            Day::parse(day).unwrap(),
            now.parse().unwrap(),
            &Zone::parse(zone).unwrap(),
            Backfill::Grace,
        )
    }

    #[test]
    fn yesterday_closes_at_two_on_the_wall_clock() {
        let table = [
            ("UTC", "2026-02-12T01:59:59Z", "2026-02-11", Ok(())),
            ("UTC", "2026-02-12T02:00:00Z", "2026-02-11", Err(Refusal::GraceOver)),
            ("UTC", "2026-02-12T01:59:59Z", "2026-02-10", Err(Refusal::DayClosed(Backfill::Grace))),
            ("UTC", "2026-02-12T23:59:59Z", "2026-02-13", Err(Refusal::FutureDay)),
            ("UTC", "2026-02-12T12:00:00Z", "2026-02-12", Ok(())),
            ("America/Los_Angeles", "2026-02-12T09:59:59Z", "2026-02-11", Ok(())),
            ("America/Los_Angeles", "2026-02-12T10:00:00Z", "2026-02-11", Err(Refusal::GraceOver)),
            // Spring forward: 01:59:59 is followed by 03:00.
            ("America/Los_Angeles", "2026-03-08T09:59:59Z", "2026-03-07", Ok(())),
            ("America/Los_Angeles", "2026-03-08T10:00:00Z", "2026-03-07", Err(Refusal::GraceOver)),
            // Fall back: 01:30 comes twice, and yesterday is open both times.
            ("America/Los_Angeles", "2026-11-01T08:30:00Z", "2026-10-31", Ok(())),
            ("America/Los_Angeles", "2026-11-01T09:30:00Z", "2026-10-31", Ok(())),
            ("America/Los_Angeles", "2026-11-01T10:00:00Z", "2026-10-31", Err(Refusal::GraceOver)),
            ("Pacific/Kiritimati", "2026-02-11T11:00:00Z", "2026-02-12", Ok(())),
        ];
        for (zone, now, day, expected) in table {
            assert_eq!(decide(zone, now, day), expected, "{zone} {now} {day}");
        }
    }

    #[test]
    fn a_monday_habit_west_of_greenwich_is_ticked_on_monday() {
        let zone = Zone::parse("America/Los_Angeles").unwrap();
        let monday = Day::parse("2026-02-09").unwrap();
        let noon = "2026-02-09T20:00:00Z".parse().unwrap();
        let habit = daily(Weekdays::parse([1]).unwrap());
        assert_eq!(may_change(&habit, monday, noon, &zone, Backfill::Grace), Ok(()));
        let tuesday = monday.plus(1);
        assert_eq!(
            may_change(&habit, tuesday, "2026-02-10T20:00:00Z".parse().unwrap(), &zone, Backfill::Grace),
            Err(Refusal::NotScheduled)
        );
    }

    #[test]
    fn whoever_may_reach_back_further_reaches_as_far_as_the_habit_and_no_further_than_today() {
        let id = HabitId::mint(Timestamp::UNIX_EPOCH, [0; 10]);
        let day = |text| Day::parse(text).unwrap();
        let plan = Plan {
            title: Title::parse("Read").unwrap(),
            description: None,
            weekdays: Weekdays::ALL,
            reminder_times: ReminderTimes::default(),
        };
        let habit = Habit::new(id, plan, 0, day("2026-02-01"), Timestamp::UNIX_EPOCH);
        let now = "2026-02-12T12:00:00Z".parse().unwrap();
        let decide = |text, backfill| may_change(&habit, day(text), now, &Zone::UTC, backfill);
        for (text, week, always) in [
            ("2026-02-13", Err(Refusal::FutureDay), Err(Refusal::FutureDay)),
            ("2026-02-11", Ok(()), Ok(())),
            ("2026-02-05", Ok(()), Ok(())),
            ("2026-02-04", Err(Refusal::DayClosed(Backfill::Week)), Ok(())),
            ("2026-02-01", Err(Refusal::DayClosed(Backfill::Week)), Ok(())),
            ("2026-01-31", Err(Refusal::BeforeItBegan), Err(Refusal::BeforeItBegan)),
        ] {
            assert_eq!(decide(text, Backfill::Week), week, "{text}");
            assert_eq!(decide(text, Backfill::Always), always, "{text}");
        }
    }

    #[test]
    fn a_tick_that_waited_counts_for_the_instant_it_was_made() {
        let now: Timestamp = "2026-02-13T09:00:00Z".parse().unwrap();
        assert_eq!(made_at(now, 0), Ok(now));
        assert_eq!(made_at(now, 9 * 3600 + 600), Ok("2026-02-12T23:50:00Z".parse().unwrap()));
        assert!(made_at(now, 31 * 86_400).is_ok());
        assert_eq!(made_at(now, 31 * 86_400 + 1), Err(Refusal::WaitedTooLong));
        assert_eq!(made_at(Timestamp::MIN, 1), Err(Refusal::WaitedTooLong));
    }

    /// The whole rule in one line of civil time: a day is open from its own midnight until two in the morning after it.
    fn stated(day: Day, wall: DateTime) -> Result<(), Refusal> {
        let opens = day.date().at(0, 0, 0, 0);
        let closes = day.date().tomorrow().unwrap().at(2, 0, 0, 0);
        match () {
            () if wall < opens => Err(Refusal::FutureDay),
            () if wall < closes => Ok(()),
            () if wall.date() == closes.date() => Err(Refusal::GraceOver),
            () => Err(Refusal::DayClosed(Backfill::Grace)),
        }
    }

    /// When something may change on the local date of `now`: midnight and two o'clock, each twice where the clock is put
    /// back over it and on either side where it is put forward over it.
    fn boundaries(zone: &TimeZone, now: Timestamp) -> impl Iterator<Item = Timestamp> {
        let date = zone.to_datetime(now).date();
        let clocks = [date.at(0, 0, 0, 0), date.at(2, 0, 0, 0), date.tomorrow().unwrap().at(0, 0, 0, 0)];
        let meant = clocks.map(|clock| zone.to_ambiguous_timestamp(clock));
        meant.into_iter().flat_map(|meant| [meant.earlier().unwrap(), meant.later().unwrap()])
    }

    proptest! {
        // PROPTEST_CASES=100000 looks more closely.
        #[test]
        fn in_every_zone_a_day_opens_and_closes_at_its_very_second(
            name in prop::sample::select(Zone::names()),
            seconds in 300_000_i64..4_133_000_000,
        ) {
            let zone = Zone::parse(&name).unwrap();
            let some = Timestamp::from_second(seconds).unwrap();
            // Most days are ordinary, so the next day on which the zone changes its clocks is looked at, too.
            let change = zone.rules().following(some).next().map(|change| change.timestamp());
            let dates = [Some(some), change].into_iter().flatten();
            let moments = dates.flat_map(|at| boundaries(zone.rules(), at).chain([at]));
            let habit = daily(Weekdays::ALL);
            for now in moments.flat_map(|at| [-1, 0, 1].map(|seconds| at + SignedDuration::from_secs(seconds))) {
                let wall = now.to_zoned(zone.rules().clone()).datetime();
                for days in -3..=2 {
                    let day = Day::from_date(wall.date()).unwrap().plus(days);
                    let decided = may_change(&habit, day, now, &zone, Backfill::Grace);
                    prop_assert_eq!(decided, stated(day, wall), "{} in {} at {} ({})", day, name, wall, now);
                }
            }
        }
    }
}
