//! The test event that the checklist sends to Sentry, as an envelope.

use serde_json::json;

pub(super) const ENVELOPE_CONTENT_TYPE: &str = "application/x-sentry-envelope";

/// An envelope with one harmless event of an environment.
pub(super) fn test_envelope(dsn: &str, environment: &str, platform: &str, event_id: u128) -> String {
    let envelope_header = json!({ "dsn": dsn, "event_id": format!("{event_id:032x}") });
    let event = json!({
        "event_id": format!("{event_id:032x}"),
        "environment": environment,
        "platform": platform,
        "level": "info",
        "message": "atlas verify",
        "release": crate::observe::sentry::RELEASE,
    });
    let event = event.to_string();
    let item_header = json!({ "type": "event", "length": event.len() });
    format!("{envelope_header}\n{item_header}\n{event}\n")
}
