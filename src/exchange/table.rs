//! Any table of days: a row for each habit and day, or a row for each day and a column for each habit.

use std::collections::BTreeMap;

use csv::{Reader, ReaderBuilder, StringRecord};

use crate::domain::Day;
use crate::domain::habits::habit::MAX_HABITS;
use crate::exchange::date::{DateOrder, find_order, is_ambiguous, parse_date};
use crate::exchange::error::ExchangeError;
use crate::exchange::habit::{DayMark, ExchangeDay, ExchangeFile, ExchangeHabit};
use crate::exchange::table_columns::{TableColumns, TableSample};
use crate::exchange::thousandths::to_thousandths;
use crate::formats::spreadsheet_cell::strip_guard;

const PROGRAM: &str = "a table";
/// The name of the habit of a table that has only one and doesn't name it.
const UNNAMED: &str = "Imported habit";
/// How many rows a person sees who says what the columns are.
const SAMPLE_ROWS: usize = 4;
const MAX_SAMPLE_COLUMNS: usize = 30;
const MAX_SAMPLE_CHARS: usize = 40;

/// Reads a table. Columns that are not given are recognized by their names.
///
/// # Errors
/// [`ExchangeError::UnknownColumns`] when they can't be; [`ExchangeError::Csv`].
pub fn read(table: &str, columns: Option<TableColumns>) -> Result<ExchangeFile, ExchangeError> {
    let mut rows = open(table);
    let header = rows.headers()?.clone();
    let known = columns.or_else(|| recognize_columns(&header));
    match known {
        Some(columns) => read_rows(table, columns),
        None if is_matrix(&header) => read_matrix(table, &header),
        None => Err(ExchangeError::UnknownColumns(Box::new(sample(&header, rows)))),
    }
}

fn open(table: &str) -> Reader<&[u8]> {
    let first_line = table.lines().next().unwrap_or_default();
    let count = |separator: u8| first_line.bytes().filter(|byte| *byte == separator).count();
    let separator = *b",;\t".iter().max_by_key(|separator| (count(**separator), **separator == b',')).unwrap_or(&b',');
    ReaderBuilder::new().flexible(true).delimiter(separator).from_reader(table.as_bytes())
}

const DATE_NAMES: [&str; 5] = ["date", "day", "completed on", "calendardate", "timestamp"];
const HABIT_NAMES: [&str; 6] = ["habit", "habit name", "habitname", "name", "title", "task"];
const VALUE_NAMES: [&str; 8] = ["value", "amount", "status", "state", "done", "completed", "count", "quantity"];
const NOTE_NAMES: [&str; 6] = ["note", "notes", "comment", "comments", "commenttext", "text"];

fn find_column(header: &StringRecord, names: &[&str]) -> Option<usize> {
    let is_named = |column: &str| names.contains(&column.trim().to_lowercase().as_str());
    header.iter().position(is_named)
}

fn recognize_columns(header: &StringRecord) -> Option<TableColumns> {
    let find = |names: &[&str]| find_column(header, names);
    let columns = TableColumns {
        date: find(&DATE_NAMES)?,
        habit: find(&HABIT_NAMES),
        value: find(&VALUE_NAMES),
        note: find(&NOTE_NAMES),
    };
    (columns.habit.is_some() || columns.value.is_some()).then_some(columns)
}

/// Whether the first column is the date, and the others are habits.
fn is_matrix(header: &StringRecord) -> bool {
    let mut columns = header.iter();
    let is_date = columns.next().is_some_and(|first| DATE_NAMES.contains(&first.trim().to_lowercase().as_str()));
    is_date && columns.next().is_some_and(|second| !second.trim().is_empty())
}

fn sample(header: &StringRecord, mut rows: Reader<&[u8]>) -> TableSample {
    let cells = |row: &StringRecord| {
        let cells = row.iter().take(MAX_SAMPLE_COLUMNS);
        cells.map(|cell| cell.chars().take(MAX_SAMPLE_CHARS).collect()).collect()
    };
    TableSample {
        columns: cells(header),
        rows: rows.records().flatten().take(SAMPLE_ROWS).map(|row| cells(&row)).collect(),
    }
}

/// The order of the month and the day in a column, and whether it had to be assumed.
fn date_order(table: &str, column: usize) -> Result<(DateOrder, bool), ExchangeError> {
    let dates: Vec<String> = open(table)
        .into_records()
        .map(|row| row.map(|row| row.get(column).unwrap_or_default().chars().take(30).collect()))
        .collect::<Result<_, _>>()?;
    Ok(match find_order(dates.iter().map(String::as_str)) {
        Some(order) => (order, false),
        None => (DateOrder::MonthFirst, dates.iter().any(|date| is_ambiguous(date))),
    })
}

fn start(table: &str, date_column: usize) -> Result<(ExchangeFile, DateOrder), ExchangeError> {
    let (order, is_assumed) = date_order(table, date_column)?;
    let mut file = ExchangeFile::new(PROGRAM);
    if is_assumed {
        file.left_out.push("Dates such as 3/4/2026 were read as March 4.".to_owned());
    }
    Ok((file, order))
}

fn read_rows(table: &str, columns: TableColumns) -> Result<ExchangeFile, ExchangeError> {
    let (mut file, order) = start(table, columns.date)?;
    let unit_column = find_column(open(table).headers()?, &["unit"]);
    let mut known: BTreeMap<String, usize> = BTreeMap::new();
    for row in open(table).into_records() {
        let row = row?;
        let cell = |column: Option<usize>| column.and_then(|at| row.get(at)).map(strip_guard);
        let name = cell(columns.habit).unwrap_or(UNNAMED).trim().to_owned();
        if !known.contains_key(&name) {
            let unit = cell(unit_column).unwrap_or_default().to_owned();
            file.push(ExchangeHabit { unit, ..ExchangeHabit::new(name.clone(), name.clone()) })?;
            known.insert(name.clone(), file.habits.len() - 1);
        }
        let state =
            columns.value.map_or(Some(DayMark::Done), |column| parse_state(row.get(column).unwrap_or_default()));
        let day = parse_date(row.get(columns.date).unwrap_or_default(), order);
        let note = cell(columns.note).unwrap_or_default().to_owned();
        if let Some(habit) = known.get(&name).and_then(|at| file.habits.get_mut(*at)) {
            add(habit, day, state, note);
        }
    }
    file.habits.iter_mut().for_each(ExchangeHabit::settle_kind);
    Ok(file)
}

fn read_matrix(table: &str, header: &StringRecord) -> Result<ExchangeFile, ExchangeError> {
    let (mut file, order) = start(table, 0)?;
    let names: Vec<&str> = header.iter().skip(1).map(|name| strip_guard(name).trim()).collect();
    // A line may end with a separator.
    let names = names.strip_suffix(&[""]).unwrap_or(&names);
    if names.len() > MAX_HABITS {
        return Err(ExchangeError::TooManyHabits);
    }
    for name in names {
        file.push(ExchangeHabit::new(*name, *name))?;
    }
    for row in open(table).into_records() {
        let row = row?;
        let day = parse_date(row.get(0).unwrap_or_default(), order);
        for (habit, cell) in file.habits.iter_mut().zip(row.iter().skip(1)) {
            add(habit, day, parse_state(cell), String::new());
        }
    }
    file.habits.iter_mut().for_each(ExchangeHabit::settle_kind);
    Ok(file)
}

/// Adds what a row says. An empty cell says nothing.
fn add(habit: &mut ExchangeHabit, day: Option<Day>, state: Option<DayMark>, note: String) {
    if state != Some(DayMark::Unknown) || !note.trim().is_empty() {
        habit.add(day.filter(|_| state.is_some()), ExchangeDay { state: state.unwrap_or_default(), note });
    }
}

/// The state in a cell; `None` when it can't be read.
fn parse_state(cell: &str) -> Option<DayMark> {
    const MAX_AMOUNT: f64 = 999_999_999.999;
    let text = cell.trim().to_lowercase();
    match text.as_str() {
        "" | "unknown" | "yes_auto" | "-1" => Some(DayMark::Unknown),
        "x" | "✓" | "✔" | "✅" | "yes" | "y" | "true" | "done" | "complete" | "completed" | "yes_manual" => {
            Some(DayMark::Done)
        }
        "no" | "n" | "false" | "missed" | "failed" | "-" => Some(DayMark::Missed),
        "skip" | "skipped" => Some(DayMark::Skipped),
        number => {
            let number: f64 = number.replace(',', ".").parse().ok()?;
            (0.0..=MAX_AMOUNT).contains(&number).then(|| DayMark::Amount(to_thousandths(number)))
        }
    }
}
