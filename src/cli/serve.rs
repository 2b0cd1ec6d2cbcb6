//! `atlas serve`: one environment, until it is stopped.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::{Exit, complain, open, say};
use crate::app::clock::Clock;
use crate::app::{App, outbox, purge};
use crate::config::{Flags, Settings, Transport};
use crate::mail::Relay;
use crate::observe;
use crate::ops::control::{self, Control};
use crate::ops::previews;
use crate::store::PidNote;
use crate::web::serve::{self, Limits};
use crate::web::{self, Site};

/// Serves until SIGTERM or SIGINT, then lets running requests finish. A second signal ends at once.
pub fn run(flags: &Flags) -> Exit {
    let settings = match open::settings(flags) {
        Ok(settings) => settings,
        Err(exit) => return exit,
    };
    if let Err(why) = observe::logs::start(&settings.log) {
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
    runtime.shutdown_timeout(std::time::Duration::from_secs(1));
    exit
}

async fn serve(settings: &Settings) -> Result<Exit, Exit> {
    // The port comes first: a busy one is the commonest mistake, and nothing is made before it is told.
    let (listener, bound) = listen(settings.listen).await?;
    let opened = open::data_file(settings)?;
    let _note = PidNote::leave(&settings.data_file);
    let _reporting = observe::sentry::start(settings.sentry.as_ref(), &opened.store.stamp().environment);
    let app_url = open::app_url(settings, bound)?;
    let broken = |error: &dyn std::fmt::Display| {
        complain(error);
        Exit::InputOutput
    };
    let app = App::new(opened.store, settings, app_url.clone(), Clock::System).map_err(|error| broken(&error))?;
    previews::first_start(&app, settings).await.map_err(|error| super::preview::failed(&error))?;
    let site = Arc::new(Site::new(app, settings));
    let door = web::door(Arc::clone(&site)).map_err(|error| broken(&error))?;
    let mut signals = Signals::watch().map_err(|error| broken(&error))?;

    let file = settings.data_file.display();
    let made = if opened.created { " (just made)" } else { "" };
    let at = app_url.as_str().trim_end_matches('/');
    let behind = if settings.app_url.is_some() { format!(", listening on {bound}") } else { String::new() };
    say(format_args!("Atlas serves {} at {at} from {file}{made}{behind}", settings.environment));

    let sending = sending(settings, &site)?;
    let listening = listening(settings, &site);
    let (stop, stopping) = oneshot::channel();
    let stopped = async {
        let _ = stopping.await;
    };
    let cut = tokio::select! {
        cut = drained(serve::run(door, listener, Limits::default(), stopped), stop, &mut signals) => cut,
        () = sending => 0,
        () = purging(Arc::clone(&site)) => 0,
        () = listening => 0,
        () = previews::keep_pruning(settings) => 0,
    };
    if cut > 0 {
        tracing::warn!(cut, "connections were cut off when the time to drain was over");
    }
    if let Err(error) = site.app.store.flush().await {
        tracing::warn!(%error, "the data file was not writable at the end");
    }
    say(format_args!("Atlas has stopped serving {}", settings.environment));
    Ok(Exit::Fine)
}

/// Waits for the first signal, then for the drain or the second one.
async fn drained(serving: impl Future<Output = usize>, stop: oneshot::Sender<()>, signals: &mut Signals) -> usize {
    let mut serving = std::pin::pin!(serving);
    tokio::select! {
        cut = &mut serving => return cut,
        () = signals.next() => {}
    }
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

/// Sends the outbox for as long as the server runs; without a relay there is nothing to do, for ever.
fn sending(settings: &Settings, site: &Arc<Site>) -> Result<impl Future<Output = ()> + use<>, Exit> {
    let relay = match &settings.mail.transport {
        Transport::Capture => None,
        Transport::Smtp(smtp) => {
            let host = site.app.app_url.host_str().unwrap_or("localhost").to_owned();
            let environment = settings.policy.marked.then(|| settings.environment.to_string());
            let relay = Relay::new(smtp.clone(), settings.mail.from.clone(), host, environment).map_err(|error| {
                complain(format_args!("TLS for mail: {error}"));
                Exit::Configuration
            })?;
            Some(relay)
        }
    };
    let site = Arc::clone(site);
    Ok(async move {
        let Some(relay) = relay.map(Arc::new) else { return std::future::pending().await };
        loop {
            let (site, relay) = (Arc::clone(&site), Arc::clone(&relay));
            // It only ends by panicking; then it starts again, and people notice nothing but a late mail.
            let ended = tokio::spawn(async move { outbox::keep_sending(&site.app, &relay).await }).await;
            tracing::error!(?ended, "sending mail stopped and starts again");
            tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        }
    })
}

/// Removes what is over for as long as the server runs.
async fn purging(site: Arc<Site>) {
    loop {
        let site = Arc::clone(&site);
        let ended = Task(tokio::spawn(async move { purge::keep_purging(&site.app).await })).await;
        tracing::error!(?ended, "purging stopped and starts again");
        tokio::time::sleep(purge::EVERY).await;
    }
}

/// Listens to operators' commands for as long as the server runs. Without the socket it serves all the same.
fn listening(settings: &Settings, site: &Arc<Site>) -> impl Future<Output = ()> + use<> {
    let control = Control::open(&settings.data_file).map(Arc::new).map_err(|error| {
        let path = control::socket_of(&settings.data_file);
        tracing::warn!(%error, path = %path.display(), "no control socket; commands need the server to stop");
    });
    let site = Arc::clone(site);
    async move {
        let Ok(control) = control else { return std::future::pending().await };
        loop {
            let (site, control) = (Arc::clone(&site), Arc::clone(&control));
            let ended = Task(tokio::spawn(async move { control.listen(&site.app).await })).await;
            tracing::error!(?ended, "listening to operators stopped and starts again");
            tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        }
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

async fn listen(address: SocketAddr) -> Result<(TcpListener, SocketAddr), Exit> {
    let bound = async {
        let listener = TcpListener::bind(address).await?;
        let bound = listener.local_addr()?;
        Ok::<_, std::io::Error>((listener, bound))
    };
    bound.await.map_err(|error| {
        let hint = match error.kind() {
            std::io::ErrorKind::AddrInUse => {
                "another program listens there; stop it, or choose another port with --listen"
            }
            std::io::ErrorKind::PermissionDenied => "ports below 1024 need a privilege; choose another with --listen",
            std::io::ErrorKind::AddrNotAvailable => "this machine has no such address; choose another with --listen",
            _ => "choose another address with --listen",
        };
        complain(format_args!("cannot listen on {address}: {error} ({hint})"));
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
