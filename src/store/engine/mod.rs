//! The storage engine on redb: typed tables, read and write transactions, one writer, checksums. It knows no type of the domain.
//!
//! | file | what it owns |
//! |---|---|
//! | `table`, `codec`, `checksum` | a table's name and types, and how keys and values become bytes |
//! | `reader`, `read_txn`, `write_txn` | reading rows, from the last commit or inside a write |
//! | `writer`, `stats` | the writer thread, and its numbers |
//! | `change_tracker` | which commit last changed an owner's rows |
//! | `corruption`, `error` | what can go wrong |
//! | `deleted_rows`, `free_pages`, `search_backend`, `page_eraser` | erasing what deleted rows leave in the file |
//! | `snapshot_backend`, `snapshot_copy`, `overlay_backend` | storage below redb: copying a file in use, and reading one without writing to it |

pub mod change_tracker;
pub mod checksum;
pub mod codec;
pub mod corruption;
pub mod deleted_rows;
pub mod error;
pub mod free_pages;
pub mod overlay_backend;
pub mod page_eraser;
pub mod read_txn;
pub mod reader;
mod search_backend;
pub mod snapshot_backend;
mod snapshot_copy;
pub mod stats;
pub mod table;
pub mod write_txn;
pub mod writer;
