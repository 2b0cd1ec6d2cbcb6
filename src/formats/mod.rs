//! File formats that know nothing of habits.

pub mod spreadsheet_cell;
pub mod sqlite;
