//! Limits on wrong passwords, counted per account, and separately for each browser that its owner has signed in from.
//!
//! Five wrong passwords within five minutes lock an account for ten minutes. A locked account refuses even the right
//! password, with the same message and in the same time as a wrong one, so nobody can tell a lockout from a mistake,
//! nor an account from an unknown address. The count survives a restart. An attempt is counted before its password is
//! compared, so concurrent attempts cannot exceed the limit.
//!
//! SECURITY: such a lockout alone would let anybody lock out the owner. So every browser that has signed in carries a
//! cookie that proves it, and has a count of its own, which attempts from elsewhere don't touch (OWASP, "Slow Down
//! Online Guessing Attacks with Device Cookies"). An owner without the cookie can reset the password, which ends the
//! lockout.
//!
//! The password of a pending sign-up is guarded by a count of its own, of everyone who tries the address. It is the same
//! with and without an account, and no sign-in restarts it.

use std::sync::Arc;

use jiff::Timestamp;
use parking_lot::{Mutex, MutexGuard};

use crate::domain::AccountId;
use crate::domain::accounts::attempt_counter::AttemptCounter;
use crate::domain::accounts::attempts::{AttemptLimit, Attempts};
use crate::store::tables::attempts;
use crate::store::tables::schema::TokenHash;
use crate::store::{self, WriteTxn};

/// Wrong passwords before a lockout.
pub const WRONG_PASSWORDS: AttemptLimit = AttemptLimit::from_minutes(4, 5, 10);
/// Stored with the attempts.
pub(super) const ATTEMPT_KIND: &str = "sign-in";
/// Most sources kept in memory. What is dropped for an account can still be read from the file.
const MAX_SOURCES: usize = 16_384;

/// Whose wrong passwords are counted together.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum LoginSource {
    /// All browsers that have never signed in to the account.
    UnknownDevices(AccountId),
    /// One browser that has.
    KnownDevice(AccountId, String),
    /// Everyone who tries an address, with an account or without. Decides about an address without an account, and about
    /// the password of a sign-up that is not confirmed.
    Address(TokenHash),
}

/// The recent login attempts. Cheap to clone.
#[derive(Clone)]
pub struct Lockout(Arc<Mutex<AttemptCounter<LoginSource>>>);

impl Default for Lockout {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(AttemptCounter::new(WRONG_PASSWORDS, MAX_SOURCES))))
    }
}

impl Lockout {
    pub(super) fn counter(&self) -> MutexGuard<'_, AttemptCounter<LoginSource>> {
        self.0.lock()
    }

    /// Forgets all attempts at an account, e.g. when its owner followed a mailed link. Call it in the transaction of
    /// that decision.
    ///
    /// # Errors
    /// [`store::Error`] when the file cannot be read.
    pub fn reset_attempts(
        &self,
        txn: &mut WriteTxn<'_, '_>,
        account: AccountId,
        now: Timestamp,
    ) -> Result<(), store::Error> {
        self.counter().remove_if(|source| matches!(source, LoginSource::KnownDevice(id, _) if *id == account));
        self.restart(&LoginSource::UnknownDevices(account), now);
        attempts::remove(txn, account, ATTEMPT_KIND);
        Ok(())
    }

    /// Restarts a count at zero. Removing it instead would make the next attempt load the count from the file, where
    /// the reset may not be written yet.
    pub(super) fn restart(&self, source: &LoginSource, now: Timestamp) {
        self.counter().insert(source, Attempts::new(now), now);
    }
}
