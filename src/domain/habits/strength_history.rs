//! The strength of a habit at the end of each day, each day judged by the version of the schedule in force on it.

use crate::domain::habits::frequency::FrequencyRatio;
use crate::domain::habits::goal::{Goal, GoalPeriod};
use crate::domain::habits::rule::Rule;
use crate::domain::habits::strength::{DayValue, Strength, StrengthGoal, StrengthMeter, StrengthRule};
use crate::domain::{Day, History, Schedule};

/// The strength at the end of each day up to `today`, oldest first: from the habit's first day, or the first completed one if
/// that is earlier. Nothing is scheduled while a habit is archived, so those days leave the strength as it is.
pub fn compute_strengths(schedule: &Schedule, history: &History, today: Day) -> Vec<Strength> {
    let known = history.first().into_iter().chain(history.summaries().next().map(|(day, _)| day)).min();
    let start = known.map_or(schedule.start(), |known| known.min(schedule.start()));
    if start > today {
        return Vec::new();
    }
    let days = today.days_since(start) + 1;
    let mut done: Vec<bool> = history.backward_from(today).take(days).collect();
    done.resize(days, false);
    done.reverse();
    let first_days: Vec<usize> = schedule.versions().skip(1).map(|version| version.from.days_since(start)).collect();
    let last_days = first_days.iter().copied().chain([days]);
    let mut meter = None::<StrengthMeter>;
    let mut strengths = Vec::with_capacity(days);
    for (version, end) in schedule.versions().zip(last_days) {
        let rule = version.rule().map(strength_rule);
        if let Some(rule) = rule {
            meter.get_or_insert_with(|| StrengthMeter::new(rule)).change_rule(rule);
        }
        let begin = strengths.len();
        let of_version = done.iter().take(end.min(days)).skip(begin).zip(begin..);
        let value = |(is_done, days_since_start): (&bool, usize)| {
            let day = || start.add_days(i32::try_from(days_since_start).unwrap_or(0));
            rule.map_or(DayValue::Skipped, |rule| day_value(rule.goal, *is_done, history, day))
        };
        strengths.extend(
            of_version.map(value).map(|value| meter.as_mut().map_or_else(Strength::default, |meter| meter.add(value))),
        );
    }
    strengths
}

/// The strength at the end of `today`.
pub fn current_strength(schedule: &Schedule, history: &History, today: Day) -> Strength {
    compute_strengths(schedule, history, today).last().copied().unwrap_or_default()
}

/// Loop Habit Tracker has no amounts on days of the week, so such days are done or not.
fn strength_rule(rule: Rule) -> StrengthRule {
    let ratio = rule.frequency.ratio(rule.weekdays);
    let of_period = |per: GoalPeriod| match per {
        GoalPeriod::Day => FrequencyRatio::new(1, 1),
        GoalPeriod::Week => FrequencyRatio::new(1, 7),
        GoalPeriod::Month => FrequencyRatio::new(1, 30),
    };
    match rule.goal {
        Goal::YesNo => StrengthRule { ratio, goal: StrengthGoal::Done },
        Goal::AtLeast { per: GoalPeriod::Day, .. } if ratio != of_period(GoalPeriod::Day) => {
            StrengthRule { ratio, goal: StrengthGoal::Done }
        }
        Goal::AtLeast { target, per } => {
            StrengthRule { ratio: of_period(per), goal: StrengthGoal::AtLeast(target.thousandths()) }
        }
        Goal::AtMost { target, per } => {
            StrengthRule { ratio: of_period(per), goal: StrengthGoal::AtMost(target.thousandths()) }
        }
    }
}

/// `day` is called only if the habit has more than completions.
fn day_value(goal: StrengthGoal, is_done: bool, history: &History, day: impl Fn() -> Day) -> DayValue {
    let is_skipped = || !history.skipped().is_empty() && history.skipped().contains(day());
    match goal {
        StrengthGoal::Done if is_done => DayValue::Done,
        _ if is_skipped() => DayValue::Skipped,
        StrengthGoal::Done => DayValue::Nothing,
        StrengthGoal::AtLeast(_) | StrengthGoal::AtMost(_) => {
            history.summary(day()).amount.map_or(DayValue::Nothing, |amount| DayValue::Amount(amount.thousandths()))
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::Weekdays;
    use crate::domain::calendar::day::inclusive_range;

    fn day(text: &str) -> Day {
        Day::parse(text).unwrap()
    }

    #[test]
    fn strength_begins_on_the_first_day_and_ends_today() {
        let daily = Schedule::new(day("2026-02-01"), Weekdays::ALL);
        let percents = |done: &[&str], today: &str| -> Vec<u32> {
            let history = History::of_days(done.iter().map(|text| day(text)));
            compute_strengths(&daily, &history, day(today)).into_iter().map(Strength::percent).collect()
        };
        assert!(percents(&[], "2026-01-31").is_empty());
        assert_eq!(percents(&[], "2026-02-02"), [0, 0]);
        assert_eq!(percents(&["2026-02-01", "2026-02-02"], "2026-02-03"), [5, 10, 10]);
        assert_eq!(percents(&["2026-01-31"], "2026-02-01"), [5, 5], "done the day before the first one");
        assert_eq!(percents(&["2026-02-02"], "2026-02-01"), [0], "later completions are ignored");
    }

    #[test]
    fn an_archived_habit_keeps_its_strength() {
        let mut schedule = Schedule::new(day("2026-01-01"), Weekdays::ALL);
        schedule.pause_from(day("2026-02-01"));
        let history = History::of_days(inclusive_range(day("2026-01-01"), day("2026-01-31")));
        let at = |schedule: &Schedule, text| current_strength(schedule, &history, day(text));
        assert_eq!(at(&schedule, "2026-02-01"), at(&schedule, "2026-12-31"));
        assert_eq!(at(&schedule, "2026-01-31").percent(), 81);
        schedule.resume_from(day("2026-12-31"));
        assert!(at(&schedule, "2026-12-31") < at(&schedule, "2026-12-30"));
    }

    proptest! {
        #[test]
        fn every_day_is_judged_by_the_version_in_force_on_it(
            done in prop::collection::btree_set(0_i32..200, 0..150),
            changes in prop::collection::vec((0_i32..200, prop::option::of(prop::collection::vec(1_i64..=7, 1..7))), 0..4),
            start in 0_i32..60,
            today in 0_i32..220,
        ) {
            let first = day("2025-11-01");
            let mut schedule = Schedule::new(first.add_days(start), Weekdays::ALL);
            for (at, weekdays) in changes {
                match weekdays {
                    Some(weekdays) => schedule.change_from(first.add_days(at), Weekdays::parse(weekdays).unwrap()),
                    None => schedule.pause_from(first.add_days(at)),
                }
            }
            let (history, today) =
                (History::of_days(done.into_iter().map(|days| first.add_days(days))), first.add_days(today));
            let begin = history.first().map_or(schedule.start(), |first| first.min(schedule.start()));
            // The same rule, one date at a time, with the version looked up and the window counted on each.
            let version_on = |day: Day| {
                let versions = schedule.versions().enumerate();
                versions.filter(|(at, version)| *at == 0 || version.from <= day).last().unwrap().1
            };
            let counted = |day: &Day| history.is_done(*day) && version_on(*day).weekdays.is_some();
            let (mut expected, mut strength) = (Vec::new(), 0.0);
            for day in inclusive_range(begin, today) {
                if let Some(weekdays) = version_on(day).weekdays {
                    let count = f64::from(u32::try_from(weekdays.iso_numbers().len()).unwrap());
                    let (days, wanted) = if count < 7.0 { (14, 2.0 * count) } else { (1, 1.0) };
                    let window = inclusive_range(day.add_days(1 - days), day).filter(counted).count();
                    let window = f64::from(u32::try_from(window).unwrap());
                    let kept = 0.5_f64.powf((count / 7.0).sqrt() / 13.0);
                    strength = kept * strength + (1.0 - kept) * f64::min(1.0, window / wanted);
                }
                expected.push(strength);
            }
            let found = compute_strengths(&schedule, &history, today);
            prop_assert_eq!(found.len(), expected.len());
            for (found, expected) in found.iter().zip(expected) {
                prop_assert!((found.value() - expected).abs() <= 1e-9, "{:?} instead of {}", found, expected);
            }
        }
    }
}
