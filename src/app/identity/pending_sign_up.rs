//! The newest sign-up of every address, which decides who is told to confirm an address first.
//!
//! The rule: for [`PENDING_LIFETIME`] after a sign-up, its password is answered with "confirm your email first", until a newer
//! sign-up with the address replaces it or its own link confirms it. A sign-up with the address of an account is stored
//! here like any other, although it leads nowhere.
//!
//! SECURITY: a sign-in looks for nothing else before it gives that answer. So a client that signs up with an address and
//! then tries to sign in gets the same answers whether or not an account has the address, before and after its owner
//! confirms it, changes the password, moves to another address, or deletes the account.

use jiff::Timestamp;

use crate::app::Error;
use crate::app::identity::address_key::AddressKey;
use crate::domain::accounts::attempts::is_recent;
use crate::domain::accounts::credentials::Credentials;
use crate::domain::accounts::link::{EmailLink, PENDING_LIFETIME};
use crate::domain::accounts::password::PasswordHash;
use crate::store::tables::{attempts, links};
use crate::store::{Reader, WriteTxn};

/// Stores the newest sign-up of an address: as a link whose token nobody has.
pub(super) fn record(txn: &mut WriteTxn<'_, '_>, address: AddressKey, credentials: &Credentials, now: Timestamp) {
    let credentials = credentials.clone();
    let link = EmailLink {
        account: address.stand_in(),
        credentials,
        code: None,
        browser: None,
        created_at: now,
        used_at: None,
    };
    links::put(txn, &address.hash(), &link);
}

/// The password of the newest sign-up of an address.
pub(super) fn find(txn: &impl Reader, address: AddressKey, now: Timestamp) -> Result<Option<PasswordHash>, Error> {
    let link = links::find_link(txn, &address.hash())?.filter(|link| is_recent(link.created_at, now, PENDING_LIFETIME));
    Ok(link.map(|link| link.credentials.password))
}

/// Forgets the newest sign-up of an address if it is the one with this password, e.g. because it was confirmed.
pub(super) fn forget(
    txn: &mut WriteTxn<'_, '_>,
    address: AddressKey,
    confirmed: &PasswordHash,
    now: Timestamp,
) -> Result<(), Error> {
    if find(txn, address, now)?.as_ref() == Some(confirmed) {
        links::remove(txn, &address.hash(), address.stand_in());
    }
    Ok(())
}

/// Removes everything that is stored under the key of an address.
pub(super) fn forget_address(txn: &mut WriteTxn<'_, '_>, address: AddressKey) -> Result<(), Error> {
    links::remove(txn, &address.hash(), address.stand_in());
    Ok(attempts::remove_all(txn, address.stand_in())?)
}
