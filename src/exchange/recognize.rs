//! Which program wrote a file, by its content.

use std::borrow::Cow;

use crate::domain::Zone;
use crate::domain::habits::foreign_file::{self, ForeignFormat};
use crate::domain::text_repair::strip_byte_order_mark;
use crate::exchange::archive::{Archive, MAX_EXPANDED_BYTES, ZIP_MAGIC};
use crate::exchange::error::ExchangeError;
use crate::exchange::habit::ExchangeFile;
use crate::exchange::table;
use crate::exchange::table_columns::TableColumns;
use crate::exchange::{
    beaver_habits, habit_bull, habit_sync, habit_trove, habitica, habo, loop_archive, loop_database, table_habit,
};
use crate::formats::sqlite::reader::SqliteReader;
use crate::formats::sqlite::record::TextEncoding;

/// The largest file of another program, decompressed.
pub const MAX_FOREIGN_BYTES: usize = 32 << 20;

/// Reads the file of another habit tracker; `None` when it is unknown. Days are those of `zone` where a file has instants.
///
/// # Errors
/// [`ExchangeError`] when it can't be read, or is of a program that Atlas cannot import.
pub fn read(bytes: &[u8], zone: &Zone, columns: Option<TableColumns>) -> Result<Option<ExchangeFile>, ExchangeError> {
    if SqliteReader::recognizes(bytes) {
        let database = SqliteReader::open(bytes)?;
        if loop_database::recognizes(&database) {
            return loop_database::read(&database).map(Some);
        }
        if beaver_habits::recognizes(&database) {
            return beaver_habits::read_database(&database).map(Some);
        }
    }
    if bytes.starts_with(ZIP_MAGIC) {
        let mut archive = Archive::open(bytes, MAX_EXPANDED_BYTES)?;
        if archive.has(loop_archive::HABITS) {
            return loop_archive::read(&mut archive).map(Some);
        }
        if archive.has(habit_trove::HABITS) {
            return habit_trove::read_archive(&mut archive, zone).map(Some);
        }
    }
    read_text(&decode_text(bytes), zone, columns)
}

/// The text of a file in UTF-8, or in the UTF-16 of spreadsheets. What is neither is read with replacement characters.
fn decode_text(bytes: &[u8]) -> Cow<'_, str> {
    match bytes {
        [0xff, 0xfe, rest @ ..] => TextEncoding::Utf16Le.decode(rest),
        [0xfe, 0xff, rest @ ..] => TextEncoding::Utf16Be.decode(rest),
        _ => String::from_utf8_lossy(strip_byte_order_mark(bytes)),
    }
}

fn read_text(text: &str, zone: &Zone, columns: Option<TableColumns>) -> Result<Option<ExchangeFile>, ExchangeError> {
    let Some(format) = foreign_file::recognize(text.as_bytes()) else { return Ok(None) };
    match format {
        ForeignFormat::BeaverHabits => beaver_habits::read(text.as_bytes()),
        ForeignFormat::HabitTrove => habit_trove::read(text.as_bytes(), zone),
        ForeignFormat::TableHabit => table_habit::read(text.as_bytes()),
        ForeignFormat::Habo => habo::read(text.as_bytes()),
        ForeignFormat::HabitSync => habit_sync::read(text.as_bytes()),
        ForeignFormat::Habitica => habitica::read(text.as_bytes(), zone),
        ForeignFormat::HabiticaTable => habitica::read_table(text.as_bytes()),
        ForeignFormat::HabitBull => habit_bull::read(text.as_bytes()),
        ForeignFormat::Table => table::read(text, columns),
        other => Err(ExchangeError::Unsupported(other.as_str())),
    }
    .map(Some)
}
