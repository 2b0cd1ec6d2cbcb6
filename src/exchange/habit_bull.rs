//! HabitBull: its CSV export, which other programs write as well.

use std::collections::BTreeMap;

use csv::ReaderBuilder;

use crate::exchange::date::{DateOrder, parse_date};
use crate::exchange::error::ExchangeError;
use crate::exchange::habit::{DayMark, ExchangeDay, ExchangeFile, ExchangeHabit};
use crate::exchange::thousandths::to_thousandths;

pub const HABIT_BULL: &str = "HabitBull";

/// Reads `HabitName,HabitDescription,HabitCategory,CalendarDate,Value,CommentText`.
///
/// # Errors
/// [`ExchangeError::Csv`].
pub fn read(table: &[u8]) -> Result<ExchangeFile, ExchangeError> {
    let mut rows = ReaderBuilder::new().flexible(true).from_reader(table);
    let mut file = ExchangeFile::new(HABIT_BULL);
    let mut known: BTreeMap<String, usize> = BTreeMap::new();
    for row in rows.records() {
        let row = row?;
        let cell = |at: usize| row.get(at).unwrap_or_default();
        let name = cell(0);
        if !known.contains_key(name) {
            file.push(ExchangeHabit {
                description: cell(1).to_owned(),
                group: cell(2).to_owned(),
                ..ExchangeHabit::new(name, name)
            })?;
            known.insert(name.to_owned(), file.habits.len() - 1);
        }
        let state = DayMark::Amount(to_thousandths(cell(4).trim().parse().unwrap_or_default()));
        let day = parse_date(cell(3), DateOrder::MonthFirst);
        if let Some(habit) = known.get(name).and_then(|at| file.habits.get_mut(*at)) {
            habit.add(day, ExchangeDay { state, note: cell(5).to_owned() });
        }
    }
    file.habits.iter_mut().for_each(ExchangeHabit::settle_kind);
    Ok(file)
}
