//! The check that an account still exists when a write begins.

use crate::app::error::Error;
use crate::domain::{AccountId, Refusal};
use crate::store::Reader;
use crate::store::tables::accounts;

/// Requires that the account is neither deleted nor disabled. An account that was deleted since the request began must
/// not be partly written again.
pub(in crate::app) fn require_active_account(reader: &impl Reader, me: AccountId) -> Result<(), Error> {
    match accounts::find_account(reader, me)? {
        Some(account) if account.disabled_at.is_none() => Ok(()),
        _ => Err(Refusal::WrongCredentials.into()),
    }
}
