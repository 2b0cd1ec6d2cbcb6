//! Sentry for the server: panics and failures, once each, without personal data.
//!
//! Nothing is taken from the process environment behind our back: address, release and environment are handed in, and
//! when reporting is off the library is never started. Whoever reports never waits: what does not fit into a short queue
//! is dropped, and one thread sends the rest.

use std::collections::{BTreeMap, HashMap};
use std::panic::{PanicHookInfo, RefUnwindSafe, UnwindSafe};
use std::sync::{Arc, Mutex, Once, PoisonError, mpsc};
use std::time::Duration;

use futures_util::future::Either;
use jiff::{SignedDuration, Timestamp};
use sentry::integrations::contexts::ContextIntegration;
use sentry::protocol::{Event, Exception, Frame, Mechanism, Stacktrace};
use sentry::transports::UreqHttpTransportOptions;
use sentry::{
    Client, ClientOptions, Hub, Level, Scope, SentryFutureExt, Transport, TransportFactory, TransportOptions,
};

use crate::config::Dsn;
use crate::domain::Environment;
use crate::domain::attempts::is_recent;

/// What was built, as Sentry calls it.
pub const RELEASE: &str = concat!("atlas@", env!("CARGO_PKG_VERSION"));
/// Longest a report may take, connection included.
const REPORT: Duration = Duration::from_secs(3);
/// Longest a shutdown waits for reports on their way.
const FLUSH: Duration = Duration::from_secs(3);
/// For so long the same overload of the same route is told once.
const PAUSE: SignedDuration = SignedDuration::from_mins(1);

/// Where failures are reported, if anywhere.
#[derive(Default)]
pub struct Reporter {
    hub: Option<Arc<Hub>>,
    overloads: Overloads,
}

impl Reporter {
    /// Reports to `dsn`, as the environment of the data file's stamp; without an address nothing is ever sent.
    pub fn start(dsn: Option<&Dsn>, environment: &Environment) -> Self {
        // The address was checked with the configuration.
        let Some(dsn) = dsn.and_then(|dsn| dsn.0.parse().ok()) else { return Self::default() };
        let mut options = ClientOptions::new()
            .release(RELEASE)
            .environment(environment.to_string())
            .server_name(environment.label())
            .send_default_pii(false)
            .max_breadcrumbs(0)
            // The library's own hook for panics holds the thread until the report is sent.
            .default_integrations(false)
            .add_integration(ContextIntegration::new().add_device(false))
            .shutdown_timeout(FLUSH)
            .transport(Bounded)
            .before_send(|event| Some(scrubbed(event)));
        options.dsn = Some(dsn);
        watch_panics();
        let hub = Hub::new(Some(Arc::new(Client::from(options))), Arc::new(Scope::default()));
        Self { hub: Some(Arc::new(hub)), overloads: Overloads::default() }
    }

    /// Also reports panics outside of requests, as in background tasks, from here on. For a process that serves one site.
    pub fn covers_the_process(&self) {
        if let Some(hub) = &self.hub {
            Hub::main().bind_client(hub.client());
        }
    }

    /// Runs what answers a request: a panic in it is reported with the request's number and the template of its route,
    /// which may be known only by then.
    pub fn around<F, R>(
        &self,
        request: &str,
        route: R,
        answering: F,
    ) -> impl Future<Output = F::Output> + Send + use<F, R>
    where
        F: Future + Send,
        R: Fn() -> &'static str + Send + Sync + UnwindSafe + RefUnwindSafe + 'static,
    {
        let Some(hub) = &self.hub else { return Either::Left(answering) };
        let hub = Hub::new_from_top(hub);
        hub.configure_scope(|scope| {
            scope.set_tag("request_id", request);
            scope.add_event_processor(move |mut event| {
                event.tags.insert("route".to_owned(), route().to_owned());
                event.transaction = Some(route().to_owned());
                Some(event)
            });
        });
        Either::Right(answering.bind_hub(Arc::new(hub)))
    }

    /// Reports a request that was answered with `status`, 500 or above. `route` is the template, never the path, so no id
    /// leaves.
    ///
    /// Every breakdown is told. Overload and a full disk (503) come in thousands: of those each route tells the first, and
    /// then one a minute with the number of those before it.
    pub fn failure(&self, route: &'static str, request: &str, status: u16, now: Timestamp) {
        let Some(hub) = &self.hub else { return };
        let untold = match status {
            503 => match self.overloads.note(route, now) {
                Some(untold) => untold,
                None => return,
            },
            _ => 0,
        };
        let mut tags = BTreeMap::from([
            ("route".to_owned(), route.to_owned()),
            ("request_id".to_owned(), request.to_owned()),
            ("status".to_owned(), status.to_string()),
        ]);
        if untold > 0 {
            tags.insert("untold".to_owned(), untold.to_string());
        }
        hub.capture_event(Event {
            message: Some(format!("{route} answered {status}")),
            level: Level::Error,
            transaction: Some(route.to_owned()),
            tags: tags.into_iter().collect(),
            ..Event::default()
        });
    }

    /// Sends what is waiting, for three seconds at most, and nothing after that.
    pub fn close(&self) {
        let Some(client) = self.hub.as_ref().and_then(|hub| hub.client()) else { return };
        let (done, closed) = mpsc::channel();
        // The library waits for a report on its way without an end in sight; this thread does that, and may be left behind.
        let closing = std::thread::Builder::new().name("atlas-sentry-close".to_owned()).spawn(move || {
            client.close(Some(FLUSH));
            let _ = done.send(());
        });
        if closing.is_ok() {
            let _ = closed.recv_timeout(FLUSH);
        }
    }
}

/// Puts ourselves before whoever else hears of panics, once for the process.
fn watch_panics() {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let next = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            report_panic(panic);
            next(panic);
        }));
    });
}

/// Sends nothing by itself: the event goes into the queue, and the thread goes on unwinding.
fn report_panic(panic: &PanicHookInfo<'_>) {
    let hub = Hub::current();
    if hub.client().is_some() {
        hub.capture_event(panicked(panic));
    }
}

/// A panic with the one frame that says where it was. The binary knows that of every panic by file and line, whatever names it
/// was stripped of; the frames below would be bare addresses.
fn panicked(panic: &PanicHookInfo<'_>) -> Event<'static> {
    let frame = panic.location().map(|place| Frame {
        filename: Some(place.file().to_owned()),
        lineno: Some(place.line().into()),
        colno: Some(place.column().into()),
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

/// When which route last told of an overload, and how many it has kept to itself since.
#[derive(Default)]
struct Overloads(Mutex<HashMap<&'static str, (Timestamp, u64)>>);

impl Overloads {
    /// How many were kept back before this one, if it is to be told.
    fn note(&self, route: &'static str, now: Timestamp) -> Option<u64> {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match told.get_mut(route) {
            Some((at, untold)) if is_recent(*at, now, PAUSE) => {
                *untold += 1;
                None
            }
            _ => Some(told.insert(route, (now, 0)).map_or(0, |(_, untold)| untold)),
        }
    }
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

/// The tags that are ours; whatever else puts tags on an event is not asked what they hold.
const TAGS: [&str; 4] = ["request_id", "route", "status", "untold"];
/// What says nothing about people.
const CONTEXTS: [&str; 3] = ["os", "rust", "trace"];

/// SECURITY: only what is named here leaves, so that nothing that is ever added to events carries a person's data out:
/// no request, user, breadcrumbs or extra fields, and not the text of a panic, which may quote a value.
fn scrubbed(event: Event<'static>) -> Event<'static> {
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
    // Ours is made of a template and a number; what panics say comes as an exception.
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
        tags: event.tags.into_iter().filter(|(name, _)| TAGS.contains(&name.as_str())).collect(),
        contexts: event.contexts.into_iter().filter(|(name, _)| CONTEXTS.contains(&name.as_str())).collect(),
        ..Event::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_an_overload_the_first_is_told_and_then_one_a_minute_with_the_number_of_the_others() {
        let overloads = Overloads::default();
        let at = |seconds| Timestamp::from_second(seconds).unwrap();
        assert_eq!(overloads.note("/today", at(0)), Some(0));
        assert_eq!(overloads.note("/today", at(30)), None);
        assert_eq!(overloads.note("/today", at(59)), None);
        assert_eq!(overloads.note("/habits", at(59)), Some(0), "another route tells its own");
        assert_eq!(overloads.note("/today", at(60)), Some(2));
        assert_eq!(overloads.note("/today", at(61)), None);
    }
}
