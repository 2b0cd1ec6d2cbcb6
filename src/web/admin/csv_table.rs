//! CSV for spreadsheets: RFC 4180 with LF between rows and none at the end, and without cells that a spreadsheet would execute.

use std::borrow::Cow;

use csv::{Terminator, Writer, WriterBuilder};

use crate::domain::Refusal;
use crate::web::http::error::HttpError;

pub struct CsvTable {
    writer: Writer<Vec<u8>>,
    max_bytes: usize,
}

impl CsvTable {
    /// # Errors
    /// As for [`Self::add_row`].
    pub fn new(columns: &[&str], max_bytes: usize) -> Result<Self, HttpError> {
        let writer = WriterBuilder::new().terminator(Terminator::Any(b'\n')).from_writer(Vec::new());
        let mut table = Self { writer, max_bytes };
        table.add_row(columns)?;
        Ok(table)
    }

    /// Adds a row with as many cells as there are columns.
    ///
    /// # Errors
    /// [`HttpError::Internal`] for a row of another length.
    pub fn add_row(&mut self, cells: &[&str]) -> Result<(), HttpError> {
        self.writer.write_record(cells.iter().map(|cell| neutralize(cell).into_owned())).map_err(HttpError::internal)
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

/// SECURITY: a spreadsheet executes a cell that begins with one of these characters as a formula. An apostrophe makes it text
/// (OWASP, "CSV Injection").
fn neutralize(cell: &str) -> Cow<'_, str> {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        Cow::Owned(format!("'{cell}"))
    } else {
        Cow::Borrowed(cell)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_become_text_and_only_cells_that_need_it_are_quoted() {
        let mut table = CsvTable::new(&["A", "B"], 1_000).unwrap();
        for row in
            [["=1+1", "plain"], ["+1", "-1"], ["@x", "\tx"], ["=HYPERLINK(\"x\",\"y\")", "a,b"], ["", "two\nlines"]]
        {
            table.add_row(&row).unwrap();
        }
        let expected =
            "A,B\n'=1+1,plain\n'+1,'-1\n'@x,'\tx\n\"'=HYPERLINK(\"\"x\"\",\"\"y\"\")\",\"a,b\"\n,\"two\nlines\"";
        assert_eq!(String::from_utf8(table.finish().unwrap()).unwrap(), expected);
    }

    #[test]
    fn a_table_that_is_too_long_is_refused_and_never_cut() {
        let mut table = CsvTable::new(&["A"], 6).unwrap();
        table.add_row(&["b"]).unwrap();
        table.add_row(&["c"]).unwrap();
        assert!(table.check_size().is_ok());
        table.add_row(&["d"]).unwrap();
        assert!(matches!(table.check_size(), Err(HttpError::Refused(Refusal::ListTooLong))));
    }
}
