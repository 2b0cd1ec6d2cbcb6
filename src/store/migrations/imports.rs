//! Schema 6: what imports added is kept for a month, so that they can be undone.
//!
//! Up: the new table starts empty. Down: it is emptied, and imports can't be undone anymore; what they added stays.

use super::step::{LossCounts, Migration};
use crate::store::{Error, Reader, WriteTxn};

pub(super) const MIGRATION: Migration =
    Migration { to: 6, about: "imports that can be undone", min_reader: 6, up: |_| Ok(()), down, count_losses };

const IMPORTS: &str = "imports";

fn down(txn: &mut WriteTxn<'_, '_>) -> Result<(), Error> {
    for (key, _) in txn.scan(IMPORTS, &[], None, usize::MAX)? {
        txn.remove_bytes(IMPORTS, key);
    }
    Ok(())
}

fn count_losses(txn: &WriteTxn<'_, '_>) -> Result<LossCounts, Error> {
    let imports = txn.scan(IMPORTS, &[], None, usize::MAX)?.len();
    Ok(vec![("records for undoing imports", u64::try_from(imports).unwrap_or(u64::MAX))])
}
