//! A person's account.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::credentials::Credentials;
use super::link::{RESET_LIFE, VERIFICATION_LIFE};
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

/// Whether another mail may go out at `now` after those of the last hour; if so, it is counted.
fn count(mailed_at: &mut Vec<Timestamp>, now: Timestamp) -> bool {
    mailed_at.retain(|at| now.duration_since(*at) < HOUR);
    let allowed = mailed_at.len() < MOST_MAILS_AN_HOUR;
    if allowed {
        mailed_at.push(now);
    }
    allowed
}

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

    /// Whether the owner may be told at `now` that somebody signed up with the address again; if so, it is noted.
    pub fn count_notice(&mut self, now: Timestamp) -> bool {
        let recent = self.noticed_at.is_some_and(|at| now.duration_since(at) < HOUR);
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
