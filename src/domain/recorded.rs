//! Stored values that a newer version may have written before an operator rolled back to this one. A name that this version
//! doesn't know must not make the row around it unreadable.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

/// A value of a log, which keeps what it can't interpret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Recorded<T> {
    Known(T),
    /// Written by a newer version. It is stored again as it was read.
    Unknown(Value),
}

impl<T: Copy> Recorded<T> {
    /// The value, if this version knows it.
    pub fn known(&self) -> Option<T> {
        match self {
            Self::Known(value) => Some(*value),
            Self::Unknown(_) => None,
        }
    }
}

impl<T> From<T> for Recorded<T> {
    fn from(value: T) -> Self {
        Self::Known(value)
    }
}

/// Reads a field, or its default if only a newer version knows the value: for settings and looks, where a default does no harm.
///
/// # Errors
/// Those of the deserializer, for input that isn't JSON.
pub fn known_or_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: DeserializeOwned + Default,
{
    let value = Value::deserialize(deserializer)?;
    Ok(serde_json::from_value(value).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::accounts::audit::{Actor, AuditEntry};
    use crate::domain::accounts::preferences::{Preferences, Theme};
    use crate::domain::accounts::step_up::{Challenge, ProtectedAction};
    use crate::domain::backup::snapshot::SnapshotReason;
    use crate::domain::habits::habit::{Habit, HabitPlan};
    use crate::domain::mail::{DeliveryStatus, Mail};
    use crate::domain::{AccountId, AuditId, Day, Email, HabitId, MailId, Title, Weekdays};
    use jiff::Timestamp;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn account() -> AccountId {
        AccountId::generate(NOW, [1; 10])
    }

    /// Stores a row as a newer version would, and reads it.
    fn read_newer<T: Serialize + DeserializeOwned>(row: &T, field: &str, value: Value) -> T {
        let mut json = serde_json::to_value(row).unwrap();
        json[field] = value;
        serde_json::from_value(json).unwrap()
    }

    #[test]
    fn an_audit_entry_of_a_newer_version_is_read_and_stored_again_unchanged() {
        let json = serde_json::json!({
            "id": AuditId::generate(NOW, [2; 10]), "at": NOW, "actor": {"robot": 7}, "deed": "teapot.boiled",
            "whom": null, "address": null,
        });
        let entry: AuditEntry = serde_json::from_value(json.clone()).unwrap();
        assert_eq!((entry.actor.known(), entry.action.known()), (None, None));
        assert_eq!(entry.accounts().count(), 0);
        assert_eq!(serde_json::to_value(entry).unwrap(), json);
        let by_user = serde_json::to_value(Recorded::from(Actor::User(account()))).unwrap();
        assert_eq!(serde_json::from_value::<Recorded<Actor>>(by_user).unwrap(), Actor::User(account()).into());
    }

    #[test]
    fn preferences_and_looks_of_a_newer_version_are_read_as_their_defaults() {
        let preferences: Preferences = serde_json::from_str(
            r#"{"theme":"sepia","accent":"teal","backfill":"month","week_start":"sat","done_sinks":false}"#,
        )
        .unwrap();
        assert_eq!(preferences, Preferences { completed_last: false, ..Preferences::default() });
        assert_eq!(serde_json::from_str::<Preferences>(r#"{"theme":"dark"}"#).unwrap().theme, Theme::Dark);

        let plan = HabitPlan::new(Title::parse("Read").unwrap(), Weekdays::ALL);
        let habit = Habit::new(HabitId::generate(NOW, [3; 10]), plan, 0, Day::parse("2026-02-01").unwrap(), NOW);
        assert_eq!(read_newer(&habit, "color", "magenta".into()), habit);
        assert_eq!(read_newer(&habit, "emoji", "\u{1FAFF}\u{1FAFE}".into()), habit, "an emoji of a later Unicode");
    }

    #[test]
    fn a_mail_with_a_status_of_a_newer_version_is_kept_and_never_sent() {
        let body = crate::domain::mail::MessageBody { subject: "Hi".into(), text: String::new(), html: String::new() };
        let mail = Mail {
            id: MailId::generate(NOW, [4; 10]),
            message_id: None,
            to: Email::parse("ada@example.com").unwrap(),
            subject: "Hi".into(),
            body: Some(body),
            token: None,
            reply: None,
            created_at: NOW,
            expires_at: NOW,
            status: DeliveryStatus::queued(NOW),
        };
        assert_eq!(read_newer(&mail, "carries", serde_json::json!({"invitation": [0]})), mail);
        let mut json = serde_json::to_value(&mail).unwrap();
        json["state"] = "bounced".into();
        let newer: Mail = serde_json::from_value(json.clone()).unwrap();
        assert!(matches!(newer.status, DeliveryStatus::Unknown(_)) && !newer.is_due(NOW));
        assert_eq!(serde_json::to_value(&newer).unwrap(), json);
    }

    #[test]
    fn a_challenge_for_an_action_of_a_newer_version_proves_nothing() {
        let challenge = Challenge::new(account(), ProtectedAction::AccountDelete, None, NOW);
        let newer = read_newer(&challenge, "action", "account_merge".into());
        assert_eq!(newer.action, ProtectedAction::Unknown);
        assert!(newer.check_answerable(account(), ProtectedAction::Unknown, NOW).is_err());
    }

    #[test]
    fn a_snapshot_with_a_reason_of_a_newer_version_is_read() {
        assert_eq!(
            known_or_default::<_, SnapshotReason>(Value::from("before-import")).unwrap(),
            SnapshotReason::Unknown
        );
    }
}
