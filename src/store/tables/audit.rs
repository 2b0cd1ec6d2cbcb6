//! The audit trail. Entries are only added; they are removed when they are too old, and anonymized with the account.

use crate::domain::accounts::audit::{AuditAction, AuditEntry};
use crate::domain::{AccountId, AuditId};
use crate::store::engine::codec::RowKey;
use crate::store::tables::schema::{ACCOUNT_AUDIT, AUDIT};
use crate::store::{Error, PageRequest, ReadTxn, Reader, RowPage, WriteTxn};

/// Adds an entry.
pub fn add(txn: &mut WriteTxn<'_, '_>, entry: &AuditEntry) {
    txn.put(&AUDIT, &entry.id, entry);
    for account in entry.accounts() {
        txn.put(&ACCOUNT_AUDIT, &(account, entry.id), &());
    }
}

/// A page of the entries by time: those about `subject`, and of `action`, where they are given.
///
/// # Errors
/// [`Error::File`]; [`Error::Corrupt`].
pub fn list_page(
    txn: &ReadTxn,
    subject: Option<AccountId>,
    action: Option<AuditAction>,
    request: &PageRequest<AuditId>,
) -> Result<RowPage<AuditId, AuditEntry>, Error> {
    let matches = |entry: &AuditEntry| action.is_none_or(|action| entry.action.known() == Some(action));
    let Some(subject) = subject else {
        return txn.read_page(&AUDIT, &[], request, |_, bytes| {
            AUDIT.decode_value(bytes).map(|entry| Some(entry).filter(matches))
        });
    };
    let cursor = request.cursor.map(|id| (subject, id));
    let by_account =
        PageRequest { cursor, direction: request.direction, limit: request.limit, scan_limit: request.scan_limit };
    let page = txn.read_page(&ACCOUNT_AUDIT, &subject.encode(), &by_account, |(_, id), _| {
        Ok(txn.get(&AUDIT, &id)?.filter(matches))
    })?;
    Ok(RowPage { rows: page.rows, next: page.next.map(|(_, id)| id) })
}

/// Removes the client address and the request id from the entries about an account, so that they no longer identify anyone.
///
/// # Errors
/// [`Error::File`]; [`Error::Corrupt`].
pub fn anonymize(txn: &mut WriteTxn<'_, '_>, account: AccountId) -> Result<(), Error> {
    for ((_, id), ()) in txn.scan_prefix(&ACCOUNT_AUDIT, &account.encode(), usize::MAX)? {
        if let Some(entry) = txn.get(&AUDIT, &id)? {
            txn.put(&AUDIT, &id, &AuditEntry { address: None, request_id: None, ..entry });
        }
    }
    Ok(())
}

/// Removes up to `limit` entries that are older than `first`. Returns how many were removed.
///
/// # Errors
/// [`Error::File`]; [`Error::Corrupt`].
pub fn purge(txn: &mut WriteTxn<'_, '_>, first: AuditId, limit: usize) -> Result<usize, Error> {
    let old = txn.scan_before(&AUDIT, &first.encode(), limit)?;
    for (id, entry) in &old {
        txn.remove(&AUDIT, id);
        for account in entry.accounts() {
            txn.remove(&ACCOUNT_AUDIT, &(account, *id));
        }
    }
    Ok(old.len())
}
