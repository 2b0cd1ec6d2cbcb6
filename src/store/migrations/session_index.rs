//! Schema 3: an index of sessions by account, counters for the admin pages, challenges, and the audit trail.
//!
//! Up: the index and the counters are computed from the existing rows; the other new tables start empty. Down: the new tables
//! are emptied. The audit trail, challenges, failed attempts, and links for password resets and new addresses are lost;
//! accounts, habits, completions and sessions stay.

use serde::Deserialize;

use super::step::{LossCounts, Migration, decode, encode};
use crate::store::{Error, Reader, WriteTxn};

pub(super) const MIGRATION: Migration = Migration {
    to: 3,
    about: "sessions by account, counters, challenges and the audit trail",
    min_reader: 3,
    up,
    down,
    count_losses,
};

const NEW_TABLES: [&str; 7] =
    ["account_sessions", "tokens", "challenges", "attempts", "audit", "account_audit", "counts"];

#[derive(Deserialize)]
struct Session {
    account: uuid::Uuid,
}

#[derive(Deserialize)]
struct Account {
    verified_at: Option<serde::de::IgnoredAny>,
}

#[derive(Deserialize)]
struct Habit {
    archived_at: Option<serde::de::IgnoredAny>,
}

fn up(txn: &mut WriteTxn<'_, '_>) -> Result<(), Error> {
    for (token, value) in txn.scan("sessions", &[], None, usize::MAX)? {
        let session: Session = decode("sessions", 1, &value)?;
        let key = [&session.account.as_bytes()[..], &token].concat();
        txn.put_bytes("account_sessions", key, Vec::new());
    }
    let (mut verified, mut archived) = (0_u64, 0_u64);
    for (_, value) in txn.scan("accounts", &[], None, usize::MAX)? {
        let account: Account = decode("accounts", 1, &value)?;
        verified += u64::from(account.verified_at.is_some());
    }
    for (_, value) in txn.scan("habits", &[], None, usize::MAX)? {
        let habit: Habit = decode("habits", 2, &value)?;
        archived += u64::from(habit.archived_at.is_some());
    }
    for (name, number) in [("accounts.verified", verified), ("habits.archived", archived)] {
        txn.put_bytes("counts", name.as_bytes().to_vec(), encode("counts", 1, &number)?);
    }
    Ok(())
}

fn down(txn: &mut WriteTxn<'_, '_>) -> Result<(), Error> {
    for table in NEW_TABLES {
        for (key, _) in txn.scan(table, &[], None, usize::MAX)? {
            txn.remove_bytes(table, key);
        }
    }
    Ok(())
}

fn count_losses(txn: &WriteTxn<'_, '_>) -> Result<LossCounts, Error> {
    let kinds = [
        ("audit trail entries", "audit"),
        ("links for password resets and new addresses", "tokens"),
        ("challenges", "challenges"),
        ("counters of failed attempts", "attempts"),
    ];
    kinds
        .into_iter()
        .map(|(words, table)| {
            Ok((words, u64::try_from(txn.scan(table, &[], None, usize::MAX)?.len()).unwrap_or(u64::MAX)))
        })
        .collect()
}
