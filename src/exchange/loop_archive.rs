//! “Export as CSV” of Loop Habit Tracker: a zip file with a table of habits and a folder of days for each.

use std::collections::BTreeMap;

use csv::{ReaderBuilder, StringRecord};

use crate::domain::Day;
use crate::domain::text_repair::strip_byte_order_mark;
use crate::exchange::archive::Archive;
use crate::exchange::color::Rgb;
use crate::exchange::error::ExchangeError;
use crate::exchange::habit::{DayMark, ExchangeDay, ExchangeFile, ExchangeHabit, HabitKind};
use crate::exchange::loop_values::{LOOP, join_texts, read_plan, read_value};
use crate::exchange::thousandths::to_thousandths;

pub const HABITS: &str = "Habits.csv";
const CHECKMARKS: &str = "Checkmarks.csv";

/// Reads an archive of either layout.
///
/// # Errors
/// [`ExchangeError`].
pub fn read(archive: &mut Archive<'_>) -> Result<ExchangeFile, ExchangeError> {
    let table = archive.read(HABITS)?;
    let folders = day_tables(&archive.names());
    let mut file = ExchangeFile::new(LOOP);
    let mut rows = ReaderBuilder::new().flexible(true).from_reader(strip_byte_order_mark(&table));
    let columns = rows.headers()?.clone();
    for (index, row) in rows.records().enumerate() {
        let row = row?;
        let cell = |name: &str| cell(&columns, &row, name);
        let position = cell("Position").trim().parse().unwrap_or(index + 1);
        let habit = file.push(read_habit(&cell))?;
        match folders.get(&position) {
            Some(path) => read_days(&archive.read_path(path)?, cell("Type").is_empty(), habit)?,
            None => habit
                .left_out
                .push("Its days aren't in this file. Export it from Loop as a full backup instead.".to_owned()),
        }
    }
    Ok(file)
}

/// The tables of days by the number with which their folder begins. Names don't identify a habit: they are shortened, and what
/// is no ASCII is missing.
fn day_tables(names: &[String]) -> BTreeMap<usize, String> {
    let number = |path: &str| {
        let (folder, name) = path.rsplit_once('/')?;
        let folder = folder.rsplit('/').next()?;
        let digits: String = folder.chars().take_while(char::is_ascii_digit).collect();
        digits.parse().ok().filter(|_| name == CHECKMARKS)
    };
    names.iter().filter_map(|path| number(path).map(|number| (number, path.clone()))).collect()
}

fn cell<'a>(columns: &StringRecord, row: &'a StringRecord, name: &str) -> &'a str {
    let column = columns.iter().position(|column| column.trim() == name);
    column.and_then(|at| row.get(at)).unwrap_or_default()
}

fn read_habit<'a>(cell: &impl Fn(&str) -> &'a str) -> ExchangeHabit {
    let number =
        |new: &str, old: &str| [cell(new), cell(old)].iter().find_map(|text| text.trim().parse().ok()).unwrap_or(1);
    let kind = match cell("Type") {
        "NUMERICAL" => HabitKind::Amount {
            target: to_thousandths(cell("Target Value").trim().parse().unwrap_or_default()),
            is_limit: cell("Target Type") == "AT_MOST",
        },
        _ => HabitKind::YesNo,
    };
    let (frequency, goal_period) =
        read_plan(kind, number("FrequencyNumerator", "NumRepetitions"), number("FrequencyDenominator", "Interval"));
    ExchangeHabit {
        description: join_texts(cell("Question"), cell("Description")),
        color: Rgb::parse(cell("Color")),
        kind,
        unit: if kind == HabitKind::YesNo { String::new() } else { cell("Unit").to_owned() },
        goal_period,
        frequency,
        is_archived: cell("Archived?") == "true",
        ..ExchangeHabit::new(cell("Name"), cell("Name"))
    }
}

/// Reads a habit's days. The older layout has no header, no notes, and doesn't say which habits have amounts.
fn read_days(table: &[u8], is_kind_unknown: bool, habit: &mut ExchangeHabit) -> Result<(), ExchangeError> {
    let mut rows = ReaderBuilder::new().flexible(true).has_headers(false).from_reader(table);
    let (mut days, mut has_amounts) = (Vec::new(), false);
    for row in rows.records() {
        let row = row?;
        let text = |at: usize| row.get(at).unwrap_or_default();
        if text(0) == "Date" {
            continue;
        }
        let value = parse_value(text(1));
        has_amounts |= value.is_some_and(|value| !(-1..=3).contains(&value));
        days.push((
            Day::parse(text(0).trim()).ok().filter(|_| value.is_some()),
            value.unwrap_or(-1),
            text(2).to_owned(),
        ));
    }
    if is_kind_unknown && has_amounts {
        habit.kind = HabitKind::Amount { target: 0, is_limit: false };
    }
    for (day, value, note) in days {
        let state = read_value(habit.kind, value);
        if day.is_none() || state != DayMark::Unknown || !note.is_empty() {
            habit.add(day, ExchangeDay { state, note });
        }
    }
    Ok(())
}

fn parse_value(text: &str) -> Option<i64> {
    match text.trim() {
        "YES_MANUAL" => Some(2),
        "YES_AUTO" => Some(1),
        "NO" => Some(0),
        "SKIP" => Some(3),
        "UNKNOWN" => Some(-1),
        number => number.parse().ok(),
    }
}
