//! HabitTrove: `habits.json`, alone or in its daily backup.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use crate::domain::{Day, Weekdays, Zone};
use crate::exchange::archive::Archive;
use crate::exchange::error::ExchangeError;
use crate::exchange::habit::{DayMark, ExchangeFile, ExchangeHabit, FrequencyPeriod, HabitFrequency, HabitKind};
use crate::exchange::json::{CountedList, CountedText, HabitList, integer};

pub const HABIT_TROVE: &str = "HabitTrove";
pub const HABITS: &str = "habits.json";
const SETTINGS: &str = "settings.json";

#[derive(Deserialize)]
struct Root {
    habits: HabitList<RawHabit>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawHabit {
    #[serde(default)]
    id: String,
    name: String,
    #[serde(default)]
    description: String,
    #[serde(default)]
    frequency: String,
    #[serde(default)]
    target_completions: Value,
    #[serde(default)]
    completions: CountedList<Moment>,
    #[serde(default)]
    is_task: bool,
    #[serde(default)]
    archived: bool,
}

/// When something was completed: an instant, or a date in old files.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Moment {
    Instant(Timestamp),
    Date(Day),
}

impl CountedText for Moment {
    fn parse_text(text: &str) -> Option<Self> {
        Day::parse(text).map(Self::Date).ok().or_else(|| text.parse().ok().map(Self::Instant))
    }
}

/// Reads a backup, which knows the time zone of the days.
///
/// # Errors
/// [`ExchangeError`].
pub fn read_archive(archive: &mut Archive<'_>, zone: &Zone) -> Result<ExchangeFile, ExchangeError> {
    let habits = archive.read(HABITS)?;
    let settings = if archive.has(SETTINGS) { archive.read(SETTINGS)? } else { Vec::new() };
    let settings: Value = serde_json::from_slice(&settings).unwrap_or_default();
    let name = settings.pointer("/system/timezone").and_then(Value::as_str);
    let own_zone = name.and_then(|name| Zone::parse(name).ok());
    read(&habits, own_zone.as_ref().unwrap_or(zone))
}

/// Reads the habits; days are those of `zone`.
///
/// # Errors
/// [`ExchangeError::Json`].
pub fn read(json: &[u8], zone: &Zone) -> Result<ExchangeFile, ExchangeError> {
    let root: Root = serde_json::from_slice(json)?;
    let mut file = ExchangeFile::new(HABIT_TROVE);
    for raw in root.habits.0 {
        if raw.is_task {
            file.left_out.push(format!("“{}” is a task, not a habit.", raw.name));
            continue;
        }
        file.push(read_habit(raw, zone))?;
    }
    Ok(file)
}

fn read_habit(raw: RawHabit, zone: &Zone) -> ExchangeHabit {
    let target =
        integer(&raw.target_completions).and_then(|target| u64::try_from(target).ok()).unwrap_or(1).clamp(1, 1_000);
    let key = if raw.id.is_empty() { raw.name.clone() } else { raw.id };
    let (frequency, is_exact) = parse_rule(&raw.frequency);
    let mut habit = ExchangeHabit {
        description: raw.description,
        frequency,
        is_archived: raw.archived,
        unreadable_days: raw.completions.unreadable,
        ..ExchangeHabit::new(key, raw.name)
    };
    if !is_exact {
        habit.left_out.push(format!("Its schedule can't be kept exactly: {}.", raw.frequency));
    }
    if target > 1 {
        habit.kind = HabitKind::Amount { target: target * 1_000, is_limit: false };
        "times".clone_into(&mut habit.unit);
    }
    for (moment, count) in raw.completions.counts {
        let day = match moment {
            Moment::Date(day) => day,
            Moment::Instant(at) => Day::at(at, zone),
        };
        let found = habit.days.entry(day).or_default();
        found.state = match found.state {
            DayMark::Amount(before) => DayMark::Amount(before + 1_000 * count),
            _ if target > 1 => DayMark::Amount(1_000 * count),
            _ => DayMark::Done,
        };
    }
    habit
}

/// The frequency of a recurrence rule of a calendar, and whether it says everything about the rule.
fn parse_rule(rule: &str) -> (HabitFrequency, bool) {
    let part = |name: &str| {
        rule.split(';').find_map(|part| part.trim_start_matches("RRULE:").strip_prefix(name)?.strip_prefix('='))
    };
    let is_every = part("INTERVAL").is_none_or(|interval| interval == "1");
    let weekdays = part("BYDAY").map(|days| {
        const NAMES: [&str; 7] = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"];
        let number = |name: &str| (1..).zip(NAMES).find_map(|(number, known)| (known == name).then_some(number));
        Weekdays::parse(days.split(',').filter_map(number))
    });
    match (part("FREQ"), weekdays) {
        (Some("DAILY"), None) => (HabitFrequency::default(), is_every),
        (Some("WEEKLY"), Some(Ok(weekdays))) => (HabitFrequency::Weekdays(weekdays), is_every),
        (Some("WEEKLY"), None) => (HabitFrequency::Times { times: 1, period: FrequencyPeriod::CalendarWeek }, is_every),
        (Some("MONTHLY"), _) => (HabitFrequency::Times { times: 1, period: FrequencyPeriod::CalendarMonth }, false),
        _ => (HabitFrequency::default(), rule.is_empty()),
    }
}
