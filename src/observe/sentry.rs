//! Sentry for the server: panics and failures, once each, without personal data.
//!
//! Nothing is taken from the process environment behind our back: address, release and environment are handed in, and
//! when reporting is off the library is never started.

use std::sync::Arc;
use std::time::Duration;

use sentry::protocol::Event;
use sentry::transports::UreqHttpTransportOptions;
use sentry::{ClientInitGuard, ClientOptions, Level, Transport, TransportFactory, TransportOptions};

use crate::config::Dsn;
use crate::domain::Environment;

/// Longest a report may take, connection included; an ingest that never answers must not hold up a shutdown.
const REPORT: Duration = Duration::from_secs(3);

/// Reports until it is dropped, then waits briefly for what is on its way.
#[must_use]
pub struct Reporting(#[allow(dead_code, reason = "kept for its Drop")] Option<ClientInitGuard>);

/// Starts reporting to `dsn`, as the environment of the data file's stamp; does nothing without an address.
pub fn start(dsn: Option<&Dsn>, environment: &Environment) -> Reporting {
    // The address was checked with the configuration.
    let Some(dsn) = dsn.and_then(|dsn| dsn.0.parse().ok()) else { return Reporting(None) };
    let mut options = ClientOptions::new()
        .release(concat!("atlas@", env!("CARGO_PKG_VERSION")))
        .environment(environment.to_string())
        .server_name(environment.label())
        .send_default_pii(false)
        .max_breadcrumbs(0)
        .shutdown_timeout(Duration::from_millis(500))
        .transport(Bounded)
        .before_send(|event| Some(scrubbed(event)));
    options.dsn = Some(dsn);
    Reporting(Some(sentry::init(options)))
}

/// A transport whose every request ends in time.
struct Bounded;

impl TransportFactory for Bounded {
    fn create_transport(&self, _: &ClientOptions) -> Arc<dyn Transport> {
        // Never called: the method below replaces it. A transport that drops everything is the harmless answer.
        Arc::new(Nowhere)
    }

    fn create_transport_with_options(&self, options: TransportOptions) -> Arc<dyn Transport> {
        let agent = ureq::Agent::new_with_config(
            ureq::Agent::config_builder().timeout_global(Some(REPORT)).max_redirects(0).proxy(None).build(),
        );
        Arc::new(UreqHttpTransportOptions::from(options).with_agent(agent).build())
    }
}

struct Nowhere;

impl Transport for Nowhere {
    fn send_envelope(&self, _: sentry::Envelope) {}
}

/// Reports a request that failed. `route` is the template, never the path, so no id leaves.
pub fn report_failure(route: &str, request: &str, status: u16) {
    sentry::with_scope(
        |scope| {
            scope.set_tag("route", route);
            scope.set_tag("request_id", request);
            scope.set_tag("status", status);
        },
        || sentry::capture_message(&format!("{route} answered {status}"), Level::Error),
    );
}

/// SECURITY: whatever could carry a person's data goes: request, user, breadcrumbs, extra fields, and the text of a
/// panic, which may quote a value.
fn scrubbed(mut event: Event<'static>) -> Event<'static> {
    event.request = None;
    event.user = None;
    event.breadcrumbs.values.clear();
    event.extra.clear();
    for exception in &mut event.exception.values {
        exception.value = None;
    }
    event
}
