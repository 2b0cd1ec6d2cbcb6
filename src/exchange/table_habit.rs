//! Table Habit (mhabit): the JSON of its export.

use serde::Deserialize;
use serde_json::Value;

use crate::domain::Day;
use crate::exchange::color::Rgb;
use crate::exchange::error::ExchangeError;
use crate::exchange::habit::{
    DayMark, ExchangeDay, ExchangeFile, ExchangeHabit, FrequencyPeriod, HabitFrequency, HabitKind,
};
use crate::exchange::json::{DayList, DayRecord, HabitsFile, epoch_day, integer, text};
use crate::exchange::thousandths::to_thousandths;

pub const TABLE_HABIT: &str = "Table Habit";

#[derive(Deserialize)]
struct RawHabit {
    name: String,
    records: DayList<RawRecord>,
    #[serde(default)]
    uuid: String,
    #[serde(default)]
    desc: String,
    #[serde(default, rename = "type")]
    kind: Value,
    #[serde(default)]
    status: Value,
    #[serde(default)]
    custom_color: Value,
    #[serde(default)]
    daily_goal: Value,
    #[serde(default)]
    daily_goal_unit: String,
    #[serde(default)]
    freq_type: Value,
    #[serde(default)]
    freq_custom: Value,
    #[serde(default)]
    start_date: Value,
    #[serde(default)]
    sort_position: Value,
}

#[derive(Deserialize)]
struct RawRecord {
    record_date: Value,
    #[serde(default)]
    record_type: Value,
    #[serde(default)]
    record_value: Value,
    #[serde(default)]
    reason: Option<String>,
}

impl DayRecord for RawRecord {
    fn into_day(self) -> (Option<Day>, ExchangeDay) {
        let state = match integer(&self.record_type) {
            Some(1) => DayMark::Amount(to_thousandths(self.record_value.as_f64().unwrap_or(1.0))),
            Some(2) => DayMark::Skipped,
            _ => DayMark::Unknown,
        };
        (epoch_day(&self.record_date), ExchangeDay { state, note: self.reason.unwrap_or_default() })
    }
}

/// Reads an export.
///
/// # Errors
/// [`ExchangeError::Json`].
pub fn read(json: &[u8]) -> Result<ExchangeFile, ExchangeError> {
    let mut habits = serde_json::from_slice::<HabitsFile<RawHabit>>(json)?.into_habits();
    habits.sort_by(|one, other| position(one).total_cmp(&position(other)));
    let mut file = ExchangeFile::new(TABLE_HABIT);
    for raw in habits {
        if integer(&raw.status) == Some(2) {
            file.left_out.push(format!("“{}” was deleted in {TABLE_HABIT}.", raw.name));
            continue;
        }
        file.push(read_habit(raw))?;
    }
    Ok(file)
}

fn position(habit: &RawHabit) -> f64 {
    habit.sort_position.as_f64().unwrap_or(f64::MAX)
}

fn read_habit(raw: RawHabit) -> ExchangeHabit {
    let goal = to_thousandths(raw.daily_goal.as_f64().unwrap_or(1.0));
    let is_limit = integer(&raw.kind) == Some(2);
    let key = if raw.uuid.is_empty() { raw.name.clone() } else { raw.uuid.replace('-', "") };
    let mut habit = ExchangeHabit {
        description: raw.desc,
        // An ARGB number; the other colors are places in a palette of the app.
        color: integer(&raw.custom_color).and_then(|argb| Rgb::parse(&format!("{:06x}", argb & 0x00ff_ffff))),
        frequency: frequency(integer(&raw.freq_type), &text_of_list(&raw.freq_custom)),
        is_archived: integer(&raw.status) == Some(3),
        start: epoch_day(&raw.start_date),
        unit: raw.daily_goal_unit,
        kind: HabitKind::Amount { target: goal, is_limit },
        ..ExchangeHabit::new(key, raw.name)
    };
    raw.records.move_to(&mut habit);
    let is_yes_no = !is_limit && goal == 1_000 && habit.unit.is_empty();
    if is_yes_no {
        habit.kind = HabitKind::YesNo;
        for day in habit.days.values_mut() {
            day.state = match day.state {
                DayMark::Amount(1_000..) => DayMark::Done,
                DayMark::Amount(_) => DayMark::Missed,
                other => other,
            };
        }
    }
    habit
}

/// A list of numbers, which the file has as a text.
fn text_of_list(value: &Value) -> Vec<u16> {
    let text = if value.is_array() { value.to_string() } else { text(value) };
    let numbers = text.split(|c: char| !c.is_ascii_digit()).filter_map(|number| number.parse().ok());
    numbers.take(2).collect()
}

fn frequency(kind: Option<i64>, numbers: &[u16]) -> HabitFrequency {
    let (period, length) = match kind {
        Some(1) => (FrequencyPeriod::CalendarWeek, 7),
        Some(2) => (FrequencyPeriod::CalendarMonth, 31),
        Some(3) => {
            let days = numbers.get(1).copied().unwrap_or(1);
            (FrequencyPeriod::Days(days), days)
        }
        _ => return HabitFrequency::default(),
    };
    match numbers.first().copied().unwrap_or(1).max(1) {
        times if times >= length => HabitFrequency::default(),
        1 if kind == Some(3) => HabitFrequency::EveryDays(length),
        times => HabitFrequency::Times { times, period },
    }
}
