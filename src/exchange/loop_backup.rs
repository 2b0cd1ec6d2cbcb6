//! Writes the backup of Loop Habit Tracker, which Loop imports: it adds habits, and merges those that it knows by their id.

use jiff::tz::TimeZone;

use crate::domain::Day;
use crate::domain::Weekdays;
use crate::exchange::color::loop_index;
use crate::exchange::habit::{ExchangeFile, ExchangeHabit, HabitKind};
use crate::exchange::loop_values::{write_plan, write_value};
use crate::exchange::thousandths::to_number;
use crate::formats::sqlite::record::SqlValue;
use crate::formats::sqlite::writer::SqliteWriter;

/// The version of the tables.
const VERSION: u32 = 25;

const HABITS: &str = "CREATE TABLE Habits (id integer primary key autoincrement, archived integer, color integer, \
    description text, freq_den integer, freq_num integer, highlight integer, name text, position integer, \
    reminder_hour integer, reminder_min integer, reminder_days integer not null default 127, type integer not null default 0, \
    target_type integer not null default 0, target_value real not null default 0, unit text not null default '', \
    question text, uuid text)";
const REPETITIONS: &str = "CREATE TABLE Repetitions (id integer primary key autoincrement, \
    habit integer not null references Habits(id), timestamp integer not null, value integer not null, notes text)";
const SEQUENCE: &str = "CREATE TABLE sqlite_sequence(name,seq)";

/// The file.
pub fn write(file: &ExchangeFile) -> Vec<u8> {
    let days = |habit: &ExchangeHabit| habit.days.len();
    let row_count = file.habits.iter().map(days).sum::<usize>();
    let mut writer = SqliteWriter::new(VERSION);
    writer.add_table(
        "Habits",
        HABITS,
        file.habits.iter().enumerate().map(|(position, habit)| habit_row(position, habit)),
    );
    // SQLite numbers the rows that are added later from here on.
    let sequence = [("Habits", file.habits.len()), ("Repetitions", row_count)];
    let sequence = sequence.map(|(name, count)| vec![text(name), SqlValue::Integer(to_integer(count))]);
    let habits = (1..).zip(&file.habits);
    let rows = habits.flat_map(|(id, habit)| {
        habit.days.iter().map(move |(day, found)| day_row(id, *day, write_value(found.state), &found.note))
    });
    writer.add_table("Repetitions", REPETITIONS, rows);
    writer.add_table("sqlite_sequence", SEQUENCE, sequence);
    writer.finish()
}

fn habit_row(position: usize, habit: &ExchangeHabit) -> Vec<SqlValue> {
    use SqlValue::{Integer, Null, Real};
    let (times, days) = write_plan(habit);
    let alarm = habit.reminders.first();
    let part = |part: fn(i64) -> i64| alarm.map_or(Null, |alarm| Integer(part(alarm.minute)));
    let (kind, target_type, target) = match habit.kind {
        HabitKind::YesNo => (0, 0, 0.0),
        HabitKind::Amount { target, is_limit } => (1, i64::from(is_limit), to_number(target)),
    };
    vec![
        Null,
        Integer(habit.is_archived.into()),
        Integer(to_integer(loop_index(habit.color))),
        text(&habit.description),
        Integer(days.into()),
        Integer(times.into()),
        Integer(0),
        text(&habit.name),
        Integer(to_integer(position)),
        part(|minute| minute / 60),
        part(|minute| minute % 60),
        Integer(alarm.map_or(127, |alarm| reminder_days(alarm.weekdays))),
        Integer(kind),
        Integer(target_type),
        Real(target),
        text(&habit.unit),
        text(""),
        text(&habit.key),
    ]
}

/// Bit 0 is Saturday, bit 1 Sunday, and so on.
fn reminder_days(weekdays: Weekdays) -> i64 {
    weekdays.iso_numbers().into_iter().map(|day| 1 << ((day + 1) % 7)).sum()
}

fn day_row(habit: i64, day: Day, value: i64, note: &str) -> Vec<SqlValue> {
    let midnight = day.date().to_zoned(TimeZone::UTC).map_or(0, |zoned| zoned.timestamp().as_millisecond());
    let note = if note.is_empty() { SqlValue::Null } else { text(note) };
    vec![SqlValue::Null, SqlValue::Integer(habit), SqlValue::Integer(midnight), SqlValue::Integer(value), note]
}

fn text(text: &str) -> SqlValue {
    SqlValue::Text(text.to_owned())
}

fn to_integer(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
