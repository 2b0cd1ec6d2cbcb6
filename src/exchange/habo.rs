//! Habo: the JSON of its backup.

use std::collections::BTreeSet;
use std::fmt;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::domain::Weekdays;
use crate::exchange::error::ExchangeError;
use crate::exchange::habit::{DayMark, ExchangeDay, ExchangeFile, ExchangeHabit, HabitAlarm, HabitKind};
use crate::exchange::json::{HabitsFile, day_in, integer, text};
use crate::exchange::thousandths::to_thousandths;

pub const HABO: &str = "Habo";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawHabit {
    title: String,
    events: Events,
    #[serde(default)]
    uuid: Value,
    #[serde(default)]
    position: Value,
    #[serde(default)]
    cue: String,
    #[serde(default)]
    routine: String,
    #[serde(default)]
    reward: String,
    #[serde(default)]
    sanction: String,
    #[serde(default)]
    notification: Value,
    #[serde(default)]
    not_time: String,
    #[serde(default)]
    habit_type: Value,
    #[serde(default)]
    target_value: Value,
    #[serde(default)]
    unit: Option<String>,
    #[serde(default)]
    archived: Value,
    #[serde(default)]
    id: Value,
    /// Names, or objects like those of the file.
    #[serde(default)]
    categories: Vec<Value>,
}

/// The categories of a backup, and which habits are in them.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Categories {
    categories: Vec<Value>,
    habit_categories: Vec<Value>,
}

impl Categories {
    /// The names of the categories of a habit: those in the habit, and those that the file assigns to its id.
    fn names(&self, habit: &RawHabit) -> Vec<String> {
        let id = |value: &Value, field: &str| value.get(field).map(text).filter(|id| !id.is_empty());
        let links =
            self.habit_categories.iter().filter(|link| id(link, "habit_id").is_some_and(|of| of == text(&habit.id)));
        let linked = links.filter_map(|link| {
            let category = id(link, "category_id")?;
            self.categories.iter().find(|known| id(known, "id").as_ref() == Some(&category))
        });
        let mut names: Vec<String> = habit.categories.iter().chain(linked).map(category_name).collect();
        let mut seen = BTreeSet::new();
        names.retain(|name| !name.is_empty() && seen.insert(name.clone()));
        names
    }
}

fn category_name(category: &Value) -> String {
    text(category.get("title").or_else(|| category.get("name")).unwrap_or(category))
}

/// Days by their date and time, each a list of its type, a comment, the progress, and the target of that day.
struct Events(ExchangeHabit);

impl<'de> Deserialize<'de> for Events {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(EventsVisitor)
    }
}

struct EventsVisitor;

impl<'de> Visitor<'de> for EventsVisitor {
    type Value = Events;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("days by their date")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
        let mut habit = ExchangeHabit::default();
        while let Some((date, event)) = entries.next_entry::<String, Vec<Value>>()? {
            habit.add(day_in(&date), read_event(&event));
        }
        Ok(Events(habit))
    }
}

/// The state of an event; a completion is `Done` until the kind of the habit is known.
fn read_event(event: &[Value]) -> ExchangeDay {
    let state = match event.first().and_then(integer) {
        Some(1) => DayMark::Done,
        Some(2) => DayMark::Missed,
        Some(3) => DayMark::Skipped,
        Some(4) => DayMark::Amount(to_thousandths(event.get(2).and_then(Value::as_f64).unwrap_or_default())),
        _ => DayMark::Unknown,
    };
    ExchangeDay { state, note: event.get(1).map(text).unwrap_or_default() }
}

/// Reads a backup.
///
/// # Errors
/// [`ExchangeError::Json`].
pub fn read(json: &[u8]) -> Result<ExchangeFile, ExchangeError> {
    let mut habits = serde_json::from_slice::<HabitsFile<RawHabit>>(json)?.into_habits();
    habits.sort_by_key(|habit| integer(&habit.position).unwrap_or(i64::MAX));
    let mut file = ExchangeFile::new(HABO);
    let categories: Categories = serde_json::from_slice(json).unwrap_or_default();
    for raw in habits {
        let tags = categories.names(&raw);
        file.push(ExchangeHabit { tags, ..read_habit(raw) })?;
    }
    Ok(file)
}

fn read_habit(raw: RawHabit) -> ExchangeHabit {
    let parts = [("Cue", &raw.cue), ("Routine", &raw.routine), ("Reward", &raw.reward), ("Sanction", &raw.sanction)];
    let texts = parts.iter().filter(|(_, text)| !text.trim().is_empty()).map(|(what, text)| format!("{what}: {text}"));
    let uuid = text(&raw.uuid).replace('-', "");
    let key = if uuid.is_empty() { raw.title.clone() } else { uuid };
    let mut habit = ExchangeHabit {
        description: texts.collect::<Vec<_>>().join("\n"),
        is_archived: is_set(&raw.archived),
        reminders: alarm(&raw.not_time).filter(|_| is_set(&raw.notification)).into_iter().collect(),
        days: raw.events.0.days,
        unreadable_days: raw.events.0.unreadable_days,
        ..ExchangeHabit::new(key, raw.title)
    };
    if integer(&raw.habit_type) == Some(1) {
        let target = to_thousandths(raw.target_value.as_f64().unwrap_or(1.0));
        habit.kind = HabitKind::Amount { target, is_limit: false };
        habit.unit = raw.unit.unwrap_or_default();
        for day in habit.days.values_mut().filter(|day| day.state == DayMark::Done) {
            day.state = DayMark::Amount(target);
        }
    }
    habit
}

/// A switch is a boolean or a number.
fn is_set(value: &Value) -> bool {
    integer(value).is_some_and(|number| number != 0)
}

/// A time of day, written `8:5` or `08:05`.
fn alarm(text: &str) -> Option<HabitAlarm> {
    let (hour, minute) = text.split_once(':')?;
    let (hour, minute): (i64, i64) = (hour.trim().parse().ok()?, minute.trim().parse().ok()?);
    let is_time = (0..24).contains(&hour) && (0..60).contains(&minute);
    is_time.then(|| HabitAlarm { minute: hour * 60 + minute, weekdays: Weekdays::ALL })
}
