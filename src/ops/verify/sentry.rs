//! Whether errors arrive: an event from a browser through our own origin, and one from the server.

use serde_json::json;

use super::desk::Verb;
use super::{Looked, Run, Short};
use crate::app::random;
use crate::config::policy;

/// What an envelope is.
pub(super) const MEDIA: &str = "application/x-sentry-envelope";

/// An envelope with one harmless event of an environment.
pub(super) fn envelope(dsn: &str, environment: &str, platform: &str, id: u128) -> String {
    let head = json!({ "dsn": dsn, "event_id": format!("{id:032x}") });
    let event = json!({
        "event_id": format!("{id:032x}"),
        "environment": environment,
        "platform": platform,
        "level": "info",
        "message": "atlas verify",
        "release": crate::observe::sentry::RELEASE,
    });
    let event = event.to_string();
    let kind = json!({ "type": "event", "length": event.len() });
    format!("{head}\n{kind}\n{event}\n")
}

/// Both ways, as far as they are switched on. A kind that needs settings needs these, too.
pub(super) fn arrives(run: &mut Run<'_>) -> Looked {
    let settings = run.subject.settings;
    let required = settings.policy.settings == policy::Settings::Required;
    // On another machine only the server knows; here the settings must be right, too.
    let (browser, server) = if run.subject.is_remote {
        let facts = run.facts()?;
        (facts["browserDsn"].as_str().map(str::to_owned), facts["reportsErrors"] == true)
    } else {
        (settings.browser_sentry.as_ref().map(|dsn| dsn.0.clone()), settings.sentry.is_some())
    };
    let (Some(browser), true) = (browser, server) else {
        if required {
            return Err(Short::failed(
                "Sentry for the server and for browsers",
                "one of them is switched off",
                "set SENTRY_DSN and NEXT_PUBLIC_SENTRY_DSN, and neither SENTRY_ENABLED nor NEXT_PUBLIC_SENTRY_ENABLED to false",
            ));
        }
        return Err(Short::not_asked("Sentry is not set up here, and need not be"));
    };
    let id = random().map_err(|error| Short::no_answer(error.to_string()))?;
    let body = envelope(&browser, &settings.environment.to_string(), "javascript", u128::from_be_bytes(id));
    let reply = run.stranger().ask("POST", "/monitoring", Some(MEDIA), &body)?;
    let remedy = "read the server's log; check the address, and that Sentry takes events for it";
    if !(200..300).contains(&reply.status) {
        let seen = format!("POST /monitoring answered {}", reply.status);
        return Err(Short::failed("a browser's event is accepted", seen, remedy));
    }
    let told = &run.asked(Verb::Event)?;
    match told["status"].as_u64() {
        Some(200..300) => Ok("a browser's event and one of the server were accepted".to_owned()),
        Some(status) => {
            Err(Short::failed("an event of the server is accepted", format!("Sentry answered {status}"), remedy))
        }
        None => {
            let why = told["why"].as_str().unwrap_or("no answer").to_owned();
            Err(Short::failed("an event of the server is accepted", why, remedy))
        }
    }
}
