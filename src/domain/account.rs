//! A person's account.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::attempts::is_recent;
use super::credentials::Credentials;
use super::link::{RESET_LIFE, VERIFICATION_LIFE};
use super::mail::KEPT_FOR;
use super::preferences::Preferences;
use super::two_factor::{Enrolment, TwoFactor};
use super::{AccountId, Email, Zone};

/// One person's account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Its id.
    pub id: AccountId,
    /// The address mail goes to.
    pub email: Email,
    /// Name, password and zone.
    pub credentials: Credentials,
    /// When the address was confirmed; nobody signs in before.
    pub verified_at: Option<Timestamp>,
    /// When the account was made.
    pub created_at: Timestamp,
    /// How the person likes Atlas.
    #[serde(default)]
    pub preferences: Preferences,
    /// When an admin switched it off; nobody signs in with it until it is switched on again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disabled_at: Option<Timestamp>,
    /// The second factor, when it is on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub two_factor: Option<TwoFactor>,
    /// A second factor that waits for its first code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enrolment: Option<Enrolment>,
    /// The one link that lets a forgotten password be replaced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reset: Option<Reset>,
    /// The one address that waits to take the present one's place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new_address: Option<NewAddress>,
    /// Other addresses that mail of this account went to lately: former ones, and those that were asked for. Mail that is still
    /// kept there goes with the account.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mailed_elsewhere: Vec<Elsewhere>,
    /// When the owner was last told that somebody signed up with this address again.
    #[serde(default)]
    pub noticed_at: Option<Timestamp>,
    /// When mail about signing up went to the address, as far as the last hour goes.
    #[serde(default)]
    pub mailed_at: Vec<Timestamp>,
    /// The same for forgotten passwords: whoever signs up with somebody's address takes no reset from its owner.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reset_mailed_at: Vec<Timestamp>,
    /// The same for links to new addresses that this person asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub new_address_mailed_at: Vec<Timestamp>,
}

/// A link for a forgotten password that was mailed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reset {
    /// The keyed hash of its token.
    pub token: [u8; 32],
    /// When it was mailed.
    pub created_at: Timestamp,
}

impl Reset {
    /// When it stops working.
    pub fn expires_at(&self) -> Timestamp {
        self.created_at.checked_add(RESET_LIFE).unwrap_or(Timestamp::MAX)
    }
}

impl NewAddress {
    /// When its link stops working.
    pub fn expires_at(&self) -> Timestamp {
        self.created_at.checked_add(VERIFICATION_LIFE).unwrap_or(Timestamp::MAX)
    }
}

/// An address that waits for its link to be opened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewAddress {
    /// The address.
    pub email: Email,
    /// The keyed hash of the token that was mailed there.
    pub token: [u8; 32],
    /// When.
    pub created_at: Timestamp,
}

/// Another address than the account's own that a mail of it went to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Elsewhere {
    /// The address.
    pub email: Email,
    /// When the last mail went there.
    pub at: Timestamp,
}

/// Whether another mail may go out at `now` after those of the last hour; if so, it is counted.
fn count(mailed_at: &mut Vec<Timestamp>, now: Timestamp) -> bool {
    mailed_at.retain(|at| is_recent(*at, now, HOUR));
    let allowed = mailed_at.len() < MOST_MAILS_AN_HOUR;
    if allowed {
        mailed_at.push(now);
    }
    allowed
}

/// Most other addresses remembered; whoever asks for more loses the oldest.
const MOST_ELSEWHERE: usize = 64;

/// Most mails of one kind that an address gets within an hour, whoever asks for them.
pub const MOST_MAILS_AN_HOUR: usize = 6;

const HOUR: SignedDuration = SignedDuration::from_hours(1);

impl Account {
    /// An account as it begins.
    pub fn new(
        id: AccountId,
        email: Email,
        credentials: Credentials,
        verified_at: Option<Timestamp>,
        now: Timestamp,
    ) -> Self {
        Self {
            id,
            email,
            credentials,
            verified_at,
            created_at: now,
            preferences: Preferences::default(),
            disabled_at: None,
            two_factor: None,
            enrolment: None,
            reset: None,
            new_address: None,
            mailed_elsewhere: Vec::new(),
            noticed_at: None,
            mailed_at: Vec::new(),
            reset_mailed_at: Vec::new(),
            new_address_mailed_at: Vec::new(),
        }
    }

    /// Where this person's days begin and end.
    pub fn zone(&self) -> &Zone {
        &self.credentials.zone
    }

    /// Whether another mail about signing up may go out at `now`; if so, it is counted.
    pub fn count_mail(&mut self, now: Timestamp) -> bool {
        count(&mut self.mailed_at, now)
    }

    /// Whether another link to a new address may be mailed at `now`; if so, it is counted.
    pub fn count_new_address(&mut self, now: Timestamp) -> bool {
        count(&mut self.new_address_mailed_at, now)
    }

    /// Whether another mail about a forgotten password may go out at `now`; if so, it is counted.
    pub fn count_reset(&mut self, now: Timestamp) -> bool {
        count(&mut self.reset_mailed_at, now)
    }

    /// Remembers that a mail of this account goes to `email` at `now`, and forgets addresses whose mail is kept no longer.
    pub fn mails_elsewhere(&mut self, email: Email, now: Timestamp) {
        self.mailed_elsewhere.retain(|other| other.email != email && now.duration_since(other.at) <= KEPT_FOR);
        let surplus = (self.mailed_elsewhere.len() + 1).saturating_sub(MOST_ELSEWHERE);
        self.mailed_elsewhere.drain(..surplus);
        self.mailed_elsewhere.push(Elsewhere { email, at: now });
    }

    /// Whether the owner may be told at `now` that somebody signed up with the address again; if so, it is noted.
    pub fn count_notice(&mut self, now: Timestamp) -> bool {
        let recent = self.noticed_at.is_some_and(|at| is_recent(at, now, HOUR));
        if !recent {
            self.noticed_at = Some(now);
        }
        !recent
    }

    /// What to call the person.
    pub fn name(&self) -> &str {
        self.credentials.name.as_str()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::password::PasswordHash;
    use crate::domain::{DisplayName, Zone};

    #[test]
    fn other_addresses_are_remembered_once_each_for_as_long_as_mail_is_kept_and_in_bounded_room() {
        let at = |hours: i64| Timestamp::UNIX_EPOCH + SignedDuration::from_hours(hours);
        let email = |n: usize| Email::parse(&format!("a{n}@example.com")).unwrap();
        let name = DisplayName::parse("Ada").unwrap();
        let credentials = Credentials { name, password: PasswordHash(String::new()), zone: Zone::UTC };
        let id = crate::domain::AccountId::mint(at(0), [0; 10]);
        let mut account = Account::new(id, email(0), credentials, None, at(0));
        for (n, hours) in [(1, 0), (2, 1), (1, 2)] {
            account.mails_elsewhere(email(n), at(hours));
        }
        let known = |account: &Account| -> Vec<Email> {
            account.mailed_elsewhere.iter().map(|other| other.email.clone()).collect()
        };
        assert_eq!(known(&account), [email(2), email(1)]);
        account.mails_elsewhere(email(3), at(30 * 24 + 2));
        assert_eq!(known(&account), [email(1), email(3)]);
        for n in 10..110 {
            account.mails_elsewhere(email(n), at(30 * 24 + 3));
        }
        assert_eq!((account.mailed_elsewhere.len(), known(&account).last()), (MOST_ELSEWHERE, Some(&email(109))));
    }
}
