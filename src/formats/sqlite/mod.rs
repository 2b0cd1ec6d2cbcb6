//! Databases of SQLite 3, read from memory and written into it, as its file format document describes them.
//!
//! Only what an exchange of data needs: the rows of ordinary tables. Files come from strangers, so reading never trusts a length
//! or a page number, and its work and memory are proportional to the file.

pub mod error;
pub mod reader;
pub mod record;
mod table_definition;
mod varint;
pub mod writer;
