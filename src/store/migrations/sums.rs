//! Schema 4: every row carries a sum, by which it is seen when it is not as it was written.
//!
//! Up: every row of every table is written anew with its sum behind its value. Down: without. Nothing is lost either way. A
//! row whose sum does not fit is not led down: that would make a fact of it.

use super::Migration;
use crate::store::sum::Form;
use crate::store::{Draft, Error};

pub(super) const STEP: Migration = Migration {
    to: 4,
    about: "a sum for every row, checked whenever it is read",
    min_reader: 4,
    up,
    down,
    loses: |_| Ok(Vec::new()),
};

/// The tables of schemas 3 and 4 but those that say who the file is.
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

fn up(draft: &mut Draft<'_, '_>) -> Result<(), Error> {
    draft.restate(&TABLES, Form::Summed)
}

fn down(draft: &mut Draft<'_, '_>) -> Result<(), Error> {
    draft.restate(&TABLES, Form::Plain)
}
