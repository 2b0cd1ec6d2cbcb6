//! HabitSync: the habits of its API, with their records.

use serde::Deserialize;
use serde_json::Value;

use crate::domain::{Day, Weekdays};
use crate::exchange::color::{LOOP_PALETTE, Rgb};
use crate::exchange::error::ExchangeError;
use crate::exchange::habit::{
    DayMark, ExchangeDay, ExchangeFile, ExchangeHabit, FrequencyPeriod, HabitFrequency, HabitKind,
};
use crate::exchange::json::{DayList, DayRecord, HabitList, epoch_day, integer, text};
use crate::exchange::thousandths::to_thousandths;

pub const HABIT_SYNC: &str = "HabitSync";

#[derive(Deserialize)]
#[serde(untagged)]
enum Root {
    List(HabitList<RawHabit>),
    Object { habits: HabitList<RawHabit> },
    One(Box<RawHabit>),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawHabit {
    name: String,
    #[serde(default)]
    records: DayList<RawRecord>,
    #[serde(default)]
    uuid: String,
    #[serde(default)]
    color: Value,
    #[serde(default)]
    sort_position: Value,
    #[serde(default)]
    group: Value,
    #[serde(default)]
    progress_computation: RawProgress,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct RawProgress {
    daily_reachable_value: Value,
    unit: Option<String>,
    target_days: Value,
    frequency_type: Value,
    times_per_x_days: Value,
    is_negative: bool,
    weekday_filter_whitelist: Vec<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawRecord {
    epoch_day: Value,
    #[serde(default)]
    record_value: Value,
}

impl DayRecord for RawRecord {
    fn into_day(self) -> (Option<Day>, ExchangeDay) {
        let amount = to_thousandths(self.record_value.as_f64().unwrap_or_default());
        (epoch_day(&self.epoch_day), DayMark::Amount(amount).into())
    }
}

/// Reads one habit or several.
///
/// # Errors
/// [`ExchangeError::Json`].
pub fn read(json: &[u8]) -> Result<ExchangeFile, ExchangeError> {
    let mut habits = match serde_json::from_slice(json)? {
        Root::List(habits) | Root::Object { habits } => habits.0,
        Root::One(habit) => vec![*habit],
    };
    habits.sort_by(|one, other| position(one).total_cmp(&position(other)));
    let mut file = ExchangeFile::new(HABIT_SYNC);
    for raw in habits {
        file.push(read_habit(raw))?;
    }
    Ok(file)
}

fn position(habit: &RawHabit) -> f64 {
    habit.sort_position.as_f64().unwrap_or(f64::MAX)
}

fn read_habit(raw: RawHabit) -> ExchangeHabit {
    let progress = raw.progress_computation;
    let target = to_thousandths(progress.daily_reachable_value.as_f64().unwrap_or(1.0));
    let unit = progress.unit.clone().unwrap_or_default();
    let key = if raw.uuid.is_empty() { raw.name.clone() } else { raw.uuid.replace('-', "") };
    // Ten colors, in the order of the rainbow as in Loop.
    let color = integer(&raw.color).and_then(|number| usize::try_from(2 * (number - 1)).ok());
    let mut habit = ExchangeHabit {
        color: color.and_then(|at| LOOP_PALETTE.get(at)).map(|rgb| Rgb(*rgb)),
        frequency: frequency(&progress),
        kind: HabitKind::Amount { target, is_limit: progress.is_negative },
        unit,
        group: text(&raw.group),
        ..ExchangeHabit::new(key, raw.name)
    };
    raw.records.move_to(&mut habit);
    if !progress.is_negative && target <= 1_000 && habit.unit.is_empty() {
        habit.kind = HabitKind::YesNo;
        for day in habit.days.values_mut() {
            let is_done = matches!(day.state, DayMark::Amount(amount) if amount >= target.max(1));
            day.state = if is_done { DayMark::Done } else { DayMark::Missed };
        }
    }
    habit
}

fn frequency(progress: &RawProgress) -> HabitFrequency {
    let number = |value: &Value| integer(value).and_then(|number| u16::try_from(number).ok()).unwrap_or(1).max(1);
    let weekdays = Weekdays::parse(progress.weekday_filter_whitelist.iter().filter_map(integer));
    let times = number(&progress.target_days);
    let (period, length) = match text(&progress.frequency_type).as_str() {
        "WEEKLY" => (FrequencyPeriod::CalendarWeek, 7),
        "MONTHLY" => (FrequencyPeriod::CalendarMonth, 28),
        "X_TIMES_PER_Y_DAYS" => {
            let days = number(&progress.times_per_x_days);
            (FrequencyPeriod::Days(days), days)
        }
        _ => return weekdays.map_or_else(|_| HabitFrequency::default(), HabitFrequency::Weekdays),
    };
    match weekdays {
        Ok(weekdays) if weekdays != Weekdays::ALL => HabitFrequency::Weekdays(weekdays),
        _ if times >= length => HabitFrequency::default(),
        _ => HabitFrequency::Times { times, period },
    }
}
