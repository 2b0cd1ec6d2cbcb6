//! The imports of each account that can be undone.

use crate::domain::habits::import_record::{ImportRecord, MAX_RECORDS};
use crate::domain::{AccountId, HabitId, ImportId};
use crate::store::engine::codec::RowKey;
use crate::store::tables::schema::IMPORTS;
use crate::store::{Error, Reader, WriteTxn};

/// An import of `account`.
///
/// # Errors
/// [`Error::File`]; [`Error::Corrupt`].
pub fn find_import(txn: &impl Reader, account: AccountId, id: ImportId) -> Result<Option<ImportRecord>, Error> {
    txn.get(&IMPORTS, &(account, id))
}

/// The imports of an account, the oldest first.
///
/// # Errors
/// [`Error::File`]; [`Error::Corrupt`].
pub fn list_all(txn: &impl Reader, account: AccountId) -> Result<Vec<ImportRecord>, Error> {
    let rows = txn.scan_prefix(&IMPORTS, &account.encode(), usize::MAX)?;
    Ok(rows.into_iter().map(|(_, record)| record).collect())
}

/// Adds an import, and removes the oldest ones above the limit.
///
/// # Errors
/// [`Error::File`]; [`Error::Corrupt`].
pub fn add(txn: &mut WriteTxn<'_, '_>, account: AccountId, record: &ImportRecord) -> Result<(), Error> {
    let known = list_all(txn, account)?;
    for oldest in known.iter().take((known.len() + 1).saturating_sub(MAX_RECORDS)) {
        txn.remove(&IMPORTS, &(account, oldest.id));
    }
    put(txn, account, record);
    Ok(())
}

/// Stores an import again.
pub fn put(txn: &mut WriteTxn<'_, '_>, account: AccountId, record: &ImportRecord) {
    txn.put(&IMPORTS, &(account, record.id), record);
}

/// Forgets what imports added to a habit.
///
/// # Errors
/// [`Error::File`]; [`Error::Corrupt`].
pub fn remove_habit(txn: &mut WriteTxn<'_, '_>, account: AccountId, id: HabitId) -> Result<(), Error> {
    for mut record in list_all(txn, account)? {
        if record.habits.remove(&id).is_some() {
            put(txn, account, &record);
        }
    }
    Ok(())
}

/// Removes all imports of an account.
///
/// # Errors
/// [`Error::File`]; [`Error::Corrupt`].
pub fn remove_all(txn: &mut WriteTxn<'_, '_>, account: AccountId) -> Result<(), Error> {
    for record in list_all(txn, account)? {
        txn.remove(&IMPORTS, &(account, record.id));
    }
    Ok(())
}
