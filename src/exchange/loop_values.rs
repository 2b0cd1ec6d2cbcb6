//! What Loop Habit Tracker stores in its backup and its tables: frequencies, colors, and the numbers of days.

use crate::domain::habits::goal::GoalPeriod;
use crate::exchange::habit::{DayMark, ExchangeHabit, FrequencyPeriod, HabitFrequency, HabitKind};

pub const LOOP: &str = "Loop Habit Tracker";
/// The numbers of days without an amount.
pub const MISSED: i64 = 0;
const DONE: i64 = 2;
const SKIPPED: i64 = 3;
pub const UNKNOWN: i64 = -1;

/// A habit's question, then its description, as one text.
pub fn join_texts(question: &str, description: &str) -> String {
    let texts = [question.trim(), description.trim()];
    texts.into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join("\n\n")
}

/// How often a habit is meant, and which amounts its target is compared with: an amount in so many days is one in each week or
/// month.
pub fn read_plan(kind: HabitKind, times: i64, days: i64) -> (HabitFrequency, GoalPeriod) {
    match (kind, days) {
        (HabitKind::Amount { .. }, 7) => (HabitFrequency::default(), GoalPeriod::Week),
        (HabitKind::Amount { .. }, 28..=31) => (HabitFrequency::default(), GoalPeriod::Month),
        _ => (read_frequency(times, days), GoalPeriod::Day),
    }
}

/// `times` in `days` days.
fn read_frequency(times: i64, days: i64) -> HabitFrequency {
    let (times, days) = (u16::try_from(times).unwrap_or(1).max(1), u16::try_from(days).unwrap_or(1).max(1));
    match (times, days) {
        _ if times >= days => HabitFrequency::default(),
        (1, days) if days != 7 && days != 30 => HabitFrequency::EveryDays(days),
        (times, days) => HabitFrequency::Times { times, period: FrequencyPeriod::Days(days) },
    }
}

/// So many times in so many days, or the days whose amounts are compared with the target.
pub fn write_plan(habit: &ExchangeHabit) -> (u16, u16) {
    match (habit.kind, habit.goal_period) {
        (HabitKind::YesNo, _) => write_frequency(habit.frequency),
        (HabitKind::Amount { .. }, GoalPeriod::Day) => (1, 1),
        (HabitKind::Amount { .. }, GoalPeriod::Week) => (1, 7),
        (HabitKind::Amount { .. }, GoalPeriod::Month) => (1, 30),
    }
}

/// As often as there are days, or more often, is every day.
fn write_frequency(frequency: HabitFrequency) -> (u16, u16) {
    let (times, days) = match frequency {
        HabitFrequency::Weekdays(weekdays) => match u16::try_from(weekdays.iso_numbers().len()) {
            Ok(times @ 1..7) => (times, 7),
            _ => (1, 1),
        },
        HabitFrequency::EveryDays(days) => (1, days),
        HabitFrequency::Times { times, period } => match period {
            FrequencyPeriod::CalendarWeek => (times, 7),
            FrequencyPeriod::CalendarMonth => (times, 30),
            FrequencyPeriod::Days(days) => (times, days),
        },
    };
    if times >= days { (1, 1) } else { (times, days) }
}

/// What a stored number says about a day. Numeric habits have thousandths, among which 3 is a skip as well.
pub fn read_value(kind: HabitKind, value: i64) -> DayMark {
    match (kind, value) {
        (_, SKIPPED) => DayMark::Skipped,
        (HabitKind::YesNo, DONE) => DayMark::Done,
        (HabitKind::YesNo, MISSED) => DayMark::Missed,
        (HabitKind::Amount { .. }, 0..) => DayMark::Amount(value.cast_unsigned()),
        // 1 is a day that Loop filled in itself, and -1 one without an answer.
        _ => DayMark::Unknown,
    }
}

/// The number of a day.
pub fn write_value(state: DayMark) -> i64 {
    match state {
        DayMark::Unknown => UNKNOWN,
        DayMark::Done => DONE,
        DayMark::Missed => MISSED,
        DayMark::Skipped => SKIPPED,
        // An amount that would read as a skip is off by a thousandth instead.
        DayMark::Amount(3) => 4,
        DayMark::Amount(amount) => i64::try_from(amount).unwrap_or(i64::MAX),
    }
}
