//! The habits of an account in the neutral model, to be written for other programs.

use std::collections::BTreeMap;

use data_encoding::HEXLOWER;

use crate::domain::habits::day_log::DayLog;
use crate::domain::habits::frequency::Window;
use crate::domain::{Day, Frequency, Habit, HabitId, History, Weekdays};
use crate::exchange::color::{Rgb, sample};
use crate::exchange::habit::{DayMark, ExchangeFile, ExchangeHabit, FrequencyPeriod, HabitAlarm, HabitFrequency};

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
        if let Some(habit) = places.get(id).and_then(|at| file.habits.get_mut(*at)) {
            add_log(habit, *date, log);
        }
    }
    file
}

fn add_log(habit: &mut ExchangeHabit, date: Day, log: &DayLog) {
    let note = log.note.as_ref().map_or_else(String::new, |note| note.as_str().to_owned());
    if note.is_empty() && !log.is_skipped {
        return;
    }
    let day = habit.days.entry(date).or_default();
    day.note = note;
    if log.is_skipped && day.state == DayMark::Unknown {
        day.state = DayMark::Skipped;
    }
}

fn to_exchange_habit(habit: &Habit, history: Option<&History>, last_day: Day) -> ExchangeHabit {
    let days = history.into_iter().flat_map(History::days).take_while(|day| *day <= last_day);
    let alarms = habit.reminder_times.minutes().iter();
    ExchangeHabit {
        description: habit.description.as_ref().map_or_else(String::new, |text| text.as_str().to_owned()),
        color: habit.color.map(|color| Rgb(sample(color))),
        frequency: frequency(habit),
        is_archived: !habit.is_active(),
        start: Some(habit.schedule.start()),
        reminders: alarms.map(|minute| HabitAlarm { minute: i64::from(*minute), weekdays: Weekdays::ALL }).collect(),
        days: days.map(|day| (day, DayMark::Done.into())).collect(),
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
