//! Property tests of days that count neither way: what figures make of skipped and paused days, against naive statements of the same.

use std::collections::BTreeSet;

use jiff::Timestamp;
use proptest::prelude::*;

use crate::domain::accounts::preferences::WeekStart;
use crate::domain::calendar::day::inclusive_range;
use crate::domain::habits::amount::Amount;
use crate::domain::habits::best_streaks::find_best_streaks;
use crate::domain::habits::goal::{Goal, GoalPeriod};
use crate::domain::habits::habit::HabitPlan;
use crate::domain::habits::insights::{compute_insights, recent_rate};
use crate::domain::habits::judgment::judge;
use crate::domain::habits::period_rates::{Period, compute_period_rates};
use crate::domain::habits::recent_weeks::recent_weeks;
use crate::domain::habits::review::{DayStatus, Review};
use crate::domain::habits::rule::Rule;
use crate::domain::habits::schedule::ScheduleVersion;
use crate::domain::habits::streak::{compute_streak, current_streak};
use crate::domain::habits::strength_history::compute_strengths;
use crate::domain::habits::summary_year::{DaySummary, SummaryYear};
use crate::domain::habits::window_plan::plan_windows;
use crate::domain::{Day, Frequency, Habit, HabitId, History, Pause, Pauses, Schedule, Title, Weekdays, Window};

const WEEK_START: WeekStart = WeekStart::Monday;

/// A Monday, a month before the turn of a year.
fn first_day() -> Day {
    Day::parse("2025-12-01").unwrap()
}

fn day(offset: i32) -> Day {
    first_day().add_days(offset)
}

fn offsets(days: i32, max: usize) -> impl Strategy<Value = BTreeSet<i32>> {
    prop::collection::btree_set(0..days, 0..max)
}

fn weekdays() -> impl Strategy<Value = Weekdays> {
    prop::collection::btree_set(1_i64..=7, 1..=7).prop_map(|days| Weekdays::parse(days).unwrap())
}

/// Any rule of a yes/no habit, or one with amounts. Amounts of weeks and months belong to every day.
fn rules() -> impl Strategy<Value = Rule> {
    let window = prop::sample::select(vec![Window::CalendarWeek, Window::CalendarMonth, Window::RollingDays(5)]);
    let frequency = prop_oneof![
        Just(Frequency::Weekdays),
        (1_u16..5, window).prop_map(|(times, window)| Frequency::Times { times, window }),
        (1_u16..5).prop_map(|days| Frequency::EveryDays { days, anchor: first_day() }),
    ];
    let target = || (1_u64..6).prop_map(|target| Amount::from_thousandths(target * 1_000).unwrap());
    let per = || prop::sample::select(vec![GoalPeriod::Day, GoalPeriod::Week, GoalPeriod::Month]);
    let goal = prop_oneof![
        3 => Just(Goal::YesNo),
        1 => (target(), per()).prop_map(|(target, per)| Goal::AtLeast { target, per }),
        1 => (target(), per()).prop_map(|(target, per)| Goal::AtMost { target, per }),
    ];
    (weekdays(), frequency, goal).prop_map(|(weekdays, frequency, goal)| match goal {
        Goal::AtLeast { per, .. } | Goal::AtMost { per, .. } if per != GoalPeriod::Day => {
            Rule { weekdays: Weekdays::ALL, frequency: Frequency::Weekdays, goal }
        }
        _ => Rule { weekdays, frequency, goal },
    })
}

/// Completions on some days, and amounts of the same number of units on others.
fn history(done: &BTreeSet<i32>, amounts: &BTreeSet<i32>) -> History {
    let mut history = History::of_days(done.iter().map(|offset| day(*offset)));
    for year in [2025, 2026] {
        let mut summaries = SummaryYear::default();
        for at in amounts.iter().map(|offset| day(*offset)).filter(|at| at.year() == year) {
            summaries.set(at, DaySummary { amount: Amount::from_thousandths(2_000), ..DaySummary::default() });
        }
        history.insert_summaries(year, summaries);
    }
    history
}

fn habit(schedule: Schedule) -> Habit {
    let plan = HabitPlan::new(Title::parse("Read").unwrap(), Weekdays::ALL);
    let id = HabitId::generate(Timestamp::UNIX_EPOCH, [0; 10]);
    Habit { schedule, ..Habit::new(id, plan, 0, first_day(), Timestamp::UNIX_EPOCH) }
}

/// Every figure of a habit except its strength, as text that tells differences.
fn figures(schedule: &Schedule, history: &History, today: Day) -> Vec<String> {
    let plans = [(schedule, history)];
    let mut figures = vec![
        format!("{:?}", compute_streak(schedule, history, today, WEEK_START)),
        format!("{:?}", current_streak(schedule, history, today, WEEK_START)),
        format!("{:?}", find_best_streaks(schedule, history, today, WEEK_START)),
        format!("{:?}", recent_rate(schedule, history, today)),
        format!("{:?}", compute_insights(&plans, today)),
        format!("{:?}", recent_weeks(&plans, WEEK_START, today)),
    ];
    for period in Period::ALL {
        figures.push(format!("{:?}", compute_period_rates(schedule, history, period, WEEK_START, today)));
    }
    for year in [2025, 2026] {
        let review = Review::new(habit(schedule.clone()), history, Some(year), today, WEEK_START);
        figures.push(format!("{:?} {:?} {:?}", review.total, review.months, review.weekdays));
    }
    figures
}

/// Whether something that was recorded on the day makes it good: a limit is never kept by an entry.
fn is_recorded(schedule: &Schedule, history: &History, at: Day) -> bool {
    history.is_done(at)
        && match schedule.rule_on(at).unwrap().goal {
            Goal::YesNo => true,
            Goal::AtLeast { .. } => history.summary(at).amount.is_some(),
            Goal::AtMost { .. } => false,
        }
}

fn is_rolling(rule: Rule) -> bool {
    matches!(rule.frequency, Frequency::Times { window: Window::RollingDays(_), .. })
}

proptest! {
    #[test]
    fn pausing_days_is_skipping_each_scheduled_one_that_was_not_done(
        first in rules(),
        change in prop::option::of((0_i32..80, rules())),
        done in offsets(90, 60),
        amounts in offsets(90, 30),
        pauses in prop::collection::vec((0_i32..90, prop::option::of(0_i32..20)), 1..4),
        today in 30_i32..90,
    ) {
        let today = day(today);
        let mut schedule = Schedule::new(first_day(), first);
        if let Some((at, rule)) = change {
            schedule.change_from(day(at), rule);
        }
        let pauses: Vec<Pause> = pauses
            .into_iter()
            .map(|(first, length)| Pause { first: day(first), last: length.map(|length| day(first + length)) })
            .collect();
        let judged = judge(&schedule, history(&done, &amounts), today, WEEK_START);
        let (mut skipped, mut idle) = (judged.clone(), judged.clone());
        for at in (0..150).map(day).filter(|at| !is_recorded(&schedule, &judged, *at)) {
            if pauses.iter().any(|pause| pause.first <= at && pause.last.is_none_or(|last| at <= last)) {
                idle.skip(at, at);
                if schedule.is_scheduled(at) {
                    skipped.skip(at, at);
                }
            }
        }
        let paused = judged.paused_on(&Pauses::from(pauses), &schedule);
        for at in (0..150).map(day) {
            prop_assert_eq!(paused.is_paused(at), !idle.skipped().is_empty() && idle.skipped().contains(at), "{}", at);
        }
        // Strength stays as it is on every day of a pause, as while a habit is archived.
        prop_assert_eq!(compute_strengths(&schedule, &paused, today), compute_strengths(&schedule, &idle, today));
        // A day of a pause on which the habit was done breaks no rolling window, unlike another day.
        if schedule.versions().filter_map(ScheduleVersion::rule).any(is_rolling) {
            return Ok(());
        }
        let plan = |history| plan_windows(&schedule, history, today, WEEK_START);
        let both = figures(&schedule, &plan(paused), today).into_iter().zip(figures(&schedule, &plan(skipped), today));
        for (of_pause, of_skips) in both {
            prop_assert_eq!(of_pause, of_skips);
        }
    }

    #[test]
    fn completing_a_paused_day_shortens_no_streak_and_lowers_no_rate(
        rule in rules(),
        done in offsets(60, 40),
        (first, length, added) in (0_i32..50, 0_i32..20, 0_i32..20),
        today in 30_i32..90,
    ) {
        let rule = Rule { goal: Goal::YesNo, ..rule };
        let (schedule, today) = (Schedule::new(first_day(), rule), day(today));
        let pauses = Pauses::from(vec![Pause { first: day(first), last: Some(day(first + length)) }]);
        let added = first + added.min(length);
        let find = |done: &BTreeSet<i32>| {
            let history = history(done, &BTreeSet::new()).paused_on(&pauses, &schedule);
            let history = plan_windows(&schedule, history, today, WEEK_START);
            let streak = compute_streak(&schedule, &history, today, WEEK_START);
            let total = recent_rate(&schedule, &history, today);
            (streak.current, streak.longest, total)
        };
        let mut more = done.clone();
        more.insert(added);
        let (before, after) = (find(&done), find(&more));
        prop_assert!(before.0 <= after.0 && before.1 <= after.1, "{:?} {:?}", before, after);
        prop_assert!(before.2.scheduled - before.2.completed >= after.2.scheduled - after.2.completed);
    }

    #[test]
    fn skipped_days_are_left_out_of_best_streaks_and_reviews_and_keep_the_strength(
        weekdays in weekdays(),
        done in offsets(90, 70),
        skipped in offsets(90, 30),
        today in 20_i32..90,
    ) {
        let (schedule, last) = (Schedule::new(first_day(), weekdays), day(today));
        let mut history = History::of_days(done.iter().map(|offset| day(*offset)));
        for offset in &skipped {
            history.skip(day(*offset), day(*offset));
        }
        // The same rules, of the days one by one.
        let is_due = |at: Day| schedule.is_scheduled(at);
        let counted: Vec<bool> = (0..=today)
            .filter(|offset| is_due(day(*offset)) && !skipped.contains(offset))
            .filter(|offset| *offset < today || done.contains(offset))
            .map(|offset| done.contains(&offset))
            .collect();
        let mut lengths: Vec<usize> =
            counted.split(|is_done| !is_done).map(<[bool]>::len).filter(|length| *length > 0).collect();
        lengths.sort_unstable();
        let mut best: Vec<usize> = find_best_streaks(&schedule, &history, last, WEEK_START)
            .iter()
            .map(|run| usize::try_from(run.length).unwrap())
            .collect();
        best.sort_unstable();
        if lengths.len() <= 10 {
            prop_assert_eq!(best, lengths);
        }

        let mut total = (0, 0);
        for year in [2025, 2026] {
            let review = Review::new(habit(schedule.clone()), &history, Some(year), last, WEEK_START);
            total = (total.0 + review.total.scheduled, total.1 + review.total.completed);
            for at in inclusive_range(first_day(), last).filter(|at| at.year() == year && is_due(*at)) {
                let is_skipped = history.skipped().contains(at);
                prop_assert_eq!(review.status(at) == DayStatus::Skipped, is_skipped, "{}", at);
            }
        }
        let (scheduled, completed) = (counted.len(), counted.iter().filter(|is_done| **is_done).count());
        prop_assert_eq!((total.0 as usize, total.1 as usize), (scheduled, completed));

        let strengths = compute_strengths(&schedule, &history, last);
        for pair in (1..=today).filter(|offset| skipped.contains(offset) && !done.contains(offset)) {
            let at = usize::try_from(pair).unwrap();
            prop_assert_eq!(strengths.get(at), strengths.get(at - 1), "day {}", pair);
        }
    }
}
