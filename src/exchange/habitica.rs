//! Habitica: `userdata.json` and `history.csv` of its data export. Its tasks keep a value that rises with every success.

use std::collections::BTreeMap;
use std::fmt;

use csv::ReaderBuilder;
use jiff::Timestamp;
use serde::de::{IgnoredAny, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::domain::{Day, Weekdays, Zone};
use crate::exchange::error::ExchangeError;
use crate::exchange::habit::{DayMark, ExchangeFile, ExchangeHabit, HabitFrequency};
use crate::exchange::json::{HabitList, day_in, integer, text};

pub const HABITICA: &str = "Habitica";

#[derive(Deserialize)]
struct Root {
    tasks: Tasks,
    /// The names of tags, each with its id.
    #[serde(default)]
    tags: Vec<Value>,
}

#[derive(Deserialize)]
struct Tasks {
    #[serde(default)]
    habits: HabitList<RawTask>,
    #[serde(default)]
    dailys: HabitList<RawTask>,
    #[serde(default)]
    todos: Vec<IgnoredAny>,
    #[serde(default)]
    rewards: Vec<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawTask {
    text: String,
    #[serde(default, alias = "_id")]
    id: Value,
    #[serde(default)]
    notes: String,
    #[serde(default)]
    frequency: Value,
    #[serde(default)]
    every_x: Value,
    #[serde(default)]
    repeat: BTreeMap<String, Value>,
    #[serde(default)]
    history: ScoreList,
    /// The ids of its tags.
    #[serde(default)]
    tags: Vec<Value>,
}

/// When a task's value changed, in order, with whether that was a success.
#[derive(Default)]
struct ScoreList(Vec<(Timestamp, bool)>, usize);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawScore {
    date: Value,
    #[serde(default)]
    value: Value,
    #[serde(default)]
    completed: Option<bool>,
    #[serde(default)]
    scored_up: Option<f64>,
}

impl<'de> Deserialize<'de> for ScoreList {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(ScoreListVisitor)
    }
}

struct ScoreListVisitor;

impl<'de> Visitor<'de> for ScoreListVisitor {
    type Value = ScoreList;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of scores")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Self::Value, A::Error> {
        let (mut list, mut before) = (ScoreList::default(), 0.0);
        while let Some(score) = elements.next_element::<RawScore>()? {
            let value = score.value.as_f64().unwrap_or(before);
            let is_success = score.completed.or(score.scored_up.map(|times| times > 0.0)).unwrap_or(value > before);
            before = value;
            let at = match &score.date {
                Value::String(text) => text.parse().ok(),
                number => integer(number).and_then(|millis| Timestamp::from_millisecond(millis).ok()),
            };
            match at {
                Some(at) => list.0.push((at, is_success)),
                None => list.1 += 1,
            }
        }
        Ok(list)
    }
}

/// Reads `userdata.json`; days are those of `zone`.
///
/// # Errors
/// [`ExchangeError::Json`].
pub fn read(json: &[u8], zone: &Zone) -> Result<ExchangeFile, ExchangeError> {
    let Root { tasks, tags } = serde_json::from_slice(json)?;
    let name = |id: &Value| tags.iter().find(|tag| tag.get("id") == Some(id)).and_then(|tag| tag.get("name")).map(text);
    let mut file = ExchangeFile::new(HABITICA);
    for raw in tasks.dailys.0.into_iter().chain(tasks.habits.0) {
        let id = text(&raw.id);
        let frequency = frequency(&raw);
        let habit = file.push(ExchangeHabit {
            description: raw.notes,
            frequency,
            tags: raw.tags.iter().filter_map(name).collect(),
            unreadable_days: raw.history.1,
            ..ExchangeHabit::new(if id.is_empty() { raw.text.clone() } else { id }, raw.text)
        })?;
        for (at, is_success) in raw.history.0 {
            add_score(habit, Some(Day::at(at, zone)), is_success);
        }
    }
    for (count, what) in [(tasks.todos.len(), "to-do"), (tasks.rewards.len(), "reward")] {
        if count > 0 {
            let plural = if count == 1 { "" } else { "s" };
            file.left_out.push(format!("{count} {what}{plural}: Atlas keeps habits only."));
        }
    }
    Ok(file)
}

/// A day with at least one success counts as done.
fn add_score(habit: &mut ExchangeHabit, day: Option<Day>, is_success: bool) {
    let Some(day) = day else {
        habit.unreadable_days += 1;
        return;
    };
    let state = &mut habit.days.entry(day).or_default().state;
    if is_success {
        *state = DayMark::Done;
    } else if *state == DayMark::Unknown {
        *state = DayMark::Missed;
    }
}

fn frequency(task: &RawTask) -> HabitFrequency {
    const DAYS: [&str; 7] = ["m", "t", "w", "th", "f", "s", "su"];
    let every = integer(&task.every_x).and_then(|days| u16::try_from(days).ok()).unwrap_or(1);
    match text(&task.frequency).as_str() {
        "weekly" => {
            let is_on = |day: &str| task.repeat.get(day).is_some_and(|on| on == &Value::Bool(true));
            let days = (1..).zip(DAYS).filter(|(_, day)| is_on(day)).map(|(number, _)| number);
            Weekdays::parse(days).map_or_else(|_| HabitFrequency::default(), HabitFrequency::Weekdays)
        }
        "daily" if every > 1 => HabitFrequency::EveryDays(every),
        _ => HabitFrequency::default(),
    }
}

/// Reads `history.csv`: a row for every change of a task's value.
///
/// # Errors
/// [`ExchangeError::Csv`].
pub fn read_table(table: &[u8]) -> Result<ExchangeFile, ExchangeError> {
    let mut rows = ReaderBuilder::new().flexible(true).from_reader(table);
    let mut file = ExchangeFile::new(HABITICA);
    let mut known: BTreeMap<String, (usize, f64)> = BTreeMap::new();
    for row in rows.records() {
        let row = row?;
        let cell = |at: usize| row.get(at).unwrap_or_default();
        let (name, id, date, value) = (cell(0), cell(1), cell(3), cell(4).trim().parse().unwrap_or(0.0));
        let key = if id.is_empty() { name } else { id };
        if !known.contains_key(key) {
            file.push(ExchangeHabit::new(key, name))?;
            known.insert(key.to_owned(), (file.habits.len() - 1, 0.0));
        }
        let Some((at, before)) = known.get_mut(key) else { continue };
        let is_success = value > *before;
        *before = value;
        if let Some(habit) = file.habits.get_mut(*at) {
            add_score(habit, day_in(date), is_success);
        }
    }
    Ok(file)
}
