//! Beaver Habits: the file of its export button, the file or the database that it keeps, and its Telegram backup. All of them
//! hold the same habits.

use serde::Deserialize;
use serde_json::Value;

use crate::domain::Day;
use crate::exchange::error::ExchangeError;
use crate::exchange::habit::{DayMark, ExchangeDay, ExchangeFile, ExchangeHabit, FrequencyPeriod, HabitFrequency};
use crate::exchange::json::{DayList, DayRecord, HabitList, integer, text};
use crate::formats::sqlite::reader::SqliteReader;

pub const BEAVER: &str = "Beaver Habits";

#[derive(Deserialize)]
struct Root {
    #[serde(default)]
    data: Option<Lists>,
    #[serde(flatten)]
    lists: Lists,
}

#[derive(Default, Deserialize)]
struct Lists {
    #[serde(default)]
    habits: HabitList<RawHabit>,
    #[serde(default)]
    order: Vec<Value>,
}

#[derive(Deserialize)]
struct RawHabit {
    #[serde(default)]
    id: Value,
    name: String,
    records: DayList<RawRecord>,
    #[serde(default)]
    tags: Vec<Value>,
    #[serde(default)]
    status: Value,
    #[serde(default)]
    period: Option<RawPeriod>,
}

#[derive(Deserialize)]
struct RawPeriod {
    period_type: String,
    #[serde(default)]
    period_count: Value,
    #[serde(default)]
    target_count: Value,
}

#[derive(Deserialize)]
struct RawRecord {
    day: String,
    #[serde(default)]
    done: bool,
    #[serde(default)]
    text: Option<String>,
}

impl DayRecord for RawRecord {
    fn into_day(self) -> (Option<Day>, ExchangeDay) {
        let note = self.text.unwrap_or_default();
        let (text, tags) = split_tags(&note);
        let state = match self.done {
            true if tags.contains(&"#skip") => DayMark::Skipped,
            true => DayMark::Done,
            false => DayMark::Missed,
        };
        (Day::parse(&self.day).ok(), ExchangeDay { state, note: text.to_owned() })
    }
}

/// The note, and the tags of its last line if that has nothing else. They style the day in Beaver Habits.
fn split_tags(note: &str) -> (&str, Vec<&str>) {
    let note = note.trim();
    let (text, last) = note.rsplit_once('\n').unwrap_or(("", note));
    let words: Vec<&str> = last.split_whitespace().collect();
    let is_tags = !words.is_empty() && words.iter().all(|word| word.len() > 1 && word.starts_with('#'));
    if is_tags { (text.trim(), words) } else { (note, Vec::new()) }
}

/// Reads a file in any of the three shapes.
///
/// # Errors
/// [`ExchangeError::Json`].
pub fn read(json: &[u8]) -> Result<ExchangeFile, ExchangeError> {
    let root: Root = serde_json::from_slice(json)?;
    convert(root.data.unwrap_or(root.lists))
}

/// Whether a database is that of Beaver Habits.
pub fn recognizes(database: &SqliteReader<'_>) -> bool {
    database.has_table("habit_list")
}

/// Reads the database, if it holds the habits of one person.
///
/// # Errors
/// [`ExchangeError`].
pub fn read_database(database: &SqliteReader<'_>) -> Result<ExchangeFile, ExchangeError> {
    let mut found: Option<ExchangeFile> = None;
    database.for_each_row::<ExchangeError>("habit_list", |row| {
        if found.is_some() {
            return Err(ExchangeError::SeveralPeople);
        }
        found = Some(read(row.text("data").as_bytes())?);
        Ok(())
    })?;
    found.ok_or(ExchangeError::Missing("habit_list"))
}

fn convert(lists: Lists) -> Result<ExchangeFile, ExchangeError> {
    let order: Vec<String> = lists.order.iter().map(text).collect();
    let mut habits = lists.habits.0;
    habits.sort_by_key(|habit| {
        let id = text(&habit.id);
        order.iter().position(|other| *other == id).unwrap_or(usize::MAX)
    });
    let mut file = ExchangeFile::new(BEAVER);
    for raw in habits {
        let status = text(&raw.status);
        if status == "soft_delete" {
            file.left_out.push(format!("“{}” was deleted in {BEAVER}.", raw.name));
            continue;
        }
        let id = text(&raw.id);
        let key = if id.is_empty() { raw.name.clone() } else { id };
        let habit = file.push(ExchangeHabit {
            frequency: raw.period.as_ref().map_or_else(HabitFrequency::default, frequency),
            is_archived: status == "archive",
            tags: raw.tags.iter().map(text).collect(),
            ..ExchangeHabit::new(key, raw.name)
        })?;
        raw.records.move_to(habit);
    }
    Ok(file)
}

fn frequency(period: &RawPeriod) -> HabitFrequency {
    let number = |value: &Value| integer(value).and_then(|number| u16::try_from(number).ok()).unwrap_or(1).max(1);
    let (count, times) = (number(&period.period_count), number(&period.target_count));
    let days = |unit: u16| count.saturating_mul(unit).min(366);
    let (length, calendar) = match period.period_type.as_str() {
        "W" => (days(7), Some(FrequencyPeriod::CalendarWeek)),
        "M" => (days(30), Some(FrequencyPeriod::CalendarMonth)),
        "Y" => (days(365), None),
        _ => (days(1), None),
    };
    match (times, calendar.filter(|_| count == 1)) {
        _ if times >= length => HabitFrequency::default(),
        (times, Some(period)) => HabitFrequency::Times { times, period },
        (1, None) => HabitFrequency::EveryDays(length),
        (times, None) => HabitFrequency::Times { times, period: FrequencyPeriod::Days(length) },
    }
}
