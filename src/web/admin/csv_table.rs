//! CSV: RFC 4180 with LF between rows and none at the end, and without cells that a spreadsheet would execute.

use csv::{Terminator, Writer, WriterBuilder};
use jiff::Timestamp;

use crate::domain::Refusal;
use crate::domain::text_repair::BYTE_ORDER_MARK;
use crate::formats::spreadsheet_cell::guard;
use crate::web::http::body::FormFields;
use crate::web::http::error::HttpError;
use crate::web::http::response::format_timestamp;

/// What opens the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CsvReader {
    /// Reads a byte order mark as part of the first column's name, and times in ISO 8601.
    Script,
    /// Takes UTF-8 without a byte order mark for another encoding, and ISO 8601 for text.
    Spreadsheet,
}

impl CsvReader {
    /// From `?for=`. Scripts are the default, because they know the address from before.
    pub fn from_query(query: &FormFields) -> Self {
        if query.get("for") == "spreadsheet" { Self::Spreadsheet } else { Self::Script }
    }

    /// A time in UTC.
    pub fn format_time(self, at: Timestamp) -> String {
        match self {
            Self::Script => format_timestamp(at),
            Self::Spreadsheet => at.strftime("%Y-%m-%d %H:%M:%S").to_string(),
        }
    }
}

pub struct CsvTable {
    writer: Writer<Vec<u8>>,
    max_bytes: usize,
}

impl CsvTable {
    /// # Errors
    /// As for [`Self::add_row`].
    pub fn new(reader: CsvReader, columns: &[&str], max_bytes: usize) -> Result<Self, HttpError> {
        let start = if reader == CsvReader::Spreadsheet { BYTE_ORDER_MARK } else { &[] };
        let writer = WriterBuilder::new().terminator(Terminator::Any(b'\n')).from_writer(start.to_vec());
        let mut table = Self { writer, max_bytes };
        table.add_row(columns)?;
        Ok(table)
    }

    /// Adds a row with as many cells as there are columns.
    ///
    /// # Errors
    /// [`HttpError::Internal`] for a row of another length.
    pub fn add_row(&mut self, cells: &[&str]) -> Result<(), HttpError> {
        self.writer.write_record(cells.iter().map(|cell| guard(cell).into_owned())).map_err(HttpError::internal)
    }

    /// Checks the size. Call this every so many rows.
    ///
    /// # Errors
    /// [`Refusal::ListTooLong`].
    pub fn check_size(&mut self) -> Result<(), HttpError> {
        self.writer.flush().map_err(HttpError::internal)?;
        if self.writer.get_ref().len() <= self.max_bytes { Ok(()) } else { Err(Refusal::ListTooLong.into()) }
    }

    /// # Errors
    /// [`HttpError::Internal`] if the table cannot be written to memory.
    pub fn finish(self) -> Result<Vec<u8>, HttpError> {
        let mut text = self.writer.into_inner().map_err(|error| HttpError::internal(error.into_error()))?;
        text.pop();
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_become_text_and_only_cells_that_need_it_are_quoted() {
        let mut table = CsvTable::new(CsvReader::Script, &["A", "B"], 1_000).unwrap();
        for row in [
            ["=1+1", "plain"],
            ["+1", "-1"],
            ["@x", "\tx"],
            ["=HYPERLINK(\"x\",\"y\")", "a,b"],
            ["", "two\nlines"],
            ["＝1", "\n=1"],
        ] {
            table.add_row(&row).unwrap();
        }
        let expected = "A,B\n'=1+1,plain\n'+1,'-1\n'@x,'\tx\n\"'=HYPERLINK(\"\"x\"\",\"\"y\"\")\",\"a,b\"\n,\"two\nlines\"\n'＝1,\"'\n=1\"";
        assert_eq!(String::from_utf8(table.finish().unwrap()).unwrap(), expected);
    }

    #[test]
    fn a_table_that_is_too_long_is_refused_and_never_cut() {
        let mut table = CsvTable::new(CsvReader::Script, &["A"], 6).unwrap();
        table.add_row(&["b"]).unwrap();
        table.add_row(&["c"]).unwrap();
        assert!(table.check_size().is_ok());
        table.add_row(&["d"]).unwrap();
        assert!(matches!(table.check_size(), Err(HttpError::Refused(Refusal::ListTooLong))));
    }
}
