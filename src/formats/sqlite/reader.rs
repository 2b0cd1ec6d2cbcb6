//! Reading the tables of a database.
//!
//! SECURITY: a page is read once in a scan, and the cells of a page may not take more room than the page has. So a file whose
//! pages point at each other, or whose rows overlap, costs no more than one of its size.

use super::error::SqliteError;
use super::record::{SqlValue, TextEncoding, read_record};
use super::table_definition::TableDefinition;
use super::varint::read_varint;

const MAGIC: &[u8] = b"SQLite format 3\0";
const HEADER_BYTES: usize = 100;
/// The root of the table that lists the others.
const SCHEMA_PAGE: u32 = 1;
/// Statements beyond this are not read; the longest of a habit tracker has a thousand characters.
const MAX_STATEMENT_BYTES: usize = 64 << 10;
const MAX_TABLES: usize = 1_000;

const INTERIOR_PAGE: u8 = 0x05;
const LEAF_PAGE: u8 = 0x0d;

/// A database in memory.
#[derive(Debug)]
pub struct SqliteReader<'a> {
    bytes: &'a [u8],
    page_size: usize,
    /// The bytes of a page before those that are reserved for extensions.
    usable_size: usize,
    encoding: TextEncoding,
    tables: Vec<TableEntry>,
}

#[derive(Debug)]
struct TableEntry {
    name: String,
    root: u32,
    definition: TableDefinition,
}

/// A row of a table.
#[derive(Debug)]
pub struct SqlRow<'a> {
    definition: &'a TableDefinition,
    id: i64,
    values: Vec<SqlValue>,
}

impl SqlRow<'_> {
    pub fn id(&self) -> i64 {
        self.id
    }

    /// The value of a column. A column that the table doesn't have is NULL, and one that was added later has its default.
    pub fn get(&self, column: &str) -> SqlValue {
        let mut columns = self.definition.columns.iter().enumerate();
        let Some((at, column)) = columns.find(|(_, known)| known.name.eq_ignore_ascii_case(column)) else {
            return SqlValue::Null;
        };
        match self.values.get(at) {
            _ if column.is_row_id => SqlValue::Integer(self.id),
            Some(value) => value.clone(),
            None => column.default.clone(),
        }
    }

    pub fn integer(&self, column: &str) -> Option<i64> {
        self.get(column).as_i64()
    }

    pub fn text(&self, column: &str) -> String {
        self.get(column).as_str().unwrap_or_default().to_owned()
    }
}

impl<'a> SqliteReader<'a> {
    /// Whether the bytes begin like a database.
    pub fn recognizes(bytes: &[u8]) -> bool {
        bytes.starts_with(MAGIC)
    }

    /// Reads the header and the list of tables.
    ///
    /// # Errors
    /// [`SqliteError::NotADatabase`]; [`SqliteError::Corrupt`].
    pub fn open(bytes: &'a [u8]) -> Result<Self, SqliteError> {
        let header = bytes.get(..HEADER_BYTES).filter(|header| header.starts_with(MAGIC));
        let header = header.ok_or(SqliteError::NotADatabase)?;
        let page_size = match be_u16(header, 16) {
            Some(1) => 65_536,
            Some(size) if size.is_power_of_two() && size >= 512 => usize::from(size),
            _ => return Err(SqliteError::Corrupt("its page size is invalid")),
        };
        let reserved = header.get(20).copied().map_or(0, usize::from);
        let encoding = match be_u32(header, 56) {
            Some(2) => TextEncoding::Utf16Le,
            Some(3) => TextEncoding::Utf16Be,
            _ => TextEncoding::Utf8,
        };
        // A page holds at least 480 bytes; the arithmetic of overflowing rows depends on it.
        let usable_size = page_size - reserved;
        if usable_size < 480 {
            return Err(SqliteError::Corrupt("its pages have no room"));
        }
        let mut reader = Self { bytes, page_size, usable_size, encoding, tables: Vec::new() };
        reader.tables = reader.read_tables()?;
        Ok(reader)
    }

    /// The number with which a program marks the version of its tables.
    pub fn user_version(&self) -> u32 {
        be_u32(self.bytes, 60).unwrap_or_default()
    }

    pub fn has_table(&self, name: &str) -> bool {
        self.tables.iter().any(|table| table.name.eq_ignore_ascii_case(name))
    }

    pub fn has_column(&self, table: &str, column: &str) -> bool {
        let mut tables = self.tables.iter().filter(|entry| entry.name.eq_ignore_ascii_case(table));
        let mut columns = tables.next().into_iter().flat_map(|entry| &entry.definition.columns);
        columns.any(|known| known.name.eq_ignore_ascii_case(column))
    }

    /// Hands every row of a table to `on_row`, in the order of their ids.
    ///
    /// # Errors
    /// [`SqliteError`] of the table, or an error of `on_row`, which ends the scan.
    pub fn for_each_row<E: From<SqliteError>>(
        &self,
        table: &'static str,
        mut on_row: impl FnMut(&SqlRow<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let entry = self.tables.iter().find(|entry| entry.name.eq_ignore_ascii_case(table));
        let entry = entry.ok_or(SqliteError::NoTable(table))?;
        if entry.definition.is_without_row_ids {
            return Err(SqliteError::WithoutRowIds(entry.name.clone()).into());
        }
        self.scan(entry.root, |id, payload| {
            let values = read_record(payload, self.encoding)?;
            on_row(&SqlRow { definition: &entry.definition, id, values })
        })
    }

    fn read_tables(&self) -> Result<Vec<TableEntry>, SqliteError> {
        let mut tables = Vec::new();
        self.scan(SCHEMA_PAGE, |_, payload| {
            let values = read_record(payload, self.encoding)?;
            let [SqlValue::Text(kind), SqlValue::Text(name), _, SqlValue::Integer(root), SqlValue::Text(sql)] =
                values.as_slice()
            else {
                return Ok(());
            };
            let is_table = kind == "table" && sql.len() <= MAX_STATEMENT_BYTES && tables.len() < MAX_TABLES;
            let root = u32::try_from(*root).ok().filter(|root| *root > 0 && is_table);
            if let Some((root, definition)) = root.zip(TableDefinition::parse(sql)) {
                tables.push(TableEntry { name: name.clone(), root, definition });
            }
            Ok::<_, SqliteError>(())
        })?;
        Ok(tables)
    }

    /// Walks a table's pages from left to right.
    fn scan<E: From<SqliteError>>(
        &self,
        root: u32,
        mut on_payload: impl FnMut(i64, &[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut seen = SeenPages::new(self.bytes.len() / self.page_size + 1);
        let mut next = vec![root];
        while let Some(number) = next.pop() {
            let page = self.page(number, &mut seen)?;
            match page.kind() {
                Some(INTERIOR_PAGE) => {
                    let children = page.children().ok_or(SqliteError::Corrupt("a list of pages is cut off"))?;
                    next.extend(children.into_iter().rev());
                }
                Some(LEAF_PAGE) => {
                    let mut room = self.page_size;
                    for at in page.cell_offsets().ok_or(SqliteError::Corrupt("a page is cut off"))? {
                        let cell = page.bytes.get(at..).ok_or(SqliteError::Corrupt("a row is outside of its page"))?;
                        let (id, payload, used) = self.read_cell(cell, &mut seen)?;
                        room = room.checked_sub(used).ok_or(SqliteError::Corrupt("the rows of a page overlap"))?;
                        on_payload(id, &payload)?;
                    }
                }
                _ => return Err(SqliteError::Corrupt("a page of a table is something else").into()),
            }
        }
        Ok(())
    }

    fn page(&self, number: u32, seen: &mut SeenPages) -> Result<Page<'a>, SqliteError> {
        let bytes = self.page_bytes(number, seen)?;
        let start = if number == SCHEMA_PAGE { HEADER_BYTES } else { 0 };
        Ok(Page { bytes, start })
    }

    fn page_bytes(&self, number: u32, seen: &mut SeenPages) -> Result<&'a [u8], SqliteError> {
        let index = usize::try_from(number).ok().and_then(|number| number.checked_sub(1));
        let index = index.ok_or(SqliteError::Corrupt("a page has the number 0"))?;
        let start = index.checked_mul(self.page_size).ok_or(SqliteError::Corrupt("a page is missing"))?;
        let bytes = self.bytes.get(start..).and_then(|rest| rest.get(..self.page_size));
        let bytes = bytes.ok_or(SqliteError::Corrupt("it is incomplete"))?;
        if seen.insert(index) { Ok(bytes) } else { Err(SqliteError::Corrupt("its pages form a loop")) }
    }

    /// The id and the payload of a row, and how much of its page it takes.
    fn read_cell(&self, cell: &[u8], seen: &mut SeenPages) -> Result<(i64, Vec<u8>, usize), SqliteError> {
        const CUT: SqliteError = SqliteError::Corrupt("a row is cut off");
        let (length, rest) = read_varint(cell).ok_or(CUT)?;
        let (id, rest) = read_varint(rest).ok_or(CUT)?;
        let length = usize::try_from(length).ok().filter(|length| *length <= self.bytes.len()).ok_or(CUT)?;
        let local = local_length(length, self.usable_size);
        let (kept, rest) = rest.split_at_checked(local).ok_or(CUT)?;
        let mut payload = kept.to_vec();
        let mut used = cell.len() - rest.len();
        if local < length {
            used += 4;
            let mut next = be_u32(rest, 0).ok_or(CUT)?;
            while payload.len() < length {
                let page = self.page_bytes(next, seen)?;
                let content = page.get(4..self.usable_size).unwrap_or_default();
                payload.extend(content.get(..content.len().min(length - payload.len())).unwrap_or_default());
                next = be_u32(page, 0).unwrap_or_default();
            }
        }
        Ok((id, payload, used))
    }
}

/// How much of a payload is kept in the page of the table; the rest is in a chain of other pages.
pub(super) fn local_length(length: usize, usable_size: usize) -> usize {
    let longest = usable_size - 35;
    if length <= longest {
        return length;
    }
    let shortest = (usable_size - 12) * 32 / 255 - 23;
    let kept = shortest + (length - shortest) % (usable_size - 4);
    if kept <= longest { kept } else { shortest }
}

struct Page<'a> {
    bytes: &'a [u8],
    /// Where its header begins.
    start: usize,
}

impl Page<'_> {
    fn kind(&self) -> Option<u8> {
        self.bytes.get(self.start).copied()
    }

    fn cell_offsets(&self) -> Option<Vec<usize>> {
        let header_bytes = if self.kind() == Some(LEAF_PAGE) { 8 } else { 12 };
        let count = usize::from(be_u16(self.bytes, self.start + 3)?);
        let list = self.bytes.get(self.start + header_bytes..)?.get(..2 * count)?;
        Some(list.as_chunks::<2>().0.iter().map(|pair| usize::from(u16::from_be_bytes(*pair))).collect())
    }

    fn children(&self) -> Option<Vec<u32>> {
        let mut children = Vec::new();
        for at in self.cell_offsets()? {
            children.push(be_u32(self.bytes, at)?);
        }
        children.push(be_u32(self.bytes, self.start + 8)?);
        Some(children)
    }
}

/// Which pages of the file were read.
struct SeenPages(Vec<bool>);

impl SeenPages {
    fn new(pages: usize) -> Self {
        Self(vec![false; pages])
    }

    fn insert(&mut self, index: usize) -> bool {
        self.0.get_mut(index).is_some_and(|seen| !std::mem::replace(seen, true))
    }
}

fn be_u16(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..)?.first_chunk().map(|chunk| u16::from_be_bytes(*chunk))
}

fn be_u32(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|chunk| u32::from_be_bytes(*chunk))
}
