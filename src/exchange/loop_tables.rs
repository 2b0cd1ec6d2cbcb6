//! Writes the zip file of tables that Loop Habit Tracker exports, which many programs read.

use std::io::{Cursor, Write};

use csv::Writer;
use zip::write::SimpleFileOptions;
use zip::{DateTime, ZipWriter};

use crate::exchange::color::{LOOP_PALETTE, loop_index};
use crate::exchange::error::ExchangeError;
use crate::exchange::habit::{DayMark, ExchangeFile, ExchangeHabit, HabitKind};
use crate::exchange::loop_values::write_plan;
use crate::exchange::thousandths::decimal;

const HABIT_COLUMNS: [&str; 12] = [
    "Position",
    "Name",
    "Type",
    "Question",
    "Description",
    "FrequencyNumerator",
    "FrequencyDenominator",
    "Color",
    "Unit",
    "Target Type",
    "Target Value",
    "Archived?",
];
/// The longest name of a folder, after its number.
const MAX_FOLDER_CHARS: usize = 100;

/// The file.
///
/// # Errors
/// Never: it is written to memory.
pub fn write(file: &ExchangeFile) -> Result<Vec<u8>, ExchangeError> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    // The same data gives the same file.
    let options = SimpleFileOptions::default().last_modified_time(DateTime::default());
    let mut habits = Writer::from_writer(Vec::new());
    habits.write_record(HABIT_COLUMNS)?;
    for (position, habit) in (1..).zip(&file.habits) {
        habits.write_record(habit_row(position, habit))?;
    }
    zip.start_file("Habits.csv", options)?;
    zip.write_all(&finish(habits)?)?;
    for (position, habit) in (1..).zip(&file.habits) {
        zip.start_file(format!("{}/Checkmarks.csv", folder(position, &habit.name)), options)?;
        zip.write_all(&days(habit)?)?;
    }
    Ok(zip.finish()?.into_inner())
}

fn finish(table: Writer<Vec<u8>>) -> Result<Vec<u8>, ExchangeError> {
    table.into_inner().map_err(|error| ExchangeError::Incomplete(error.into_error()))
}

fn habit_row(position: usize, habit: &ExchangeHabit) -> [String; 12] {
    let (times, days) = write_plan(habit);
    let [red, green, blue] = LOOP_PALETTE.get(loop_index(habit.color)).copied().unwrap_or_default();
    let (kind, target_type, target) = match habit.kind {
        HabitKind::YesNo => ("YES_NO", "", String::new()),
        HabitKind::Amount { target, is_limit } => {
            let target = decimal(target);
            (
                "NUMERICAL",
                if is_limit { "AT_MOST" } else { "AT_LEAST" },
                if target.contains('.') { target } else { target + ".0" },
            )
        }
    };
    [
        format!("{position:03}"),
        habit.name.clone(),
        kind.to_owned(),
        String::new(),
        habit.description.clone(),
        times.to_string(),
        days.to_string(),
        format!("#{red:02X}{green:02X}{blue:02X}"),
        habit.unit.clone(),
        target_type.to_owned(),
        target,
        habit.is_archived.to_string(),
    ]
}

/// The name of a habit's folder, as Loop builds it.
fn folder(position: usize, name: &str) -> String {
    let is_kept = |c: &char| c.is_ascii_alphanumeric() || matches!(c, ' ' | '.' | '_' | '-');
    let name: String = name.chars().filter(is_kept).take(MAX_FOLDER_CHARS).collect();
    format!("{position:03} {name}").trim().to_owned()
}

/// The days of a habit, the newest first.
fn days(habit: &ExchangeHabit) -> Result<Vec<u8>, ExchangeError> {
    let mut table = Writer::from_writer(Vec::new());
    table.write_record(["Date", "Value", "Notes"])?;
    for (day, found) in habit.days.iter().rev() {
        table.write_record([&day.to_string(), &value(found.state), &found.note])?;
    }
    finish(table)
}

fn value(state: DayMark) -> String {
    match state {
        DayMark::Unknown => "UNKNOWN".to_owned(),
        // Loop prints the thousandths 1 and 2 of an amount as words.
        DayMark::Done | DayMark::Amount(2) => "YES_MANUAL".to_owned(),
        DayMark::Amount(1) => "YES_AUTO".to_owned(),
        DayMark::Missed | DayMark::Amount(0) => "NO".to_owned(),
        DayMark::Skipped => "SKIP".to_owned(),
        DayMark::Amount(3) => "4".to_owned(),
        DayMark::Amount(amount) => amount.to_string(),
    }
}
