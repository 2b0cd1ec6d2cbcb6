//! The `sentry` check: Sentry accepts an event from a browser, sent through the site's own origin, and one from the server.

use super::check::{CheckError, CheckResult};
use super::context::CheckContext;
use super::sentry_event::{ENVELOPE_CONTENT_TYPE, test_envelope};
use crate::app::random_bytes;
use crate::ops::protocol::verify::SentryDelivery;

const REMEDY: &str = "read the server's log; check the DSN, and that Sentry accepts events for it";

pub(super) fn check_sentry(context: &mut CheckContext<'_>) -> CheckResult {
    let settings = context.target.settings;
    let is_remote = context.target.is_remote;
    let facts = context.facts()?;
    let (browser_dsn, server_reports) = (facts.browser_dsn.clone(), facts.reports_errors);
    // The settings of this machine say nothing about a server on another one.
    if !is_remote {
        let configured = settings.browser_sentry.as_ref().map(|dsn| &dsn.0);
        if (configured, settings.sentry.is_some()) != (browser_dsn.as_ref(), server_reports) {
            let remedy = "restart the server, or run the checklist with the server's variables";
            return Err(CheckError::failed("Sentry as it is configured here", "a server with other settings", remedy));
        }
    }
    if let Some(dsn) = &browser_dsn {
        check_browser_event(context, dsn)?;
    }
    if server_reports {
        check_server_event(context)?;
    }
    // Where Sentry is required, the configuration must turn it off explicitly.
    match (browser_dsn.is_some(), server_reports) {
        (true, true) => Ok("Sentry accepted an event from a browser and one from the server".to_owned()),
        (true, false) => Ok("Sentry accepted an event from a browser; it is turned off for the server".to_owned()),
        (false, true) => Ok("Sentry accepted an event from the server; it is turned off for browsers".to_owned()),
        (false, false) => Err(CheckError::not_applicable("Sentry is turned off in the configuration, or not set up")),
    }
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
