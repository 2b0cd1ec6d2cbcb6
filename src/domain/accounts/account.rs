//! A user's account, and the limits on mail to its address.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::domain::accounts::attempts::is_recent;
use crate::domain::accounts::credentials::Credentials;
use crate::domain::accounts::link::{RESET_LIFETIME, VERIFICATION_LIFETIME};
use crate::domain::accounts::preferences::Preferences;
use crate::domain::accounts::two_factor::{Enrollment, TwoFactor};
use crate::domain::mail::RETENTION;
use crate::domain::recorded::known_or_default;
use crate::domain::{AccountId, Email, Pauses, Zone};

/// A user's account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    pub id: AccountId,
    pub email: Email,
    pub credentials: Credentials,
    /// When the address was confirmed. Nobody can sign in before.
    pub verified_at: Option<Timestamp>,
    pub created_at: Timestamp,
    #[serde(default)]
    pub preferences: Preferences,
    /// When all habits are paused.
    #[serde(default, skip_serializing_if = "Pauses::is_empty", deserialize_with = "known_or_default")]
    pub pauses: Pauses,
    /// When an admin disabled the account. Nobody can sign in to it until it is enabled again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disabled_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub two_factor: Option<TwoFactor>,
    /// Two-factor authentication whose first code has not been entered yet.
    #[serde(rename = "enrolment", default, skip_serializing_if = "Option::is_none")]
    pub enrollment: Option<Enrollment>,
    /// The only valid link to replace a forgotten password.
    #[serde(rename = "reset", default, skip_serializing_if = "Option::is_none")]
    pub password_reset: Option<PasswordReset>,
    /// The address that replaces the current one once it is confirmed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new_address: Option<NewAddress>,
    /// Other addresses to which mail of this account went within the retention period: former and requested ones. Mail to them
    /// is deleted with the account.
    #[serde(rename = "mailed_elsewhere", default, skip_serializing_if = "Vec::is_empty")]
    pub mailed_addresses: Vec<MailedAddress>,
    /// The times of mail to new addresses of this account within the last hour.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub new_address_mailed_at: Vec<Timestamp>,
}

/// A mailed link to replace a forgotten password.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PasswordReset {
    /// The keyed hash of its token.
    pub token: [u8; 32],
    pub created_at: Timestamp,
}

impl PasswordReset {
    /// When the link stops working.
    pub fn expires_at(&self) -> Timestamp {
        self.created_at.checked_add(RESET_LIFETIME).unwrap_or(Timestamp::MAX)
    }
}

/// A new address that is not confirmed yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewAddress {
    pub email: Email,
    /// The keyed hash of the token that was mailed to it.
    pub token: [u8; 32],
    pub created_at: Timestamp,
}

impl NewAddress {
    /// When the link stops working.
    pub fn expires_at(&self) -> Timestamp {
        self.created_at.checked_add(VERIFICATION_LIFETIME).unwrap_or(Timestamp::MAX)
    }
}

/// An address other than the account's current one to which a mail of the account went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailedAddress {
    pub email: Email,
    /// The time of the last mail.
    pub at: Timestamp,
}

/// The most other addresses remembered for an account; the oldest is dropped for a new one.
const MAX_MAILED_ADDRESSES: usize = 64;

/// The most mails to new addresses that one account can cause within an hour. Each recipient has a limit, too.
const MAX_NEW_ADDRESS_MAILS_PER_HOUR: usize = 6;

const HOUR: SignedDuration = SignedDuration::from_hours(1);

impl Account {
    /// A new account.
    pub fn new(
        id: AccountId,
        email: Email,
        credentials: Credentials,
        preferences: Preferences,
        verified_at: Option<Timestamp>,
        now: Timestamp,
    ) -> Self {
        Self {
            id,
            email,
            credentials,
            verified_at,
            created_at: now,
            preferences,
            pauses: Pauses::default(),
            disabled_at: None,
            two_factor: None,
            enrollment: None,
            password_reset: None,
            new_address: None,
            mailed_addresses: Vec::new(),
            new_address_mailed_at: Vec::new(),
        }
    }

    /// The time zone that decides when the user's days begin and end.
    pub fn zone(&self) -> &Zone {
        &self.credentials.zone
    }

    /// The new address that the person can still confirm.
    pub fn waiting_email(&self, now: Timestamp) -> Option<&Email> {
        self.new_address.as_ref().filter(|waiting| now < waiting.expires_at()).map(|waiting| &waiting.email)
    }

    /// Records a mail to a new address at `now` and returns true, unless the last hour's mails have reached the limit.
    pub fn try_record_new_address_mail(&mut self, now: Timestamp) -> bool {
        self.new_address_mailed_at.retain(|at| is_recent(*at, now, HOUR));
        let allowed = self.new_address_mailed_at.len() < MAX_NEW_ADDRESS_MAILS_PER_HOUR;
        if allowed {
            self.new_address_mailed_at.push(now);
        }
        allowed
    }

    /// Records a mail of this account to `email` at `now`, and forgets addresses whose mail is past its retention.
    pub fn record_mailed_address(&mut self, email: Email, now: Timestamp) {
        self.mailed_addresses.retain(|other| other.email != email && now.duration_since(other.at) <= RETENTION);
        let surplus = (self.mailed_addresses.len() + 1).saturating_sub(MAX_MAILED_ADDRESSES);
        self.mailed_addresses.drain(..surplus);
        self.mailed_addresses.push(MailedAddress { email, at: now });
    }

    /// The user's display name.
    pub fn name(&self) -> &str {
        self.credentials.name.as_str()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::accounts::password::PasswordHash;
    use crate::domain::{DisplayName, Zone};

    #[test]
    fn other_addresses_are_kept_once_each_up_to_a_limit_until_the_retention_ends() {
        let at = |hours: i64| Timestamp::UNIX_EPOCH + SignedDuration::from_hours(hours);
        let email = |n: usize| Email::parse(&format!("a{n}@example.com")).unwrap();
        let name = DisplayName::parse("Ada").unwrap();
        let credentials = Credentials { name, password: PasswordHash(String::new()), zone: Zone::UTC };
        let id = crate::domain::AccountId::generate(at(0), [0; 10]);
        let mut account = Account::new(id, email(0), credentials, Preferences::default(), None, at(0));
        for (n, hours) in [(1, 0), (2, 1), (1, 2)] {
            account.record_mailed_address(email(n), at(hours));
        }
        let known = |account: &Account| -> Vec<Email> {
            account.mailed_addresses.iter().map(|other| other.email.clone()).collect()
        };
        assert_eq!(known(&account), [email(2), email(1)]);
        account.record_mailed_address(email(3), at(30 * 24 + 2));
        assert_eq!(known(&account), [email(1), email(3)]);
        for n in 10..110 {
            account.record_mailed_address(email(n), at(30 * 24 + 3));
        }
        assert_eq!((account.mailed_addresses.len(), known(&account).last()), (MAX_MAILED_ADDRESSES, Some(&email(109))));
    }
}
