//! The key under which Atlas remembers what was requested for an address.
//!
//! SECURITY: the effects of requests without a session (the newest sign-up, mail, and wrong codes) are stored under this key
//! and not with an account. They are the same whether or not an account has the address, so they don't reveal which addresses
//! have one. The key doesn't contain the address.

use jiff::Timestamp;

use crate::app::identity::keys::Purpose;
use crate::app::{App, Error};
use crate::domain::accounts::credentials::Credentials;
use crate::domain::accounts::password::PasswordHash;
use crate::domain::accounts::preferences::Preferences;
use crate::domain::{Account, AccountId, DisplayName, Email, Refusal, Zone};
use crate::store::tables::schema::TokenHash;

/// Stored with the count of wrong verification codes for an address.
pub(super) const WRONG_CODES: &str = "digits";

/// A keyed hash of an address.
#[derive(Debug, Clone, Copy)]
pub(super) struct AddressKey(TokenHash);

impl AddressKey {
    pub(super) fn hash(self) -> TokenHash {
        self.0
    }

    /// Stands in for the id of an account in tables that are keyed by one. No account has it.
    pub(super) fn stand_in(self) -> AccountId {
        stand_in(&self.0)
    }

    /// An account for an address that has none, to rehearse with
    /// ([`WriteTxn::rehearse`](crate::store::WriteTxn::rehearse)) what a request would do for one.
    pub(super) fn stand_in_account(self, email: Email, now: Timestamp) -> Result<Account, Error> {
        let name = DisplayName::parse("Stand-in").map_err(|error| Refusal::InvalidFields(vec![error]))?;
        // As long as any hash.
        let password = PasswordHash("$".repeat(97));
        let credentials = Credentials { name, password, zone: Zone::UTC };
        Ok(Account::new(self.stand_in(), email, credentials, Preferences::default(), Some(now), now))
    }
}

/// Stands in for the id of an account; see [`AddressKey::stand_in`].
pub(super) fn stand_in(hash: &TokenHash) -> AccountId {
    AccountId::from_bytes(hash.first_chunk().copied().unwrap_or_default())
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
