//! `atlas serve`: one environment, until it is stopped.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::{Exit, complain, open, say};
use crate::app::clock::Clock;
use crate::app::{App, purge, recovery, releases, sending, snapshots};
use crate::config::{self, Flags, Settings};
use crate::mail::Relay;
use crate::observe;
use crate::observe::supervisor::Supervisor;
use crate::ops::control::{self, Control};
use crate::ops::fence;
use crate::ops::migrations::{self, Stayed};
use crate::ops::operations::Operations;
use crate::ops::previews;
use crate::ops::snapshots::keep_taking;
use crate::ops::verify::desk;
use crate::store::{OpenError, Opened, PidNote, schema};
use crate::web::serve::{self, Limits};
use crate::web::{self, Site, maintenance};

/// How long operators' commands may go on when the server stops.
const LAST_COMMANDS: Duration = Duration::from_secs(15);

/// Serves until SIGTERM or SIGINT, then lets running requests finish. A second signal ends at once.
pub fn run(flags: &Flags) -> Exit {
    let settings = match open::settings(flags) {
        Ok(settings) => settings,
        Err(exit) => return exit,
    };
    if let Err(why) = observe::logs::start(&settings.log, settings.log_format) {
        complain(why);
        return Exit::Configuration;
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            complain(error);
            return Exit::InputOutput;
        }
    };
    let exit = runtime.block_on(serve(&settings)).unwrap_or_else(|exit| exit);
    // Whatever still runs was cut off on purpose.
    runtime.shutdown_timeout(Duration::from_secs(1));
    exit
}

async fn serve(settings: &Settings) -> Result<Exit, Exit> {
    // The port comes first: a busy one is the commonest mistake, and nothing is made before it is told.
    let (listener, bound) = listen(settings.listen, "--listen").await?;
    let scraped = match settings.metrics {
        Some(address) => Some(listen(address, "ATLAS_METRICS_LISTEN").await?),
        None => None,
    };
    let opened = data_file(settings, &listener, bound).await?;
    let _note = PidNote::leave(&settings.data_file);
    let app_url = open::app_url(settings, bound)?;
    let broken = |error: &dyn std::fmt::Display| {
        complain(error);
        Exit::InputOutput
    };
    let app = App::new(opened.store, settings, app_url.clone(), Clock::System).map_err(|error| broken(&error))?;
    previews::first_start(&app, settings).await.map_err(|error| super::preview::failed(&error))?;
    let app = Arc::new(app);
    let operations = Arc::new(Operations::new(Arc::clone(&app), settings));
    let site = Arc::new(Site::new(Arc::clone(&app), settings));
    site.reporter.covers_the_process();
    let door = web::door(Arc::clone(&site)).map_err(|error| broken(&error))?;
    let mut signals = Signals::watch().map_err(|error| broken(&error))?;

    let file = settings.data_file.display();
    let made = if opened.created { " (just made)" } else { "" };
    let at = app_url.as_str().trim_end_matches('/');
    let behind = if settings.app_url.is_some() { format!(", listening on {bound}") } else { String::new() };
    say(format_args!("Atlas serves {} at {at} from {file}{made}{behind}", settings.environment));

    let supervisor = Arc::new(supervisor()?);
    let sending = sending(settings, &site)?;
    let listening = listening(settings, &operations);
    let measuring = measuring(scraped, &site);
    let living = living(&supervisor, &site);
    recording(&app);
    supervisor.is_ready();
    let (stop, stopping) = oneshot::channel();
    let stopped = async {
        let _ = stopping.await;
    };
    let cut = tokio::select! {
        cut = drained(serve::run(door, listener, Limits::default(), stopped), stop, &mut signals, &operations, &supervisor) => cut,
        () = sending => 0,
        () = purging(Arc::clone(&site)) => 0,
        () = recovering(Arc::clone(&site)) => 0,
        () = listening => 0,
        () = taking_snapshots(settings.snapshots.every, &operations) => 0,
        () = measuring => 0,
        () = living => 0,
        () = pruning(settings) => 0,
        () = desk::keep_ending(&operations) => 0,
    };
    if cut > 0 {
        tracing::warn!(cut, "connections were cut off when the time to drain was over");
    }
    finished(&operations, &mut signals).await;
    // After a rollback to another binary's data there is nothing left to write.
    if site.app.store.can_commit()
        && let Err(error) = site.app.store.flush().await
    {
        tracing::warn!(%error, "the data file was not writable at the end");
    }
    site.reporter.close();
    say(format_args!("Atlas has stopped serving {}", settings.environment));
    Ok(Exit::Fine)
}

/// The data file, led up if an older binary wrote it. Whoever asks meanwhile is told to wait.
async fn data_file(settings: &Settings, listener: &TcpListener, bound: SocketAddr) -> Result<Opened, Exit> {
    let older = match open::made_or_opened(settings)? {
        Err(error @ fence::Error::Open(OpenError::Older { .. })) => error,
        other => return open::told(other),
    };
    tracing::info!(address = %bound, "{older}; it is led up now, and whoever asks is told to wait");
    let (file, environment) = (settings.data_file.clone(), settings.environment.clone());
    let leading = tokio::task::spawn_blocking(move || {
        let place = migrations::Place { data_file: &file, environment: &environment, clock: &Clock::System };
        migrations::up(&place, None, &mut |words| tracing::info!("{words}"))
    });
    let led = tokio::select! {
        led = leading => led,
        () = maintenance::answer(listener) => return Err(Exit::InputOutput),
    };
    match led {
        Ok(Ok(led)) => tracing::info!(%led, "the data file was migrated"),
        Ok(Err(Stayed::Open(error))) => return open::told(Err(error.into())),
        Ok(Err(Stayed::App(error))) => {
            complain(format_args!("the data file stays as it was: {error}"));
            return Err(Exit::InputOutput);
        }
        Err(error) => {
            complain(error);
            return Err(Exit::InputOutput);
        }
    }
    open::told(open::made_or_opened(settings)?)
}

/// Writes down which binary serves from now on. It takes a moment to read it, and nobody waits for that.
fn recording(app: &Arc<App>) {
    let app = Arc::clone(app);
    tokio::task::spawn_blocking(move || {
        if let Err(error) = snapshots::recall(&app) {
            tracing::warn!(%error, "the snapshots that are there cannot be listed");
        }
        if let Err(error) = releases::started(&app) {
            tracing::warn!(%error, "this release is not written down, so a rollback will not know it");
        }
    });
}

/// Waits for the first signal or an operator's word, then for the drain or the second signal.
async fn drained(
    serving: impl Future<Output = usize>,
    stop: oneshot::Sender<()>,
    signals: &mut Signals,
    operations: &Operations,
    supervisor: &Supervisor,
) -> usize {
    let mut serving = std::pin::pin!(serving);
    tokio::select! {
        cut = &mut serving => return cut,
        () = signals.next() => {}
        () = operations.stopped() => {}
    }
    supervisor.is_stopping();
    tracing::info!("stopping: running requests may finish");
    let _ = stop.send(());
    tokio::select! {
        cut = serving => cut,
        () = signals.next() => {
            tracing::warn!("stopping at once");
            0
        }
    }
}

/// Lets operators' commands come to their end, a snapshot or a rollback, for as long as that is sensible. One that is cut
/// off leaves the data file as it was or as it was to be.
async fn finished(operations: &Operations, signals: &mut Signals) {
    tokio::select! {
        () = operations.finished() => {}
        () = signals.next() => tracing::warn!("an operator's command was cut off by a second signal"),
        () = tokio::time::sleep(LAST_COMMANDS) => tracing::warn!("an operator's command was cut off, for it took too long"),
    }
}

/// Sends the outbox for as long as the server runs; without a relay there is nothing to do, for ever.
fn sending(settings: &Settings, site: &Arc<Site>) -> Result<impl Future<Output = ()> + use<>, Exit> {
    let environment = settings.policy.marked.then(|| settings.environment.to_string());
    let relay = Relay::of(&settings.mail, &site.app.app_url, environment).map_err(|error| {
        complain(format_args!("TLS for mail: {error}"));
        Exit::Configuration
    })?;
    let site = Arc::clone(site);
    Ok(async move {
        let Some(relay) = relay.map(Arc::new) else { return std::future::pending().await };
        let work = || {
            let (site, relay) = (Arc::clone(&site), Arc::clone(&relay));
            async move { sending::keep_sending(&site.app, &relay).await }
        };
        kept_up("sending mail", Duration::from_secs(1), work).await;
    })
}

/// Removes what is over for as long as the server runs.
async fn purging(site: Arc<Site>) {
    let work = || {
        let site = Arc::clone(&site);
        async move { purge::keep_purging(&site.app).await }
    };
    kept_up("purging", purge::EVERY, work).await;
}

/// Comes back after the disk refused something, for as long as the server runs.
async fn recovering(site: Arc<Site>) {
    let work = || {
        let site = Arc::clone(&site);
        async move { recovery::keep_recovering(&site.app).await }
    };
    kept_up("watching the data file", Duration::from_secs(1), work).await;
}

/// Does something that never ends by itself. When it panics, that is told and it begins anew after a pause: what goes on in
/// the background takes nothing else down with it.
async fn kept_up<F: Future<Output = ()> + Send + 'static>(what: &str, pause: Duration, work: impl Fn() -> F) {
    loop {
        let ended = Task(tokio::spawn(work())).await;
        tracing::error!(what, ?ended, "it stopped and starts again");
        tokio::time::sleep(pause).await;
    }
}

/// Listens to operators' commands for as long as the server runs. Without the socket it serves all the same.
fn listening(settings: &Settings, operations: &Arc<Operations>) -> impl Future<Output = ()> + use<> {
    let control = Control::open(&settings.data_file).map(Arc::new).map_err(|error| {
        let path = control::socket_of(&settings.data_file);
        tracing::warn!(%error, path = %path.display(), "no control socket; commands need the server to stop");
    });
    let operations = Arc::clone(operations);
    async move {
        let Ok(control) = control else { return std::future::pending().await };
        let work = || {
            let (operations, control) = (Arc::clone(&operations), Arc::clone(&control));
            async move { control.listen(&operations).await }
        };
        kept_up("listening to operators", Duration::from_secs(1), work).await;
    }
}

/// Takes snapshots on schedule for as long as the server runs, where that is wanted.
async fn taking_snapshots(every: Option<Duration>, operations: &Arc<Operations>) {
    let Some(every) = every else { return std::future::pending().await };
    let work = || {
        let operations = Arc::clone(operations);
        async move { keep_taking(&operations, every).await }
    };
    kept_up("taking snapshots on schedule", Duration::from_mins(1), work).await;
}

/// Removes previews that are over for as long as the server runs.
async fn pruning(settings: &Settings) {
    let work = || {
        let settings = settings.clone();
        async move { previews::keep_pruning(&settings).await }
    };
    kept_up("removing previews", Duration::from_mins(1), work).await;
}

/// The line to a service manager, if one started this process.
fn supervisor() -> Result<Supervisor, Exit> {
    let variables = config::process_variables().map_err(|error| {
        complain(error);
        Exit::Configuration
    })?;
    Supervisor::of(config::supervised(&variables)).map_err(|error| {
        complain(format_args!("NOTIFY_SOCKET leads nowhere: {error}"));
        Exit::InputOutput
    })
}

/// Says that Atlas lives for as long as its file can be read and its threads get on, where somebody wants to know. A file
/// that takes no writes any more is no reason to start again: that would not make room on the disk.
fn living(supervisor: &Arc<Supervisor>, site: &Arc<Site>) -> impl Future<Output = ()> + use<> {
    let (supervisor, site) = (Arc::clone(supervisor), Arc::clone(site));
    async move {
        let Some(pulse) = supervisor.pulse() else { return std::future::pending().await };
        loop {
            let site = Arc::clone(&site);
            let look = move || site.app.store.read(|view| view.count(schema::STAMP.name()));
            match tokio::task::spawn_blocking(look).await {
                Ok(Ok(_)) => supervisor.is_alive(),
                Ok(Err(error)) => tracing::error!(%error, "the data file cannot be read"),
                Err(error) => tracing::error!(%error, "the data file cannot be read"),
            }
            tokio::time::sleep(pulse).await;
        }
    }
}

/// Answers whoever scrapes metrics for as long as the server runs, where there are any.
fn measuring(scraped: Option<(TcpListener, SocketAddr)>, site: &Arc<Site>) -> impl Future<Output = ()> + use<> {
    let site = Arc::clone(site);
    async move {
        let Some((listener, address)) = scraped else { return std::future::pending().await };
        tracing::info!(%address, "metrics can be read");
        web::metrics::serve(site, listener).await;
    }
}

/// A task that ends when nobody waits for it any more.
struct Task(JoinHandle<()>);

impl Future for Task {
    type Output = Result<(), tokio::task::JoinError>;
    fn poll(mut self: std::pin::Pin<&mut Self>, context: &mut std::task::Context<'_>) -> std::task::Poll<Self::Output> {
        std::pin::Pin::new(&mut self.0).poll(context)
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn listen(address: SocketAddr, setting: &str) -> Result<(TcpListener, SocketAddr), Exit> {
    let bound = async {
        let listener = TcpListener::bind(address).await?;
        let bound = listener.local_addr()?;
        Ok::<_, std::io::Error>((listener, bound))
    };
    bound.await.map_err(|error| {
        let hint = match error.kind() {
            std::io::ErrorKind::AddrInUse => "another program listens there; stop it, or choose another port with",
            std::io::ErrorKind::PermissionDenied => "ports below 1024 need a privilege; choose another with",
            std::io::ErrorKind::AddrNotAvailable => "this machine has no such address; choose another with",
            _ => "choose another address with",
        };
        complain(format_args!("cannot listen on {address}: {error} ({hint} {setting})"));
        Exit::Unreachable
    })
}

/// SIGTERM and SIGINT.
struct Signals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

impl Signals {
    fn watch() -> std::io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
