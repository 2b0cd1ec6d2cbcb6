//! A mail in the outbox. It is saved in the transaction of its cause and sent afterwards.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::recorded::known_or_default;
use super::{Email, MailId};

/// The content of a mail: subject, plain text and HTML.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageBody {
    /// The subject line, with the environment's prefix.
    pub subject: String,
    pub text: String,
    pub html: String,
}

/// The token in a mail, as the keyed hash under which it is found. Once the token stops working, the mail is of no use and is
/// not sent any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenRef {
    /// A link and a code that confirm the address of a sign-up.
    Verification([u8; 32]),
    /// A link that replaces a forgotten password.
    Reset([u8; 32]),
    /// A link that confirms a new address of an account.
    NewAddress([u8; 32]),
}

/// The delivery status of a mail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", tag = "state")]
pub enum DeliveryStatus {
    /// To be sent at `due`, after `attempts` failed attempts.
    Waiting {
        due: Timestamp,
        attempts: u32,
        /// Whether it waits until an operator fixes the relay's settings.
        #[serde(rename = "held", default, skip_serializing_if = "std::ops::Not::not")]
        deferred: bool,
    },
    /// Not sent: stored so that it can be read in the browser or terminal.
    Captured,
    /// Accepted by the relay.
    Sent { at: Timestamp },
    /// Never to be sent.
    Failed {
        at: Timestamp,
        /// The reason, worded for the operator.
        #[serde(rename = "why")]
        reason: String,
    },
    /// Written by a newer version. It is stored again as it was read, and nothing is sent.
    #[serde(untagged)]
    Unknown(serde_json::Map<String, serde_json::Value>),
}

impl DeliveryStatus {
    /// Every value of [`Self::as_str`] that this version writes.
    pub const NAMES: [&str; 4] = ["waiting", "sent", "captured", "failed"];

    /// Waiting until `due`, without a failed attempt.
    pub fn queued(due: Timestamp) -> Self {
        Self::Waiting { due, attempts: 0, deferred: false }
    }

    /// The name by which mail is stored and filtered.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Waiting { .. } => "waiting",
            Self::Captured => "captured",
            Self::Sent { .. } => "sent",
            Self::Failed { .. } => "failed",
            Self::Unknown(_) => "unknown",
        }
    }
}

/// A mail to one recipient.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mail {
    /// Also sent to Resend as the idempotency key, so that a retry is never a second mail.
    pub id: MailId,
    /// The Message-ID without the angle brackets, the same for every attempt. `None` in rows of older versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message_id: Option<String>,
    pub to: Email,
    /// Stays when the body is removed.
    #[serde(default)]
    pub subject: String,
    /// SECURITY: a link in it is a secret, so it is removed once the mail was sent or has expired.
    #[serde(rename = "letter")]
    pub body: Option<MessageBody>,
    #[serde(
        rename = "carries",
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "known_or_default"
    )]
    pub token: Option<TokenRef>,
    /// The relay's last reply, or why it could not be reached.
    #[serde(rename = "answer", default, skip_serializing_if = "Option::is_none")]
    pub reply: Option<String>,
    pub created_at: Timestamp,
    /// When its content stops being true. It is not sent after that.
    pub expires_at: Timestamp,
    #[serde(flatten)]
    pub status: DeliveryStatus,
}

/// How long mail that was sent, captured or failed is kept.
pub const RETENTION: SignedDuration = SignedDuration::from_hours(30 * 24);

impl Mail {
    /// Ties the mail to a token, which may stop working before the mail expires.
    pub fn with_token(self, token: TokenRef) -> Self {
        Self { token: Some(token), ..self }
    }

    /// Whether it waits and an attempt is due at `now`: at its due time, or when that is further away than any pause after this
    /// many attempts, because the clock was set back.
    pub fn is_due(&self, now: Timestamp) -> bool {
        let DeliveryStatus::Waiting { due, attempts, deferred } = self.status else { return false };
        let longest = match attempts.checked_sub(1) {
            _ if deferred => DEFERRED_PAUSE,
            None => SignedDuration::ZERO,
            Some(before) => retry_delay(before, MAX_JITTER).max(lost_reply_delay(before, MAX_JITTER)),
        };
        due <= now || due.duration_since(now) > longest
    }

    /// Marks the mail as failed and removes its body.
    pub fn into_failed(self, at: Timestamp, reason: &str) -> Self {
        Self { body: None, status: DeliveryStatus::Failed { at, reason: reason.to_owned() }, ..self }
    }

    /// Whether a failed mail has a body that is no longer true at `now`.
    pub fn has_expired_body(&self, now: Timestamp) -> bool {
        matches!(self.status, DeliveryStatus::Failed { .. }) && self.body.is_some() && self.expires_at <= now
    }

    /// Whether it is no longer waiting and older than [`RETENTION`].
    pub fn is_past_retention(&self, now: Timestamp) -> bool {
        !matches!(self.status, DeliveryStatus::Waiting { .. }) && now.duration_since(self.created_at) > RETENTION
    }
}

/// The random number with which a delay is longest.
const MAX_JITTER: u32 = 999;
/// The longest delay before an attempt, without the jitter.
const MAX_RETRY_SECONDS: i64 = 3_600;
/// No mail waits longer than this for its next attempt.
pub const MAX_PAUSE: SignedDuration = SignedDuration::from_secs(MAX_RETRY_SECONDS + MAX_RETRY_SECONDS / 4);
/// How long mail that is deferred waits for the next attempt: trying more often fixes nothing and may lock the account at the
/// relay.
pub const DEFERRED_PAUSE: SignedDuration = SignedDuration::from_mins(15);

/// The delay before the next attempt: 10 s, doubled with each failed attempt up to an hour, plus up to a quarter, so that mails
/// that failed together are not retried together.
///
/// `jitter` is any random number. RFC 5321 §4.5.4.1 asks for growing delays.
pub fn retry_delay(attempts: u32, jitter: u32) -> SignedDuration {
    with_jitter(10_i64 << attempts.min(9), jitter)
}

/// The same after an attempt whose result is unknown, because the connection was lost after the message was sent. The recipient
/// may have the mail already, so the delay begins with a quarter of an hour: a link that works for half an hour is still sent
/// again if the mail was lost.
pub fn lost_reply_delay(attempts: u32, jitter: u32) -> SignedDuration {
    with_jitter(900_i64 << attempts.min(2), jitter)
}

fn with_jitter(seconds: i64, jitter: u32) -> SignedDuration {
    let seconds = seconds.min(MAX_RETRY_SECONDS);
    SignedDuration::from_millis(seconds * 1_000 + seconds * 250 * i64::from(jitter % 1_000) / 1_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mail_stored_by_an_older_version_is_read() {
        for (status, name) in [
            (r#""state":"waiting","due":"2026-02-12T12:00:00Z","attempts":2"#, "waiting"),
            (r#""state":"captured""#, "captured"),
            (r#""state":"sent","at":"2026-02-12T12:00:00Z""#, "sent"),
            (r#""state":"failed","at":"2026-02-12T12:00:00Z","why":"550""#, "failed"),
        ] {
            let stored = format!(
                r#"{{"id":"0190c7a0-0000-7000-8000-000000000000","to":"ada@example.com","letter":null,
                "created_at":"2026-02-12T12:00:00Z","expires_at":"2026-02-13T12:00:00Z",{status}}}"#
            );
            let mail: Mail = serde_json::from_str(&stored).unwrap();
            assert_eq!(mail.status.as_str(), name);
            assert_eq!((mail.message_id.as_ref(), mail.token, mail.subject.as_str()), (None, None, ""));
            let again: Mail = serde_json::from_str(&serde_json::to_string(&mail).unwrap()).unwrap();
            assert_eq!(again, mail);
        }
    }

    #[test]
    fn retry_delays_grow_up_to_an_hour_and_a_quarter() {
        assert_eq!(retry_delay(0, 0), SignedDuration::from_secs(10));
        assert_eq!(retry_delay(3, 0), SignedDuration::from_secs(80));
        assert!((0..=999).all(|jitter| retry_delay(u32::MAX, jitter) <= MAX_PAUSE));
    }

    #[test]
    fn after_a_lost_reply_the_next_attempt_is_a_quarter_of_an_hour_away_or_more() {
        assert_eq!(lost_reply_delay(0, 0), SignedDuration::from_mins(15));
        assert_eq!(lost_reply_delay(1, 0), SignedDuration::from_mins(30));
        assert!((0..=999).all(|jitter| lost_reply_delay(u32::MAX, jitter) <= MAX_PAUSE));
    }

    #[test]
    fn a_due_time_further_away_than_the_pause_it_comes_from_is_now() {
        let now: Timestamp = "2026-02-12T12:00:00Z".parse().unwrap();
        let is_due = |pause: SignedDuration, attempts, deferred| {
            let status = DeliveryStatus::Waiting { due: now + pause, attempts, deferred };
            waiting_mail(now, status).is_due(now)
        };
        let second = SignedDuration::from_secs(1);
        assert!(is_due(-second, 3, false) && is_due(SignedDuration::ZERO, 0, false));
        assert!(is_due(second, 0, false), "a new mail waits for nothing");
        for attempts in 1..20 {
            for pause in [retry_delay(attempts - 1, 999), lost_reply_delay(attempts - 1, 999)] {
                assert!(!is_due(pause, attempts, false), "{attempts}: {pause}");
            }
            assert!(is_due(SignedDuration::from_hours(2), attempts, false), "{attempts}");
        }
        assert!(!is_due(DEFERRED_PAUSE, 0, true) && is_due(DEFERRED_PAUSE + second, 0, true));
    }

    fn waiting_mail(now: Timestamp, status: DeliveryStatus) -> Mail {
        Mail {
            id: MailId::generate(now, [0; 10]),
            message_id: None,
            to: Email::parse("ada@example.com").unwrap(),
            subject: String::new(),
            body: None,
            token: None,
            reply: None,
            created_at: now,
            expires_at: now,
            status,
        }
    }
}
