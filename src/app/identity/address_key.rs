//! The key under which Atlas remembers what was requested for an address.
//!
//! SECURITY: whatever a client without a session can cause for an address is stored under this key and not with an
//! account: the newest sign-up, mail, and wrong codes. So it works alike whether or not an account has the address, and
//! nobody learns from it which addresses have one. The key doesn't contain the address.

use crate::app::App;
use crate::app::identity::keys::Purpose;
use crate::domain::{AccountId, Email};
use crate::store::tables::schema::TokenHash;

/// A keyed hash of an address.
#[derive(Debug, Clone, Copy)]
pub(super) struct AddressKey(TokenHash);

impl AddressKey {
    pub(super) fn hash(self) -> TokenHash {
        self.0
    }

    /// Stands in for the id of an account in tables that are keyed by one. No account has it.
    pub(super) fn stand_in(self) -> AccountId {
        AccountId::from_bytes(self.0.first_chunk().copied().unwrap_or_default())
    }
}

impl App {
    pub(super) fn address_key(&self, email: &Email) -> AddressKey {
        self.address_keys()(email)
    }

    /// For addresses that are known only inside a transaction.
    pub(super) fn address_keys(&self) -> impl Fn(&Email) -> AddressKey + Send + use<> {
        let keys = self.keys.clone();
        move |email| AddressKey(keys.hash(Purpose::Address, email.as_str()))
    }
}
