//! Schema 3: sessions are found by their account, and what an admin looks at is counted.
//!
//! Up: the index of sessions and the counts are worked out from what is there; the other new tables begin empty. Down: the
//! new tables are emptied. Lost are the audit trail, challenges, failed attempts, and links for forgotten passwords and new
//! addresses; people, habits, completions and sessions stay.

use serde::Deserialize;

use super::{Losses, Migration, read, write};
use crate::store::{Draft, Error, Read};

pub(super) const STEP: Migration = Migration {
    to: 3,
    about: "sessions by account, counts, challenges and the audit trail",
    min_reader: 3,
    up,
    down,
    loses,
};

const NEW: [&str; 7] = ["account_sessions", "tokens", "challenges", "attempts", "audit", "account_audit", "counts"];

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

fn up(draft: &mut Draft<'_, '_>) -> Result<(), Error> {
    for (token, value) in draft.rows("sessions", &[], None, usize::MAX)? {
        let session: Session = read("sessions", 1, &value)?;
        let key = [&session.account.as_bytes()[..], &token].concat();
        draft.put_bytes("account_sessions", key, Vec::new());
    }
    let (mut verified, mut archived) = (0_u64, 0_u64);
    for (_, value) in draft.rows("accounts", &[], None, usize::MAX)? {
        let account: Account = read("accounts", 1, &value)?;
        verified += u64::from(account.verified_at.is_some());
    }
    for (_, value) in draft.rows("habits", &[], None, usize::MAX)? {
        let habit: Habit = read("habits", 2, &value)?;
        archived += u64::from(habit.archived_at.is_some());
    }
    for (name, number) in [("accounts.verified", verified), ("habits.archived", archived)] {
        draft.put_bytes("counts", name.as_bytes().to_vec(), write("counts", 1, &number)?);
    }
    Ok(())
}

fn down(draft: &mut Draft<'_, '_>) -> Result<(), Error> {
    for table in NEW {
        for (key, _) in draft.rows(table, &[], None, usize::MAX)? {
            draft.remove_bytes(table, key);
        }
    }
    Ok(())
}

fn loses(draft: &Draft<'_, '_>) -> Result<Losses, Error> {
    let kinds = [
        ("lines of the audit trail", "audit"),
        ("links for forgotten passwords and new addresses", "tokens"),
        ("challenges", "challenges"),
        ("counts of failed attempts", "attempts"),
    ];
    kinds
        .into_iter()
        .map(|(words, table)| {
            Ok((words, u64::try_from(draft.rows(table, &[], None, usize::MAX)?.len()).unwrap_or(u64::MAX)))
        })
        .collect()
}
