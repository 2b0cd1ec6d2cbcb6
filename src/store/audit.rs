//! The audit trail: lines are added, and go only when they are too old or their person's data goes.

use super::record::Key;
use super::schema::{ACCOUNT_AUDIT, AUDIT};
use super::{Draft, Error, Page, Read, Turn, View};
use crate::domain::audit::{Deed, Line};
use crate::domain::{AccountId, AuditId};

/// Adds a line.
pub fn add(draft: &mut Draft<'_, '_>, line: &Line) {
    draft.put(&AUDIT, &line.id, line);
    for account in line.people() {
        draft.put(&ACCOUNT_AUDIT, &(account, line.id), &());
    }
}

/// A page of the trail, newest first: lines about `whom`, of `deed`.
///
/// # Errors
/// [`Error`] when the file cannot be read.
pub fn page(
    view: &View,
    whom: Option<AccountId>,
    deed: Option<Deed>,
    turn: &Turn<AuditId>,
) -> Result<Page<AuditId, Line>, Error> {
    let fits = |line: &Line| deed.is_none_or(|deed| deed == line.deed);
    let Some(whom) = whom else {
        return view.page(&AUDIT, &[], turn, |_, bytes| AUDIT.value(bytes).map(|line| Some(line).filter(fits)));
    };
    let below = turn.below.map(|line| (whom, line));
    let turn = Turn { below, most: turn.most, effort: turn.effort };
    let page =
        view.page(&ACCOUNT_AUDIT, &whom.encode(), &turn, |(_, id), _| Ok(view.get(&AUDIT, &id)?.filter(fits)))?;
    Ok(Page { rows: page.rows, next: page.next.map(|(_, line)| line) })
}

/// Takes away where an account's lines came from, and with which request: what is left says what happened, and of nobody.
///
/// # Errors
/// [`Error`] when the file cannot be read.
pub fn make_nameless(draft: &mut Draft<'_, '_>, account: AccountId) -> Result<(), Error> {
    for ((_, id), ()) in draft.under(&ACCOUNT_AUDIT, &account.encode(), usize::MAX)? {
        if let Some(line) = draft.get(&AUDIT, &id)? {
            draft.put(&AUDIT, &id, &Line { address: None, request: None, ..line });
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
        for account in line.people() {
            draft.remove(&ACCOUNT_AUDIT, &(account, *id));
        }
    }
    Ok(old.len())
}
