//! Writes one table for spreadsheets, with a row for each habit and day.

use csv::Writer;

use crate::domain::text_repair::BYTE_ORDER_MARK;
use crate::exchange::error::ExchangeError;
use crate::exchange::habit::{DayMark, ExchangeFile};
use crate::exchange::thousandths::decimal;
use crate::formats::spreadsheet_cell::guard;

/// The file, sorted by habit and date. Spreadsheets recognize its encoding by the byte order mark.
///
/// # Errors
/// Never: it is written to memory.
pub fn write(file: &ExchangeFile) -> Result<Vec<u8>, ExchangeError> {
    let mut table = Writer::from_writer(BYTE_ORDER_MARK.to_vec());
    table.write_record(["Date", "Habit", "Value", "Unit", "Note"])?;
    for habit in &file.habits {
        let (name, unit) = (guard(&habit.name), guard(&habit.unit));
        for (day, found) in &habit.days {
            let value = match found.state {
                DayMark::Unknown => String::new(),
                DayMark::Done => "yes".to_owned(),
                DayMark::Missed => "no".to_owned(),
                DayMark::Skipped => "skip".to_owned(),
                DayMark::Amount(amount) => decimal(amount),
            };
            table.write_record([&day.to_string(), &*name, &value, &*unit, &*guard(&found.note)])?;
        }
    }
    table.into_inner().map_err(|error| ExchangeError::Incomplete(error.into_error()))
}
