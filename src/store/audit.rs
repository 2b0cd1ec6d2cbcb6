//! The audit trail: lines are added, and go only when they are too old or their person's data goes.

use super::record::Key;
use super::schema::{ACCOUNT_AUDIT, AUDIT};
use super::{Draft, Error, Read};
use crate::domain::audit::{Actor, Line};
use crate::domain::{AccountId, AuditId};

/// Adds a line.
pub fn add(draft: &mut Draft<'_, '_>, line: &Line) {
    draft.put(&AUDIT, &line.id, line);
    for account in people(line) {
        draft.put(&ACCOUNT_AUDIT, &(account, line.id), &());
    }
}

/// Takes away where an account's lines came from: what is left says what happened, and of nobody.
///
/// # Errors
/// [`Error`] when the file cannot be read.
pub fn make_nameless(draft: &mut Draft<'_, '_>, account: AccountId) -> Result<(), Error> {
    for ((_, id), ()) in draft.under(&ACCOUNT_AUDIT, &account.encode(), usize::MAX)? {
        if let Some(line) = draft.get(&AUDIT, &id)? {
            draft.put(&AUDIT, &id, &Line { address: None, ..line });
        }
    }
    Ok(())
}

/// Removes up to `most` lines that are older than `first`. Answers how many went.
///
/// # Errors
/// [`Error`] when the file cannot be read.
pub fn purge(draft: &mut Draft<'_, '_>, first: AuditId, most: usize) -> Result<usize, Error> {
    let old = draft.before(&AUDIT, &first.encode(), most)?;
    for (id, line) in &old {
        draft.remove(&AUDIT, id);
        for account in people(line) {
            draft.remove(&ACCOUNT_AUDIT, &(account, *id));
        }
    }
    Ok(old.len())
}

/// Whom a line is about: who did it and to whom it was done.
fn people(line: &Line) -> impl Iterator<Item = AccountId> {
    let actor = match line.actor {
        Actor::Person(account) => Some(account),
        Actor::Stranger | Actor::Operator => None,
    };
    actor.into_iter().chain(line.whom.filter(|whom| Some(*whom) != actor))
}
