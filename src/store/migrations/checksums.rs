//! Schema 4: every row carries a checksum, which shows when the row is not as it was written.
//!
//! Up: every row of every table is rewritten with its checksum behind the value. Down: without. Nothing is lost either way. A row
//! whose checksum does not match stops a downgrade, because without its checksum it would pass as valid.

use super::step::Migration;
use crate::store::engine::checksum::RowFormat;
use crate::store::{Error, WriteTxn};

pub(super) const MIGRATION: Migration = Migration {
    to: 4,
    about: "a checksum for every row, checked on every read",
    min_reader: 4,
    up,
    down,
    count_losses: |_| Ok(Vec::new()),
};

/// The tables of schemas 3 and 4, except those that identify the file.
const TABLES: [&str; 16] = [
    "accounts",
    "emails",
    "sessions",
    "account_sessions",
    "tokens",
    "challenges",
    "attempts",
    "links",
    "account_links",
    "habits",
    "completions",
    "audit",
    "account_audit",
    "counts",
    "mail",
    "mail_due",
];

fn up(txn: &mut WriteTxn<'_, '_>) -> Result<(), Error> {
    txn.rewrite_tables(&TABLES, RowFormat::Checksummed)
}

fn down(txn: &mut WriteTxn<'_, '_>) -> Result<(), Error> {
    txn.rewrite_tables(&TABLES, RowFormat::Plain)
}
