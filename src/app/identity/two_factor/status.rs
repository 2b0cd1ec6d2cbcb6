//! Whether an account has a second factor, and whether it must.

use crate::app::context::App;
use crate::app::error::Error;
use crate::app::identity::keys::Purpose;
use crate::config::policy;
use crate::domain::accounts::two_factor::TwoFactor;
use crate::domain::{Account, AccountId, Refusal};
use crate::store::WriteTxn;
use crate::store::tables::accounts;

/// The second factor of an account, as shown to its owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TwoFactorStatus {
    pub enabled: bool,
    /// Whether codes of the app can be checked. They cannot if the environment's secret was changed since.
    pub readable: bool,
    /// How many recovery codes are left.
    pub recovery_left: usize,
}

/// Reads the status of the second factor of an account.
pub fn two_factor_status(app: &App, account: &Account) -> TwoFactorStatus {
    let factor = account.two_factor.as_ref();
    let is_readable = |factor: &TwoFactor| app.keys.decrypt(Purpose::TwoFactor, account.id, &factor.secret).is_some();
    TwoFactorStatus {
        enabled: factor.is_some(),
        readable: factor.is_none_or(is_readable),
        recovery_left: factor.map_or(0, |factor| factor.recovery_codes.len()),
    }
}

/// Whether this account is an admin without the second factor that admins need here. Until it is set up, no admin page
/// is accessible except the one for setting it up.
pub fn must_enroll(app: &App, account: &Account) -> bool {
    is_enforced(app, account) && account.two_factor.is_none()
}

/// Whether this account needs a second factor here, and so cannot turn it off.
pub fn is_enforced(app: &App, account: &Account) -> bool {
    policy::for_kind(app.store.stamp().kind).admins_need_two_factor && app.is_admin(account)
}

/// Loads the account of the signed-in user, which may have been deleted since the request began.
pub(super) fn require_account(txn: &WriteTxn<'_, '_>, id: AccountId) -> Result<Account, Error> {
    accounts::find_account(txn, id)?.ok_or_else(|| Refusal::WrongCredentials.into())
}

pub(super) fn already_on() -> Error {
    Refusal::field("code", "Two-factor authentication is already on.").into()
}

pub(super) fn not_on() -> Error {
    Refusal::field("code", "Two-factor authentication is off.").into()
}
