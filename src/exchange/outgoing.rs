//! The habits of an account in the neutral model, to be written for other programs.

use std::collections::BTreeMap;

use data_encoding::HEXLOWER;

use crate::domain::{Day, Habit, HabitId, History, Weekdays};
use crate::exchange::color::{Rgb, sample};
use crate::exchange::habit::{DayMark, ExchangeFile, ExchangeHabit, HabitAlarm, HabitFrequency};

const ATLAS: &str = "Atlas";

/// All habits with their days up to `last_day`.
pub fn to_exchange_file(habits: &[Habit], done: &BTreeMap<HabitId, History>, last_day: Day) -> ExchangeFile {
    let mut file = ExchangeFile::new(ATLAS);
    file.habits = habits.iter().map(|habit| to_exchange_habit(habit, done.get(&habit.id), last_day)).collect();
    file
}

fn to_exchange_habit(habit: &Habit, history: Option<&History>, last_day: Day) -> ExchangeHabit {
    let days = history.into_iter().flat_map(History::days).take_while(|day| *day <= last_day);
    let alarms = habit.reminder_times.minutes().iter();
    ExchangeHabit {
        description: habit.description.as_ref().map_or_else(String::new, |text| text.as_str().to_owned()),
        color: habit.color.map(|color| Rgb(sample(color))),
        frequency: HabitFrequency::Weekdays(habit.schedule.weekdays()),
        is_archived: !habit.is_active(),
        start: Some(habit.schedule.start()),
        reminders: alarms.map(|minute| HabitAlarm { minute: i64::from(*minute), weekdays: Weekdays::ALL }).collect(),
        days: days.map(|day| (day, DayMark::Done.into())).collect(),
        ..ExchangeHabit::new(HEXLOWER.encode(&habit.id.to_bytes()), habit.title.as_str())
    }
}
