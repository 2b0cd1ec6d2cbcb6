//! How it stands with the relay, as far as the last tries tell. Kept in memory: a server that starts finds it out anew.

use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};

use super::App;
use crate::mail::{Fault, Trouble, Verdict};
use crate::store::outbox;

/// While the settings are wrong, the relay is tried this often: sooner mends nothing, and may lock the account there.
pub const FAULT_PAUSE: SignedDuration = SignedDuration::from_mins(15);

/// How it stands with the relay.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Relaying {
    /// It was not tried yet, or there is none.
    #[default]
    Untried,
    /// It took us in when it was last tried.
    Works {
        /// Since when.
        since: Timestamp,
    },
    /// It could not be reached, or did not want to be just then.
    Away {
        /// Since when.
        since: Timestamp,
        /// What happened last.
        why: String,
    },
    /// Its settings are wrong: no mail leaves until somebody mends them.
    Faulty {
        /// Since when.
        since: Timestamp,
        /// What is wrong.
        fault: Fault,
        /// What happened last, with what the relay said.
        why: String,
        /// When it is tried again.
        retry_at: Timestamp,
    },
}

impl Relaying {
    /// As it stands in JSON.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Untried => "untried",
            Self::Works { .. } => "works",
            Self::Away { .. } => "away",
            Self::Faulty { .. } => "faulty",
        }
    }

    /// Since when it is so.
    pub fn since(&self) -> Option<Timestamp> {
        match self {
            Self::Untried => None,
            Self::Works { since } | Self::Away { since, .. } | Self::Faulty { since, .. } => Some(*since),
        }
    }

    /// What happened last, when it does not work.
    pub fn why(&self) -> Option<&str> {
        match self {
            Self::Untried | Self::Works { .. } => None,
            Self::Away { why, .. } | Self::Faulty { why, .. } => Some(why),
        }
    }

    /// What somebody has to mend.
    pub fn fault(&self) -> Option<Fault> {
        match self {
            Self::Faulty { fault, .. } => Some(*fault),
            _ => None,
        }
    }
}

/// The place where it is kept.
#[derive(Debug, Default)]
pub(super) struct Watch(Mutex<Relaying>);

impl Watch {
    pub(super) fn now(&self) -> Relaying {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// It works. Answers whether it had been faulty.
    pub(super) fn works(&self, now: Timestamp) -> bool {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let was_faulty = state.fault().is_some();
        if !matches!(*state, Relaying::Works { .. }) {
            *state = Relaying::Works { since: now };
        }
        was_faulty
    }

    /// It does not work. Answers when a relay whose settings are wrong is tried again.
    pub(super) fn fails(&self, trouble: &Trouble, now: Timestamp) -> Option<Timestamp> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let why = trouble.to_string();
        let Verdict::Mend(fault) = trouble.verdict else {
            let since = if let Relaying::Away { since, .. } = *state { since } else { now };
            *state = Relaying::Away { since, why };
            return None;
        };
        let since = if let Relaying::Faulty { since, .. } = *state { since } else { now };
        let retry_at = now.checked_add(FAULT_PAUSE).unwrap_or(Timestamp::MAX);
        *state = Relaying::Faulty { since, fault, why, retry_at };
        Some(retry_at)
    }

    /// Until when nothing is tried, because the settings are wrong.
    pub(super) fn held_until(&self, now: Timestamp) -> Option<Timestamp> {
        match self.now() {
            Relaying::Faulty { retry_at, .. } if retry_at > now => Some(retry_at),
            _ => None,
        }
    }

    /// Somebody wants it tried at once.
    pub(super) fn hurry(&self, now: Timestamp) {
        if let Relaying::Faulty { retry_at, .. } = &mut *self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            *retry_at = now;
        }
    }
}

/// How it stands with the relay and with what waits for it.
#[derive(Debug, Clone)]
pub struct MailHealth {
    /// Whether mail may leave this environment at all.
    pub leaves: bool,
    /// How it stands with the relay.
    pub relaying: Relaying,
    /// Mail that waits.
    pub waiting: usize,
    /// When the oldest of it was written.
    pub oldest: Option<Timestamp>,
}

impl MailHealth {
    /// What an admin must know, in one sentence.
    pub fn alert(&self) -> Option<String> {
        let fault = self.relaying.fault()?;
        let why = self.relaying.why().unwrap_or_default();
        Some(format!("Mail does not leave: {fault} ({why}). It is kept and tried again every 15 minutes."))
    }
}

/// Most waiting mail that is looked at; more is as bad.
const LOOKED_AT: usize = 10_000;

/// How it stands with the relay and with what waits for it. A file that cannot be read has nothing waiting.
pub fn health(app: &App) -> MailHealth {
    let (waiting, oldest) = app.store.read(|view| outbox::depth(view, LOOKED_AT)).unwrap_or_default();
    MailHealth {
        leaves: app.mail.lets_mail_out(),
        relaying: app.relaying.now(),
        waiting,
        oldest: oldest.map(|mail| mail.created_at),
    }
}
