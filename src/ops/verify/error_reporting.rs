//! The `sentry` check: Sentry accepts an event from a browser, sent through the site's own origin, and one from the server.

use super::check::{CheckError, CheckResult};
use super::context::CheckContext;
use super::sentry_event::{ENVELOPE_CONTENT_TYPE, test_envelope};
use crate::app::random_bytes;
use crate::config::policy;
use crate::ops::protocol::verify::SentryDelivery;

const REMEDY: &str = "read the server's log; check the DSN, and that Sentry accepts events for it";

pub(super) fn check_sentry(context: &mut CheckContext<'_>) -> CheckResult {
    let settings = context.target.settings;
    // The settings of this machine say nothing about a server on another one.
    let (browser_dsn, server_reports) = if context.target.is_remote {
        let facts = context.facts()?;
        (facts.browser_dsn.clone(), facts.reports_errors)
    } else {
        (settings.browser_sentry.as_ref().map(|dsn| dsn.0.clone()), settings.sentry.is_some())
    };
    let (Some(browser_dsn), true) = (browser_dsn, server_reports) else {
        if settings.policy.settings == policy::RequiredSettings::Required {
            return Err(CheckError::failed(
                "Sentry for the server and for browsers",
                "at least one of them is turned off",
                "set SENTRY_DSN and NEXT_PUBLIC_SENTRY_DSN, and neither SENTRY_ENABLED nor NEXT_PUBLIC_SENTRY_ENABLED to false",
            ));
        }
        return Err(CheckError::not_applicable("Sentry is not set up and not required here"));
    };
    check_browser_event(context, &browser_dsn)?;
    check_server_event(context)?;
    Ok("Sentry accepted an event from a browser and one from the server".to_owned())
}

fn check_browser_event(context: &CheckContext<'_>, dsn: &str) -> Result<(), CheckError> {
    let environment = context.target.settings.environment.to_string();
    let id = random_bytes().map_err(|error| CheckError::no_answer(error.to_string()))?;
    let envelope = test_envelope(dsn, &environment, "javascript", u128::from_be_bytes(id));
    let mut client = context.anonymous_client();
    let response = client.request("POST", "/monitoring", Some(ENVELOPE_CONTENT_TYPE), &envelope)?;
    if (200..300).contains(&response.status) {
        return Ok(());
    }
    let found = format!("POST /monitoring answered {}", response.status);
    Err(CheckError::failed("an event from a browser is accepted", found, REMEDY))
}

fn check_server_event(context: &mut CheckContext<'_>) -> Result<(), CheckError> {
    let found = match context.server()?.send_sentry_event()? {
        SentryDelivery::Answered { status: 200..300 } => return Ok(()),
        SentryDelivery::Answered { status } => format!("Sentry answered {status}"),
        SentryDelivery::Undelivered { why } => why,
    };
    Err(CheckError::failed("an event from the server is accepted", found, REMEDY))
}
