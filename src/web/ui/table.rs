//! Tables of objects, such as users: columns that sort by links, and a menu at the end of each row. On narrow screens each row is
//! a short block of lines.

use maud::{Markup, html};

use crate::store::SortDirection;

/// A column.
#[derive(Debug, Clone)]
pub struct Column {
    label: &'static str,
    sort: Option<ColumnSort>,
    is_labeled: bool,
}

/// How a column sorts the table.
#[derive(Debug, Clone)]
pub struct ColumnSort {
    /// The address of the table sorted by this column; if it is already, in the other direction.
    pub address: String,
    /// The direction, if the table is sorted by this column.
    pub current: Option<SortDirection>,
}

impl Column {
    /// A column that does not sort.
    pub fn new(label: &'static str) -> Self {
        Self { label, sort: None, is_labeled: false }
    }

    /// A column that sorts.
    pub fn sorted_by(label: &'static str, sort: ColumnSort) -> Self {
        Self { sort: Some(sort), ..Self::new(label) }
    }

    /// On narrow screens, the label is before each cell, because the value alone does not say what it is.
    pub fn labeled(self) -> Self {
        Self { is_labeled: true, ..self }
    }
}

/// A row.
#[derive(Debug, Clone, Default)]
pub struct TableRow {
    /// What the row is about.
    pub head: Markup,
    /// One for each column but the first. Empty cells take no space on narrow screens.
    pub cells: Vec<Markup>,
    /// What can be done with the object.
    pub menu: Markup,
    /// The dialog that is open at this row.
    pub dialog: Markup,
}

/// The table. The first column has the heads of the rows.
pub fn data_table(caption: &str, columns: &[Column], rows: &[TableRow]) -> Markup {
    let has_menus = rows.iter().any(|row| !row.menu.0.is_empty());
    let width = columns.len() + usize::from(has_menus);
    html! {
        @if !rows.is_empty() {
            table.data-table {
                caption.unseen { (caption) }
                thead {
                    tr {
                        @for column in columns { (header(column)) }
                        @if has_menus { th scope="col" { span.unseen { "Actions" } } }
                    }
                }
                tbody {
                    @for row in rows {
                        tr {
                            th scope="row" { (row.head) }
                            @for (column, cell) in columns.iter().skip(1).zip(&row.cells) {
                                td data-label=[column.is_labeled.then_some(column.label)] { (cell) }
                            }
                            @if has_menus { td.row-menu data-row { (row.menu) } }
                        }
                        @if !row.dialog.0.is_empty() { tr.row-dialog { td colspan=(width) { (row.dialog) } } }
                    }
                }
            }
        }
    }
}

fn header(column: &Column) -> Markup {
    let Some(sort) = &column.sort else { return html! { th scope="col" { (column.label) } } };
    let direction = sort.current.map(|direction| match direction {
        SortDirection::Ascending => "ascending",
        SortDirection::Descending => "descending",
    });
    html! { th scope="col" aria-sort=[direction] { a href=(sort.address) { (column.label) } } }
}
