//! Turns a file of another program into what an import stores, and names everything that Atlas cannot keep.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::domain::habits::amount::Amount;
use crate::domain::habits::day_log::{AmountEntry, DayLog};
use crate::domain::habits::frequency::Window;
use crate::domain::habits::import_file::{ImportFile, ImportedCompletion};
use crate::domain::habits::imported_day_log::{ImportedDayLog, repair_note};
use crate::domain::habits::imported_habit::{ImportNote, ImportedHabit, to_habit_id};
use crate::domain::{Day, EntryId, Frequency, Goal, HabitId, Weekdays, Zone};
use crate::exchange::color::Rgb;
use crate::exchange::habit::{
    DayMark, ExchangeDay, ExchangeFile, ExchangeHabit, FrequencyPeriod, HabitFrequency, HabitKind,
};
use crate::exchange::thousandths::decimal;

/// The version of the files whose rules apply.
const SCHEMA_VERSION: u32 = crate::domain::habits::data_export::VERSION;

/// What an import stores of a file, for a user for whom it is `now` in `zone`.
pub fn to_import_file(file: &ExchangeFile, now: Timestamp, zone: &Zone) -> ImportFile {
    let mut import = ImportFile {
        schema_version: SCHEMA_VERSION,
        program: Some(file.program),
        habit_count: file.habits.len(),
        completion_count: file.habits.iter().map(|habit| habit.days.len()).sum(),
        left_out: file.left_out.iter().map(|text| note("", text)).collect(),
        ..ImportFile::default()
    };
    // A program that has no ids may have two habits of one name.
    let mut keys: BTreeMap<&str, usize> = BTreeMap::new();
    for (position, habit) in file.habits.iter().enumerate() {
        let count = keys.entry(habit.key.as_str()).or_default();
        *count += 1;
        let key = if *count == 1 { habit.key.clone() } else { format!("{}\n{count}", habit.key) };
        let id = habit_id(file.program, &key);
        import.unreadable_completions += habit.unreadable_days;
        match to_habit(habit, id, position, now, zone) {
            Ok(converted) => import.habits.push(converted),
            Err(note) => {
                import.skipped.push(note);
                import.skipped_ids.insert(id);
            }
        }
        let done = habit.days.iter().filter(|(_, day)| is_done(habit.kind, day.state));
        import.completions.extend(done.map(|(date, _)| ImportedCompletion {
            habit: id,
            date: *date,
            completed_at: None,
        }));
        let (goal, _) = goal(habit);
        let logs = habit.days.iter().map(|(date, day)| to_log(goal, id, *date, day, zone));
        import.day_logs.extend(logs.filter(|imported| !imported.log.is_empty()));
        let is_frequency_kept = import.habits.last().is_some_and(|converted| {
            let kept = converted.schedule.as_ref().map(|schedule| schedule.rule().frequency);
            converted.id == id && kept == Some(to_frequency(habit.frequency, start(habit, now, zone)))
        });
        import.left_out.extend(left_out(habit, is_frequency_kept).into_iter().map(|text| note(&habit.name, &text)));
    }
    import
}

fn note(habit: &str, message: &str) -> ImportNote {
    ImportNote { habit: habit.to_owned(), field: "file", message: message.to_owned() }
}

/// The id under which a habit is stored. An id like Atlas's own is kept, so that a habit that went to another program and came
/// back is recognized; anything else is unique only within its program.
fn habit_id(program: &str, key: &str) -> HabitId {
    let hyphenated = |key: &str| {
        let parts =
            [(0, 8), (8, 12), (12, 16), (16, 20), (20, 32)].map(|(from, to)| key.get(from..to).unwrap_or_default());
        parts.join("-").to_ascii_lowercase().parse().ok().filter(|_| key.len() == 32)
    };
    hyphenated(key).unwrap_or_else(|| to_habit_id(&format!("{program}\n{key}")))
}

/// What a habit asks for, and whether the file doesn't say. Then it is the smallest amount, so that every recorded day counts.
fn goal(habit: &ExchangeHabit) -> (Goal, bool) {
    let (HabitKind::Amount { target, is_limit }, per) = (habit.kind, habit.goal_period) else {
        return (Goal::YesNo, false);
    };
    let amount = |thousandths| Amount::from_thousandths(thousandths).unwrap_or(Amount::MAX);
    if is_limit {
        return (Goal::AtMost { target: amount(target), per }, false);
    }
    let recorded = habit.days.values().filter_map(|day| match day.state {
        DayMark::Amount(amount) if amount > 0 => Some(amount),
        _ => None,
    });
    let is_unknown = target == 0;
    let target = if is_unknown { recorded.min().map_or(Amount::ONE, amount) } else { amount(target) };
    (Goal::AtLeast { target, per }, is_unknown)
}

/// Whether a completion is stored for a day, if the habit goes by completions.
fn is_done(kind: HabitKind, state: DayMark) -> bool {
    match (kind, state) {
        (_, DayMark::Done) => true,
        (HabitKind::Amount { target, is_limit: true }, DayMark::Amount(amount)) => amount <= target,
        (HabitKind::Amount { target, is_limit: false }, DayMark::Amount(amount)) => amount > 0 && amount >= target,
        (HabitKind::YesNo, DayMark::Amount(amount)) => amount > 0,
        _ => false,
    }
}

fn to_habit(
    habit: &ExchangeHabit,
    id: HabitId,
    position: usize,
    now: Timestamp,
    zone: &Zone,
) -> Result<ImportedHabit, ImportNote> {
    let (today, first) = (Day::at(now, zone), start(habit, now, zone));
    let created_at = zone.time_zone().to_timestamp(first.date().into()).unwrap_or(now).min(now);
    let after_last = habit.days.keys().next_back().map_or(today, |last| last.add_days(1)).min(today);
    let archived_at = habit.is_archived.then(|| zone.time_zone().to_timestamp(after_last.date().into()).unwrap_or(now));
    let (goal, _) = goal(habit);
    let mut versions = vec![json!({
        "from": first,
        "weekdays": weekdays(habit.frequency),
        "frequency": to_frequency(habit.frequency, first),
        "goal": goal,
    })];
    if habit.is_archived && after_last > first {
        versions.push(json!({ "from": after_last, "weekdays": Value::Null }));
    }
    let raw = json!({
        "id": id,
        "title": habit.name,
        "description": habit.description,
        "sortOrder": position,
        "archivedAt": archived_at,
        "createdAt": created_at,
        "updatedAt": now,
        "activeWeekdays": weekdays(habit.frequency),
        "schedule": versions,
        "color": habit.color.and_then(Rgb::nearest),
        "tags": habit.tags,
        "group": habit.group,
        "unit": habit.unit,
    });
    #[allow(clippy::cast_precision_loss, reason = "minutes of a day")]
    let reminders: Vec<f64> = habit.reminders.iter().map(|alarm| alarm.minute as f64).collect();
    ImportedHabit::from_json(raw, &reminders)
}

/// The first day of a habit: that which its program names, or the first with a record.
fn start(habit: &ExchangeHabit, now: Timestamp, zone: &Zone) -> Day {
    let today = Day::at(now, zone);
    habit.start.into_iter().chain(habit.days.keys().next().copied()).min().unwrap_or(today).min(today)
}

fn to_frequency(frequency: HabitFrequency, anchor: Day) -> Frequency {
    let parsed = match frequency {
        HabitFrequency::Weekdays(_) => return Frequency::Weekdays,
        HabitFrequency::EveryDays(days) => Frequency::parse_interval(days.into(), anchor),
        HabitFrequency::Times { times, period } => {
            let window = match period {
                FrequencyPeriod::CalendarWeek => Window::CalendarWeek,
                FrequencyPeriod::CalendarMonth => Window::CalendarMonth,
                FrequencyPeriod::Days(days) => Window::RollingDays(days),
            };
            Frequency::parse_times(times.into(), window)
        }
    };
    parsed.unwrap_or_default()
}

/// The note, the skip and the amount of a day. An amount has an id that is always the same, so that it is imported once.
fn to_log(goal: Goal, id: HabitId, date: Day, day: &ExchangeDay, zone: &Zone) -> ImportedDayLog {
    let amount = match (goal, day.state) {
        (Goal::YesNo, _) => None,
        (_, DayMark::Amount(thousandths)) => Some(Amount::from_thousandths(thousandths).unwrap_or(Amount::MAX)),
        // A day that is done without an amount reached the target.
        (Goal::AtLeast { target, .. }, DayMark::Done) => Some(target),
        _ => None,
    };
    let amount = amount.filter(|amount| !amount.is_zero());
    let entry = EntryId::from_bytes(to_habit_id(&format!("{id}\n{date}")).to_bytes());
    let recorded_at = zone.time_zone().to_timestamp(date.date().at(12, 0, 0, 0)).unwrap_or_default();
    let (note, is_repaired) = repair_note(&day.note);
    let log = DayLog {
        entries: amount.into_iter().map(|amount| AmountEntry { id: entry, amount, recorded_at }).collect(),
        note,
        is_skipped: day.state == DayMark::Skipped,
    };
    ImportedDayLog { habit: id, date, log, is_repaired }
}

fn weekdays(frequency: HabitFrequency) -> Weekdays {
    if let HabitFrequency::Weekdays(weekdays) = frequency { weekdays } else { Weekdays::ALL }
}

/// What of a habit is not kept, in sentences.
fn left_out(habit: &ExchangeHabit, is_frequency_kept: bool) -> Vec<String> {
    let mut notes = habit.left_out.clone();
    match habit.frequency {
        _ if is_frequency_kept => {}
        frequency => notes.push(format!("Atlas schedules it for every day instead of {}.", describe(frequency))),
    }
    if let (Goal::AtLeast { target, .. }, true) = goal(habit) {
        let target = format!("{} {}", decimal(target.thousandths()), habit.unit);
        notes.push(format!("The file has no goal for it, so it's the smallest amount in it: {}.", target.trim()));
    }
    if habit.reminders.iter().any(|alarm| alarm.weekdays != Weekdays::ALL) {
        notes.push("Its reminder applies to every day of the habit.".to_owned());
    }
    notes
}

/// A frequency within a sentence, such as “3 times in 7 days”.
fn describe(frequency: HabitFrequency) -> String {
    match frequency {
        HabitFrequency::Weekdays(weekdays) => weekdays.summary().to_lowercase(),
        HabitFrequency::EveryDays(2) => "every other day".to_owned(),
        HabitFrequency::EveryDays(days) => format!("every {days} days"),
        HabitFrequency::Times { times, period } => {
            let times = if times == 1 { "once".to_owned() } else { format!("{times} times") };
            match period {
                FrequencyPeriod::CalendarWeek | FrequencyPeriod::Days(7) => format!("{times} a week"),
                FrequencyPeriod::CalendarMonth | FrequencyPeriod::Days(30 | 31) => format!("{times} a month"),
                FrequencyPeriod::Days(days) => format!("{times} in {days} days"),
            }
        }
    }
}
