//! A mail in the outbox: saved in the same transaction as its cause, sent afterwards.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Email, MailId};

/// What a mail says, in both parts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Letter {
    /// The subject line, environment prefix included.
    pub subject: String,
    /// Plain text.
    pub text: String,
    /// The same as HTML.
    pub html: String,
}

/// The secret that a mail carries, by the hash it is found under. When it stops working, the mail says nothing any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Carries {
    /// A link and digits that confirm the address of a sign-up.
    Verification([u8; 32]),
    /// A link that replaces a forgotten password.
    Reset([u8; 32]),
    /// A link that puts another address in force.
    NewAddress([u8; 32]),
}

/// Where a mail stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", tag = "state")]
pub enum Standing {
    /// To be sent at `due`, after `attempts` tries that failed.
    Waiting {
        /// When to try next.
        due: Timestamp,
        /// Failed tries so far.
        attempts: u32,
        /// Whether it waits for somebody to mend the settings of the relay.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        held: bool,
    },
    /// Kept for reading here instead of being sent.
    Captured,
    /// The relay took it.
    Sent {
        /// When.
        at: Timestamp,
    },
    /// Given up.
    Failed {
        /// When.
        at: Timestamp,
        /// In the operator's words.
        why: String,
    },
}

impl Standing {
    /// Every word of [`Self::word`].
    pub const WORDS: [&str; 4] = ["waiting", "sent", "captured", "failed"];

    /// To be sent at once, as if it had never been tried.
    pub fn due_at(due: Timestamp) -> Self {
        Self::Waiting { due, attempts: 0, held: false }
    }

    /// As it is stored and filtered by.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Waiting { .. } => "waiting",
            Self::Captured => "captured",
            Self::Sent { .. } => "sent",
            Self::Failed { .. } => "failed",
        }
    }
}

/// One mail to one person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mail {
    /// Its id; also what Resend knows it by, so a retry is never a second mail.
    pub id: MailId,
    /// Its Message-ID without the brackets, the same for every try; `None` in what was written by older versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message_id: Option<String>,
    /// Whom it goes to.
    pub to: Email,
    /// Its subject, which stays when the rest is emptied.
    #[serde(default)]
    pub subject: String,
    /// What it says. Emptied once it was sent or says nothing any more: a link in it is a secret.
    pub letter: Option<Letter>,
    /// The secret in it, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carries: Option<Carries>,
    /// What the relay said last, or why it could not be asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<String>,
    /// When it was written.
    pub created_at: Timestamp,
    /// When what it says stops being true; it is not sent after that.
    pub expires_at: Timestamp,
    /// Where it stands.
    #[serde(flatten)]
    pub standing: Standing,
}

/// How long mail that was sent, captured or given up can still be looked at.
pub const KEPT_FOR: SignedDuration = SignedDuration::from_hours(30 * 24);

impl Mail {
    /// The same mail about a link that may stop working before its time.
    pub fn carrying(self, carries: Carries) -> Self {
        Self { carries: Some(carries), ..self }
    }

    /// The same mail, given up for good: what it says is forgotten.
    pub fn over(self, at: Timestamp, why: &str) -> Self {
        Self { letter: None, standing: Standing::Failed { at, why: why.to_owned() }, ..self }
    }

    /// Whether a mail that was given up still has a text that is no longer true at `now`.
    pub fn is_stale(&self, now: Timestamp) -> bool {
        matches!(self.standing, Standing::Failed { .. }) && self.letter.is_some() && self.expires_at <= now
    }

    /// Whether it neither waits nor is looked at any more at `now`.
    pub fn is_over(&self, now: Timestamp) -> bool {
        !matches!(self.standing, Standing::Waiting { .. }) && now.duration_since(self.created_at) > KEPT_FOR
    }
}

/// The pause before the next try: 10 s, doubled each time up to an hour, stretched by up to a quarter so that
/// mails that failed together do not return together.
///
/// `jitter` is any random number. RFC 5321 §4.5.4.1 asks for a queue with growing delays.
pub fn pause_before_retry(attempts: u32, jitter: u32) -> SignedDuration {
    let seconds = (10_i64 << attempts.min(9)).min(3_600);
    SignedDuration::from_millis(seconds * 1_000 + seconds * 250 * i64::from(jitter % 1_000) / 1_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mail_that_an_older_version_stored_is_read() {
        for (standing, word) in [
            (r#""state":"waiting","due":"2026-02-12T12:00:00Z","attempts":2"#, "waiting"),
            (r#""state":"captured""#, "captured"),
            (r#""state":"sent","at":"2026-02-12T12:00:00Z""#, "sent"),
            (r#""state":"failed","at":"2026-02-12T12:00:00Z","why":"550""#, "failed"),
        ] {
            let stored = format!(
                r#"{{"id":"0190c7a0-0000-7000-8000-000000000000","to":"ada@example.com","letter":null,
                "created_at":"2026-02-12T12:00:00Z","expires_at":"2026-02-13T12:00:00Z",{standing}}}"#
            );
            let mail: Mail = serde_json::from_str(&stored).unwrap();
            assert_eq!(mail.standing.word(), word);
            assert_eq!((mail.message_id.as_ref(), mail.carries, mail.subject.as_str()), (None, None, ""));
            let again: Mail = serde_json::from_str(&serde_json::to_string(&mail).unwrap()).unwrap();
            assert_eq!(again, mail);
        }
    }

    #[test]
    fn pauses_grow_and_stay_within_the_hour_and_a_quarter() {
        assert_eq!(pause_before_retry(0, 0), SignedDuration::from_secs(10));
        assert_eq!(pause_before_retry(3, 0), SignedDuration::from_secs(80));
        assert!(pause_before_retry(u32::MAX, u32::MAX) <= SignedDuration::from_mins(75));
    }
}
