//! Writing a database of a few tables.

use super::reader::local_length;
use super::record::{SqlValue, write_record};
use super::varint::write_varint;

const PAGE_SIZE: usize = 4_096;
const HEADER_BYTES: usize = 100;
/// The version of SQLite that the header names as the last one that wrote the file.
const LIBRARY_VERSION: u32 = 3_040_001;

/// A database that is being written. Tables are written one after the other.
#[derive(Debug)]
pub struct SqliteWriter {
    user_version: u32,
    /// The first page is written last.
    pages: Vec<Vec<u8>>,
    /// The rows of the table that lists the others.
    schema: Vec<Vec<u8>>,
}

/// The rows of a table that is being written.
#[derive(Debug)]
struct TablePages {
    /// The pages of the level above: the last row id of each, and its number.
    leaves: Vec<(i64, u32)>,
    cells: Vec<Vec<u8>>,
    used: usize,
    last_id: i64,
}

impl SqliteWriter {
    pub fn new(user_version: u32) -> Self {
        Self { user_version, pages: vec![Vec::new()], schema: Vec::new() }
    }

    /// Adds a table. Its rows get the ids 1, 2, 3 and so on; a column that is the row id has to be NULL.
    pub fn add_table(&mut self, name: &str, sql: &str, rows: impl IntoIterator<Item = Vec<SqlValue>>) {
        let mut table = TablePages { leaves: Vec::new(), cells: Vec::new(), used: 8, last_id: 0 };
        for row in rows {
            table.last_id += 1;
            let cell = self.row_cell(table.last_id, &write_record(&row));
            if table.used + cell.len() + 2 > PAGE_SIZE {
                self.finish_leaf(&mut table, 1);
            }
            table.used += cell.len() + 2;
            table.cells.push(cell);
        }
        self.finish_leaf(&mut table, 0);
        let root = self.write_levels(table.leaves);
        let id = i64::try_from(self.schema.len()).unwrap_or_default() + 1;
        let text = |text: &str| SqlValue::Text(text.to_owned());
        let entry = [text("table"), text(name), text(name), SqlValue::Integer(root.into()), text(sql)];
        let cell = self.row_cell(id, &write_record(&entry));
        self.schema.push(cell);
    }

    /// The whole file.
    pub fn finish(mut self) -> Vec<u8> {
        let mut first = page(&self.schema, 0x0d, None, HEADER_BYTES);
        let page_count = u32::try_from(self.pages.len()).unwrap_or(u32::MAX);
        if let Some(header) = first.first_chunk_mut() {
            *header = file_header(page_count, self.user_version);
        }
        if let Some(page) = self.pages.first_mut() {
            *page = first;
        }
        self.pages.concat()
    }

    fn add_page(&mut self, page: Vec<u8>) -> u32 {
        self.pages.push(page);
        u32::try_from(self.pages.len()).unwrap_or(u32::MAX)
    }

    /// The cell of a row. What does not fit is written to pages of its own first.
    fn row_cell(&mut self, id: i64, payload: &[u8]) -> Vec<u8> {
        let mut cell = Vec::new();
        write_varint(&mut cell, u64::try_from(payload.len()).unwrap_or_default());
        write_varint(&mut cell, id.cast_unsigned());
        let (kept, rest) = payload.split_at(local_length(payload.len(), PAGE_SIZE));
        cell.extend(kept);
        // The chain is written from its end, because every page holds the number of the next.
        let mut next = 0_u32;
        for chunk in rest.chunks(PAGE_SIZE - 4).rev() {
            let mut page = next.to_be_bytes().to_vec();
            page.extend(chunk);
            page.resize(PAGE_SIZE, 0);
            next = self.add_page(page);
        }
        if next != 0 {
            cell.extend(next.to_be_bytes());
        }
        cell
    }

    /// Writes the rows that were collected; the last `following` of the ids belong to rows that come later.
    fn finish_leaf(&mut self, table: &mut TablePages, following: i64) {
        let number = self.add_page(page(&table.cells, 0x0d, None, 0));
        table.leaves.push((table.last_id - following, number));
        table.cells.clear();
        table.used = 8;
    }

    /// Writes the levels above the leaves, and returns the number of the root.
    fn write_levels(&mut self, mut level: Vec<(i64, u32)>) -> u32 {
        // A cell holds a page number and an id of at most nine bytes, and its place takes two more.
        const CHILDREN: usize = (PAGE_SIZE - 12) / 15;
        while level.len() > 1 {
            let mut above = Vec::new();
            for children in level.chunks(CHILDREN) {
                let Some(((last_id, right), left)) = children.split_last() else { continue };
                let cells: Vec<Vec<u8>> = left.iter().map(|(id, number)| interior_cell(*id, *number)).collect();
                above.push((*last_id, self.add_page(page(&cells, 0x05, Some(*right), 0))));
            }
            level = above;
        }
        level.first().map_or(0, |(_, root)| *root)
    }
}

fn interior_cell(id: i64, number: u32) -> Vec<u8> {
    let mut cell = number.to_be_bytes().to_vec();
    write_varint(&mut cell, id.cast_unsigned());
    cell
}

/// A page of a table. Cells are placed from its end, and their offsets follow the header.
fn page(cells: &[Vec<u8>], kind: u8, right: Option<u32>, start: usize) -> Vec<u8> {
    let number = |number: usize| u16::try_from(number).unwrap_or_default().to_be_bytes();
    let (mut offsets, mut content_start) = (Vec::new(), PAGE_SIZE);
    for cell in cells {
        content_start -= cell.len();
        offsets.extend(number(content_start));
    }
    let mut page = vec![0; start];
    page.push(kind);
    page.extend([0, 0]);
    page.extend(number(cells.len()));
    page.extend(number(content_start));
    page.push(0);
    page.extend(right.into_iter().flat_map(u32::to_be_bytes));
    page.extend(offsets);
    page.resize(content_start, 0);
    page.extend(cells.iter().rev().flatten());
    page
}

fn file_header(page_count: u32, user_version: u32) -> [u8; HEADER_BYTES] {
    let mut header = Vec::with_capacity(HEADER_BYTES);
    header.extend(b"SQLite format 3\0");
    header.extend(u16::try_from(PAGE_SIZE).unwrap_or_default().to_be_bytes());
    // The journal is a rollback journal, no bytes are reserved, and the shares of a payload are what they always are.
    header.extend([1, 1, 0, 64, 32, 32]);
    // Change counter, pages, no free pages, schema cookie, schema format 4, cache size, no vacuum, UTF-8, the version of the
    // tables, no incremental vacuum, no application.
    for word in [1, page_count, 0, 0, 1, 4, 0, 0, 1, user_version, 0, 0] {
        header.extend(word.to_be_bytes());
    }
    header.extend([0; 20]);
    header.extend(1_u32.to_be_bytes());
    header.extend(LIBRARY_VERSION.to_be_bytes());
    header.try_into().unwrap_or([0; HEADER_BYTES])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::formats::sqlite::error::SqliteError;
    use crate::formats::sqlite::reader::SqliteReader;

    fn database(lengths: &[usize]) -> Vec<u8> {
        let mut writer = SqliteWriter::new(25);
        let row = |length: &usize| vec![SqlValue::Null, SqlValue::Text("ä".repeat(*length)), SqlValue::Integer(-3)];
        writer.add_table("Long", "CREATE TABLE Long (id integer primary key, note text, n)", lengths.iter().map(row));
        writer.add_table("Empty", "CREATE TABLE Empty (a)", []);
        writer.finish()
    }

    fn read(bytes: &[u8]) -> Result<Vec<(i64, usize)>, SqliteError> {
        let reader = SqliteReader::open(bytes)?;
        let mut rows = Vec::new();
        reader.for_each_row::<SqliteError>("long", |row| {
            rows.push((row.integer("id").unwrap_or_default(), row.text("note").chars().count()));
            Ok(())
        })?;
        Ok(rows)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn rows_of_any_length_read_back_in_order(lengths in prop::collection::vec(0_usize..9_000, 0..60)) {
            let rows = read(&database(&lengths)).unwrap();
            prop_assert_eq!(rows, (1..).zip(lengths).collect::<Vec<_>>());
        }

        #[test]
        fn a_corrupt_database_is_an_error_or_read_as_far_as_it_goes(
            changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..40),
            end in any::<prop::sample::Index>(),
        ) {
            let mut bytes = database(&[10, 6_000, 300, 2_100, 40, 0, 9_000]);
            for (at, value) in changes {
                let at = at.index(bytes.len());
                bytes[at] = value;
            }
            let _ = read(&bytes);
            bytes.truncate(end.index(bytes.len()));
            let _ = read(&bytes);
        }
    }

    #[test]
    fn tables_of_many_pages_have_several_levels() {
        let lengths: Vec<usize> = (0..3_000).map(|n| 600 + n % 900).collect();
        assert_eq!(read(&database(&lengths)).unwrap(), (1..).zip(lengths).collect::<Vec<_>>());
    }

    #[test]
    fn pages_that_form_a_loop_and_rows_that_overlap_end_the_read() {
        let mut looped = database(&[6_000; 4]);
        // The first page of a chain points at itself.
        looped[2 * PAGE_SIZE..2 * PAGE_SIZE + 4].copy_from_slice(&3_u32.to_be_bytes());
        assert_eq!(read(&looped), Err(SqliteError::Corrupt("its pages form a loop")));
        let mut overlapping = database(&[900; 2]);
        let cell = overlapping[PAGE_SIZE + 8..PAGE_SIZE + 10].to_vec();
        overlapping[PAGE_SIZE + 3..PAGE_SIZE + 5].copy_from_slice(&500_u16.to_be_bytes());
        for at in 0..500 {
            overlapping[PAGE_SIZE + 8 + 2 * at..PAGE_SIZE + 10 + 2 * at].copy_from_slice(&cell);
        }
        assert_eq!(read(&overlapping), Err(SqliteError::Corrupt("the rows of a page overlap")));
    }
}
