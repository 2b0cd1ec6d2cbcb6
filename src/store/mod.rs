//! The data file, and the only user of redb.
//!
//! Everything goes through two functions: [`Store::read`] reads the last commit, [`Store::write`] decides and changes in one
//! step. A write that is refused or panics leaves nothing behind, and no write is answered before it is durable. Every row
//! carries a checksum, and a row that is not as it was written is never returned. [`tables::schema`] lists every table.
//!
//! | module | what it owns |
//! |---|---|
//! | [`engine`] | tables, transactions, the writer and checksums; knows no type of the domain |
//! | [`cache`] | decoded rows kept in memory |
//! | [`mod@file`] | opening and creating a data file: lock, identity, schema |
//! | [`tables`] | reading and changing each table |
//! | [`migrations`] | from one schema to the next and back |
//! | [`backup`] | snapshots, their verification and encryption, and releases |
//! | `data_file` | [`Store`]: the open data file |
//! | `erasure` | erasing what deleted rows leave in it |
//! | `writer_pause` | pausing its writer between two commits |
//! | `replaceable_file`, `open_file` | the redb database behind it, which can be closed and reopened |
//! | `error` | [`OpenError`] |

pub mod backup;
pub mod cache;
mod data_file;
pub mod engine;
mod erasure;
mod error;
pub mod file;
pub mod migrations;
mod open_file;
mod replaceable_file;
pub mod tables;
mod writer_pause;

pub use data_file::{OpenedFile, Store};
pub use engine::change_tracker::CommitSeq;
pub use engine::error::{DecodeError, Error};
pub use engine::page_eraser::ErasedPages;
pub use engine::read_txn::{PageRequest, ReadTxn, RowPage, SortDirection};
pub use engine::reader::Reader;
pub use engine::stats::{BATCH_BOUNDS, Stats};
pub use engine::table::Table;
pub use engine::write_txn::WriteTxn;
pub use error::{Corruption, ForeignFile, OpenError};
pub use file::lock::FileLock;
pub use file::open::{NewFileIdentity, check_stamp, read_stamp_and_schema};
pub use file::pid_file::PidFile;
