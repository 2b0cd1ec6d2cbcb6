//! The habits of an account in the neutral model, to be written for other programs.

use std::collections::BTreeMap;

use data_encoding::HEXLOWER;

use crate::domain::habits::day_log::DayLog;
use crate::domain::habits::frequency::Window;
use crate::domain::habits::goal::GoalPeriod;
use crate::domain::{Day, Frequency, Goal, Habit, HabitId, History, Weekdays};
use crate::exchange::color::{Rgb, sample};
use crate::exchange::habit::{
    DayMark, ExchangeDay, ExchangeFile, ExchangeHabit, FrequencyPeriod, HabitAlarm, HabitFrequency, HabitKind,
};

const ATLAS: &str = "Atlas";

/// All habits with their days up to `last_day`.
pub fn to_exchange_file(
    habits: &[Habit],
    done: &BTreeMap<HabitId, History>,
    logs: &[(Day, HabitId, DayLog)],
    last_day: Day,
) -> ExchangeFile {
    let mut file = ExchangeFile::new(ATLAS);
    file.habits = habits.iter().map(|habit| to_exchange_habit(habit, done.get(&habit.id), last_day)).collect();
    let places: BTreeMap<HabitId, usize> = (0..).zip(habits).map(|(at, habit)| (habit.id, at)).collect();
    for (date, id, log) in logs.iter().filter(|(date, ..)| *date <= last_day) {
        let Some((at, stored)) = places.get(id).and_then(|at| Some((*at, habits.get(*at)?))) else { continue };
        if let Some(habit) = file.habits.get_mut(at) {
            add_log(habit, stored, *date, log);
        }
    }
    file
}

fn add_log(habit: &mut ExchangeHabit, stored: &Habit, date: Day, log: &DayLog) {
    let day = habit.days.entry(date).or_default();
    day.note = log.note.as_ref().map_or_else(String::new, |note| note.as_str().to_owned());
    let was_reached = |amount| stored.schedule.rule_on(date).is_some_and(|rule| rule.goal.is_met_by(amount));
    day.state = match (habit.kind, log.amount()) {
        (HabitKind::Amount { .. }, Some(amount)) => DayMark::Amount(amount.thousandths()),
        // The habit counted amounts then.
        (HabitKind::YesNo, Some(amount)) if was_reached(amount) => DayMark::Done,
        _ if log.is_skipped && day.state == DayMark::Unknown => DayMark::Skipped,
        _ => day.state,
    };
    if *day == ExchangeDay::default() {
        habit.days.remove(&date);
    }
}

fn to_exchange_habit(habit: &Habit, history: Option<&History>, last_day: Day) -> ExchangeHabit {
    let goal = habit.schedule.rule().goal;
    let (kind, done) = match goal {
        Goal::YesNo => (HabitKind::YesNo, Some(DayMark::Done)),
        // A day on which the habit was done or not, before it counted amounts.
        Goal::AtLeast { target, .. } => {
            let target = target.thousandths();
            (HabitKind::Amount { target, is_limit: false }, Some(DayMark::Amount(target)))
        }
        Goal::AtMost { target, .. } => (HabitKind::Amount { target: target.thousandths(), is_limit: true }, None),
    };
    let unit = habit.unit.as_ref().filter(|_| goal.has_amounts());
    let days = history.into_iter().flat_map(History::days).take_while(|day| *day <= last_day);
    let alarms = habit.reminder_times.minutes().iter();
    ExchangeHabit {
        description: habit.description.as_ref().map_or_else(String::new, |text| text.as_str().to_owned()),
        color: habit.color.map(|color| Rgb(sample(color))),
        frequency: frequency(habit),
        is_archived: !habit.is_active(),
        start: Some(habit.schedule.start()),
        reminders: alarms.map(|minute| HabitAlarm { minute: i64::from(*minute), weekdays: Weekdays::ALL }).collect(),
        kind,
        unit: unit.map_or_else(String::new, |unit| unit.as_str().to_owned()),
        goal_period: goal.target().map_or_else(GoalPeriod::default, |(_, period)| period),
        days: days.filter_map(|day| Some((day, done?.into()))).collect(),
        ..ExchangeHabit::new(HEXLOWER.encode(&habit.id.to_bytes()), habit.title.as_str())
    }
}

fn frequency(habit: &Habit) -> HabitFrequency {
    let rule = habit.schedule.rule();
    match rule.frequency {
        Frequency::Weekdays => HabitFrequency::Weekdays(rule.weekdays),
        Frequency::EveryDays { days, .. } => HabitFrequency::EveryDays(days),
        Frequency::Times { times, window } => {
            let period = match window {
                Window::CalendarWeek => FrequencyPeriod::CalendarWeek,
                Window::CalendarMonth => FrequencyPeriod::CalendarMonth,
                Window::RollingDays(days) => FrequencyPeriod::Days(days),
            };
            HabitFrequency::Times { times, period }
        }
    }
}
