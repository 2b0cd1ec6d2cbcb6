//! Sentry for the server: panics and failed requests, once each, without personal data.
//!
//! The Sentry library reads nothing from the process environment: DSN, release and environment are passed in, and the library is
//! not started while reporting is off. Reporting never blocks a request: events go into a short queue, one thread sends them, and
//! events that do not fit are dropped.

use std::collections::{BTreeMap, HashMap};
use std::panic::{PanicHookInfo, RefUnwindSafe, UnwindSafe};
use std::sync::{Arc, Once, mpsc};
use std::time::Duration;

use futures_util::future::Either;
use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;
use sentry::integrations::contexts::ContextIntegration;
use sentry::protocol::{Event, Exception, Frame, Mechanism, Stacktrace};
use sentry::transports::UreqHttpTransportOptions;
use sentry::{
    Client, ClientOptions, Hub, Level, Scope, SentryFutureExt, Transport, TransportFactory, TransportOptions,
};

use crate::config::Dsn;
use crate::domain::Environment;
use crate::domain::accounts::attempts::is_recent;
use crate::observe::sentry_agent::sentry_agent;

/// The release that events are filed under.
pub const RELEASE: &str = concat!("atlas@", env!("CARGO_PKG_VERSION"));
/// Longest time that a shutdown waits for queued events.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(3);
/// An overload is reported at most this often per route.
const OVERLOAD_REPORT_INTERVAL: SignedDuration = SignedDuration::from_mins(1);

/// Reports panics and failed requests to Sentry; without a DSN it does nothing.
#[derive(Default)]
pub struct Reporter {
    hub: Option<Arc<Hub>>,
    overloads: Overloads,
}

impl Reporter {
    /// Starts reporting to `dsn`. `authorities` are the only trusted ones, as DER, unless there are none. `environment` is the one
    /// in the data file's stamp. Without a DSN nothing is ever sent.
    pub fn start(dsn: Option<&Dsn>, authorities: &[Vec<u8>], environment: &Environment) -> Self {
        // The configuration check has parsed the DSN before.
        let Some(dsn) = dsn.and_then(|dsn| dsn.0.parse().ok()) else { return Self::default() };
        let mut options = ClientOptions::new()
            .release(RELEASE)
            .environment(environment.to_string())
            .server_name(environment.label())
            .send_default_pii(false)
            .max_breadcrumbs(0)
            // The library's panic hook would block the thread until the event is sent.
            .default_integrations(false)
            .add_integration(ContextIntegration::new().add_device(false))
            .shutdown_timeout(FLUSH_TIMEOUT)
            .transport(TimeLimitedTransport { authorities: authorities.to_vec() })
            .before_send(|event| Some(scrub(event)));
        options.dsn = Some(dsn);
        install_panic_hook();
        let hub = Hub::new(Some(Arc::new(Client::from(options))), Arc::new(Scope::default()));
        Self { hub: Some(Arc::new(hub)), overloads: Overloads::default() }
    }

    /// Also reports panics outside of requests, such as in background tasks, from here on. Only for a process with one server.
    pub fn bind_process(&self) {
        if let Some(hub) = &self.hub {
            Hub::main().bind_client(hub.client());
        }
    }

    /// Binds the handler of a request: a panic in it is reported with the request id and the route's template, which is read
    /// only then because routing happens inside the handler.
    pub fn bind_request<F, R>(
        &self,
        request_id: &str,
        route: R,
        handler: F,
    ) -> impl Future<Output = F::Output> + Send + use<F, R>
    where
        F: Future + Send,
        R: Fn() -> &'static str + Send + Sync + UnwindSafe + RefUnwindSafe + 'static,
    {
        let Some(hub) = &self.hub else { return Either::Left(handler) };
        let hub = Hub::new_from_top(hub);
        hub.configure_scope(|scope| {
            scope.set_tag("request_id", request_id);
            scope.add_event_processor(move |mut event| {
                event.tags.insert("route".to_owned(), route().to_owned());
                event.transaction = Some(route().to_owned());
                Some(event)
            });
        });
        Either::Right(handler.bind_hub(Arc::new(hub)))
    }

    /// Reports a request that failed with `status`, 500 or above.
    ///
    /// SECURITY: `route` is the template, never the path, so no id leaves the server.
    ///
    /// Overload and a full disk (503) cause thousands of failures, so each route reports the first one and then one a minute,
    /// with the number of those left out in between. Any other failure is always reported.
    pub fn report_failure(&self, route: &'static str, request_id: &str, status: u16, now: Timestamp) {
        let Some(hub) = &self.hub else { return };
        let suppressed = match status {
            503 => match self.overloads.record(route, now) {
                Some(suppressed) => suppressed,
                None => return,
            },
            _ => 0,
        };
        let mut tags = BTreeMap::from([
            ("route".to_owned(), route.to_owned()),
            ("request_id".to_owned(), request_id.to_owned()),
            ("status".to_owned(), status.to_string()),
        ]);
        if suppressed > 0 {
            tags.insert("suppressed".to_owned(), suppressed.to_string());
        }
        hub.capture_event(Event {
            message: Some(format!("{route} answered {status}")),
            level: Level::Error,
            transaction: Some(route.to_owned()),
            tags: tags.into_iter().collect(),
            ..Event::default()
        });
    }

    /// Sends queued events for at most [`FLUSH_TIMEOUT`], and nothing after that.
    pub fn close(&self) {
        let Some(client) = self.hub.as_ref().and_then(|hub| hub.client()) else { return };
        let (done, closed) = mpsc::channel();
        // The library waits without a limit for an event that is being sent. This thread waits in its place and is abandoned
        // after the timeout.
        let closing = std::thread::Builder::new().name("atlas-sentry-close".to_owned()).spawn(move || {
            client.close(Some(FLUSH_TIMEOUT));
            let _ = done.send(());
        });
        if closing.is_ok() {
            let _ = closed.recv_timeout(FLUSH_TIMEOUT);
        }
    }
}

/// Reports panics before the hooks that are installed already, once for the process.
fn install_panic_hook() {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let next = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            report_panic(panic);
            next(panic);
        }));
    });
}

/// Queues the event; the thread goes on unwinding.
fn report_panic(panic: &PanicHookInfo<'_>) {
    let hub = Hub::current();
    if hub.client().is_some() {
        hub.capture_event(panic_event(panic));
    }
}

/// The event of a panic, with the one frame where it happened. File and line are known even in a stripped binary, where the
/// frames below would be bare addresses.
fn panic_event(panic: &PanicHookInfo<'_>) -> Event<'static> {
    let frame = panic.location().map(|location| Frame {
        filename: Some(location.file().to_owned()),
        lineno: Some(location.line().into()),
        colno: Some(location.column().into()),
        in_app: Some(true),
        ..Frame::default()
    });
    let exception = Exception {
        ty: "panic".to_owned(),
        mechanism: Some(Mechanism { ty: "panic".to_owned(), handled: Some(false), ..Mechanism::default() }),
        stacktrace: Some(Stacktrace { frames: frame.into_iter().collect(), ..Stacktrace::default() }),
        ..Exception::default()
    };
    Event { exception: vec![exception].into(), level: Level::Fatal, ..Event::default() }
}

/// When each route last reported an overload, and how many it has suppressed since.
#[derive(Default)]
struct Overloads(Mutex<HashMap<&'static str, (Timestamp, u64)>>);

impl Overloads {
    /// Records an overload. If it should be reported, returns how many were suppressed before it.
    fn record(&self, route: &'static str, now: Timestamp) -> Option<u64> {
        let mut reports = self.0.lock();
        match reports.get_mut(route) {
            Some((reported_at, suppressed)) if is_recent(*reported_at, now, OVERLOAD_REPORT_INTERVAL) => {
                *suppressed += 1;
                None
            }
            _ => Some(reports.insert(route, (now, 0)).map_or(0, |(_, suppressed)| suppressed)),
        }
    }
}

/// A transport that sends with [`sentry_agent`], which gives up on a request after some seconds.
struct TimeLimitedTransport {
    authorities: Vec<Vec<u8>>,
}

impl TransportFactory for TimeLimitedTransport {
    fn create_transport(&self, _: &ClientOptions) -> Arc<dyn Transport> {
        // Never called: the library calls the method below. Dropping every event is the harmless implementation.
        Arc::new(NullTransport)
    }

    fn create_transport_with_options(&self, options: TransportOptions) -> Arc<dyn Transport> {
        let agent = sentry_agent(&self.authorities);
        Arc::new(UreqHttpTransportOptions::from(options).with_agent(agent).build())
    }
}

struct NullTransport;

impl Transport for NullTransport {
    fn send_envelope(&self, _: sentry::Envelope) {}
}

/// The tags that may leave; integrations could add others with any content.
const ALLOWED_TAGS: [&str; 4] = ["request_id", "route", "status", "suppressed"];
/// The contexts that may leave; none of them holds personal data.
const ALLOWED_CONTEXTS: [&str; 3] = ["os", "rust", "trace"];

/// SECURITY: only the fields named here leave the server, so that nothing that is added to events one day can carry personal
/// data: no request, user, breadcrumbs or extra fields, and not the message of a panic, which may quote a value.
fn scrub(event: Event<'static>) -> Event<'static> {
    let exceptions = event.exception.values.into_iter().map(|exception| Exception {
        ty: exception.ty,
        mechanism: exception.mechanism,
        stacktrace: exception.stacktrace.map(|mut trace| {
            trace.registers.clear();
            for frame in &mut trace.frames {
                frame.vars.clear();
            }
            trace
        }),
        ..Exception::default()
    });
    let exception: Vec<Exception> = exceptions.collect();
    // The message of a failed request consists of the route's template and the status. An event with an exception is a panic,
    // whose message must not leave.
    let message = event.message.filter(|_| exception.is_empty());
    Event {
        event_id: event.event_id,
        level: event.level,
        platform: event.platform,
        timestamp: event.timestamp,
        release: event.release,
        environment: event.environment,
        server_name: event.server_name,
        sdk: event.sdk,
        transaction: event.transaction,
        message,
        exception: exception.into(),
        tags: event.tags.into_iter().filter(|(name, _)| ALLOWED_TAGS.contains(&name.as_str())).collect(),
        contexts: event.contexts.into_iter().filter(|(name, _)| ALLOWED_CONTEXTS.contains(&name.as_str())).collect(),
        ..Event::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_overload_is_reported_at_once_and_then_once_a_minute_with_the_number_suppressed() {
        let overloads = Overloads::default();
        let at = |seconds| Timestamp::from_second(seconds).unwrap();
        assert_eq!(overloads.record("/today", at(0)), Some(0));
        assert_eq!(overloads.record("/today", at(30)), None);
        assert_eq!(overloads.record("/today", at(59)), None);
        assert_eq!(overloads.record("/habits", at(59)), Some(0), "another route reports its own");
        assert_eq!(overloads.record("/today", at(60)), Some(2));
        assert_eq!(overloads.record("/today", at(61)), None);
    }
}
