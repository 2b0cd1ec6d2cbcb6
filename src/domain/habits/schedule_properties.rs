//! The rules of schedules with versions, stated a second time: day by day, without ranges and without counting backward.

use jiff::Timestamp;
use jiff::civil::Weekday;
use proptest::prelude::*;

use crate::domain::accounts::preferences::WeekStart;
use crate::domain::calendar::day::inclusive_range;
use crate::domain::calendar::month::Month;
use crate::domain::habits::rule::Rule;
use crate::domain::habits::streak_runs::{StreakUnit, find_runs};
use crate::domain::{Day, Frequency, History, Schedule, Weekdays, Window, Zone};

const DAYS: i32 = 150;

fn first_day() -> Day {
    Day::parse("2025-11-20").unwrap()
}

/// Rules that go by days, weeks, and months; rolling windows are compared with those of Loop Habit Tracker.
fn rules() -> impl Strategy<Value = Rule> {
    let weekdays = prop::collection::btree_set(1_i64..=7, 1..7).prop_map(|days| Weekdays::parse(days).unwrap().into());
    let frequency = prop_oneof![
        (1_u16..=7).prop_map(|times| Frequency::Times { times, window: Window::CalendarWeek }),
        (1_u16..=12).prop_map(|times| Frequency::Times { times, window: Window::CalendarMonth }),
        (1_u16..=12, -20_i32..DAYS)
            .prop_map(|(days, anchor)| Frequency::EveryDays { days, anchor: first_day().add_days(anchor) }),
    ];
    prop_oneof![weekdays, frequency.prop_map(|frequency| Rule { frequency, ..Rule::default() })]
}

/// Changes in any order, each from a day on, and an end.
#[derive(Debug, Clone)]
struct Plan {
    first: Rule,
    changes: Vec<(i32, Rule)>,
    end: Option<i32>,
}

fn plans() -> impl Strategy<Value = Plan> {
    let changes = prop::collection::vec((1_i32..DAYS, rules()), 0..4);
    (rules(), changes, prop::option::of(0_i32..DAYS)).prop_map(|(first, changes, end)| Plan { first, changes, end })
}

impl Plan {
    fn schedule(&self) -> Schedule {
        let mut schedule = Schedule::new(first_day(), self.first);
        for (from, rule) in &self.changes {
            schedule.change_from(first_day().add_days(*from), *rule);
        }
        schedule.set_end(self.end.map(|end| first_day().add_days(end)), first_day());
        schedule
    }

    /// The changes that no later change replaced, and the rule that is in force on a day by them.
    fn rule_on(&self, offset: i32) -> Option<(usize, Rule)> {
        let mut kept: Vec<(i32, Rule)> = vec![(0, self.first)];
        for (from, rule) in &self.changes {
            kept.retain(|(day, _)| day < from);
            kept.push((*from, *rule));
        }
        // A change to the same rule is none.
        kept.dedup_by(|later, earlier| later.1 == earlier.1);
        let is_planned = offset >= 0 && self.end.is_none_or(|end| offset <= end);
        kept.into_iter()
            .enumerate()
            .rfind(|(_, (from, _))| *from <= offset && is_planned)
            .map(|(n, (_, rule))| (n, rule))
    }
}

/// Whether the rule schedules a day: every date that it names is looked at.
fn names_day(rule: Rule, day: Day) -> bool {
    match rule.frequency {
        Frequency::Weekdays => rule.weekdays.iso_numbers().contains(&day.date().weekday().to_monday_one_offset()),
        Frequency::Times { .. } => true,
        Frequency::EveryDays { days, anchor } => {
            (-400..=400).any(|times| anchor.add_days(times * i32::from(days)) == day)
        }
    }
}

/// The days that are judged together: their first day, how many days there are, and in which unit they count.
fn window_of(rule: Rule, day: Day, week_start: WeekStart) -> (Day, usize, StreakUnit) {
    match rule.frequency {
        Frequency::Times { window: Window::CalendarWeek, .. } => {
            let begin = if week_start == WeekStart::Monday { Weekday::Monday } else { Weekday::Sunday };
            let first = inclusive_range(day.add_days(-6), day).find(|day| day.weekday() == begin).unwrap();
            (first, 7, StreakUnit::Week)
        }
        Frequency::Times { .. } => {
            let month = Month::containing(day);
            (month.first(), month.days().count(), StreakUnit::Month)
        }
        _ => (day, 1, StreakUnit::Day),
    }
}

/// The length of a streak and what it is counted in.
type Length = (u32, StreakUnit);

/// Days in a row with the same version and window.
struct Group {
    version: usize,
    rule: Rule,
    window: (Day, usize, StreakUnit),
    days: Vec<Day>,
}

/// The lengths of all streaks, oldest first, and that of the current one.
fn naive_streaks(plan: &Plan, history: &History, today: i32, week_start: WeekStart) -> (Vec<Length>, u32) {
    let day = |offset: i32| first_day().add_days(offset);
    // From the first known day to the end of the current window.
    let begin = history.first().map_or(0, |first| -i32::try_from(first_day().days_since(first)).unwrap());
    let mut groups: Vec<Group> = Vec::new();
    for offset in begin..today + 40 {
        // The first version also applies to the days before it.
        let Some((version, rule)) = plan.rule_on(offset.max(0)) else { continue };
        let window = window_of(rule, day(offset), week_start);
        match groups.last_mut() {
            Some(group) if group.version == version && group.window == window => group.days.push(day(offset)),
            _ => groups.push(Group { version, rule, window, days: vec![day(offset)] }),
        }
    }
    let (mut streaks, mut run) = (Vec::new(), None::<Length>);
    for Group { rule, window: (first, length, unit), days, .. } in groups {
        let (Some(begun), Some(last)) = (days.first().copied(), days.last().copied()) else { continue };
        let counted: Vec<Day> = days.into_iter().filter(|day| !history.skipped().contains(*day)).collect();
        if begun > day(today) || counted.is_empty() || !names_day(rule, begun) && unit == StreakUnit::Day {
            continue;
        }
        let times = if let Frequency::Times { times, .. } = rule.frequency { usize::from(times) } else { 1 };
        let wanted = (times * counted.len()).div_ceil(length).min(counted.len());
        let done = counted.iter().filter(|on| **on <= day(today) && history.is_done(**on)).count();
        let (is_over, is_whole) = (last < day(today), last == first.add_days(i32::try_from(length).unwrap() - 1));
        // Cut off by a change while all was well, or still open.
        if (done >= wanted && is_over && !is_whole) || (done < wanted && !is_over) {
            continue;
        }
        if run.is_some_and(|(_, of)| of != unit) || done < wanted {
            streaks.extend(run.take());
        }
        if done >= wanted {
            run = Some((run.map_or(0, |(length, _)| length) + 1, unit));
        }
    }
    let current = run.map_or(0, |(length, _)| length);
    streaks.extend(run);
    (streaks, current)
}

proptest! {
    #[test]
    fn a_day_is_scheduled_by_the_newest_change_that_begins_by_it(plan in plans()) {
        let schedule = plan.schedule();
        let mut backward = schedule.backward_from(first_day().add_days(DAYS)).take(151).collect::<Vec<bool>>();
        backward.reverse();
        for (offset, by_range) in (0..=DAYS).zip(backward) {
            let day = first_day().add_days(offset);
            let rule = plan.rule_on(offset).map(|(_, rule)| rule);
            let expected = rule.is_some_and(|rule| names_day(rule, day));
            prop_assert_eq!(schedule.is_scheduled(day), expected, "{} of {:?}", day, schedule);
            prop_assert_eq!(by_range, expected, "{} of {:?}", day, schedule);
            prop_assert_eq!(schedule.rule_on(day), rule);
        }
        prop_assert!(!schedule.is_scheduled(first_day().yesterday()));
    }

    #[test]
    fn streaks_across_versions_are_those_counted_day_by_day(
        plan in plans(),
        done in prop::collection::btree_set(0_i32..DAYS, 0..130),
        skipped in prop::collection::vec((0_i32..DAYS, 0_i32..9), 0..4),
        today in 0_i32..DAYS,
        begins_on_sunday in any::<bool>(),
    ) {
        let week_start = if begins_on_sunday { WeekStart::Sunday } else { WeekStart::Monday };
        let mut history = History::of_days(done.into_iter().map(|offset| first_day().add_days(offset)));
        for (from, days) in skipped {
            history.skip(first_day().add_days(from), first_day().add_days(from + days));
        }
        let (expected, current) = naive_streaks(&plan, &history, today, week_start);
        let runs = find_runs(&plan.schedule(), &history, first_day().add_days(today), week_start);
        let found: Vec<_> = runs.iter().rev().map(|run| (run.length, run.unit)).collect();
        prop_assert_eq!(found, expected, "{:?}", plan.schedule());
        prop_assert_eq!(runs.first().filter(|run| run.is_current).map_or(0, |run| run.length), current);
    }

    #[test]
    fn a_change_from_today_counts_from_local_midnight_in_every_zone(
        name in prop::sample::select(Zone::names()),
        // From March 1970 on, because there is no day before that year.
        seconds in 5_184_000_i64..4_133_000_000,
    ) {
        let zone = Zone::parse(&name).unwrap();
        let some = Timestamp::from_second(seconds).unwrap();
        let change = zone.time_zone().following(some).next().map(|change| change.timestamp());
        for now in [Some(some), change].into_iter().flatten() {
            let today = zone.time_zone().to_datetime(now).date();
            let mut schedule = Schedule::new(Day::at(now, &zone).add_days(-30), Weekdays::ALL);
            let rule = Rule { frequency: Frequency::EveryDays { days: 2, anchor: Day::at(now, &zone) }, ..Rule::default() };
            schedule.change_from(Day::at(now, &zone), rule);
            // Half-hour steps with a second to both sides of each, so that midnights are among them in every zone.
            for (step, second) in (-70..70).flat_map(|step| [(step, -1), (step, 0), (step, 1)]) {
                let half_hour = now.as_second().div_euclid(1_800) * 1_800 + step * 1_800 + second;
                let at = Timestamp::from_second(half_hour).unwrap();
                let civil = zone.time_zone().to_datetime(at).date();
                let is_new = schedule.rule_as_of(Day::at(at, &zone)) == rule;
                prop_assert_eq!(is_new, civil >= today, "{} in {}", at, name);
            }
        }
    }
}
