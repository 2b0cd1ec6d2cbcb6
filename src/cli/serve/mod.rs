//! `atlas serve`: one environment, until it is stopped.

mod background;
mod file;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;

use super::{Exit, complain, open, say};
use crate::app::clock::Clock;
use crate::app::{App, releases, snapshots};
use crate::config::{self, Flags, Secret, Settings};
use crate::domain::approval::Approval;
use crate::observe;
use crate::observe::supervisor::Supervisor;
use crate::ops::operations::Operations;
use crate::ops::verify::remote;
use crate::ops::{approvals, previews};
use crate::store::PidNote;
use crate::web::serve::{self, Limits};
use crate::web::{self, Operator, Site};

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
    // Before the port and the data file: a binary that may not serve touches neither.
    let approval = match approvals::admit(&settings, Clock::System.now()) {
        Ok(approval) => approval,
        Err(why) => {
            complain(why);
            return Exit::Refused;
        }
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            complain(error);
            return Exit::InputOutput;
        }
    };
    let exit = runtime.block_on(serve(&settings, approval)).unwrap_or_else(|exit| exit);
    // Whatever still runs was cut off on purpose.
    runtime.shutdown_timeout(Duration::from_secs(1));
    exit
}

async fn serve(settings: &Settings, approval: Option<Approval>) -> Result<Exit, Exit> {
    // The port comes first: a busy one is the commonest mistake, and nothing is made before it is told.
    let (listener, bound) = listen(settings.listen, "--listen").await?;
    let scraped = match settings.metrics {
        Some(address) => Some(listen(address, "ATLAS_METRICS_LISTEN").await?),
        None => None,
    };
    let opened = file::data_file(settings, &listener, bound).await?;
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
    let mut site = Site::new(Arc::clone(&app), settings);
    site.operator = settings.operator_token.clone().map(|token| operator(token, &operations));
    let site = Arc::new(site);
    site.reporter.covers_the_process();
    let door = web::door(Arc::clone(&site)).map_err(|error| broken(&error))?;
    let mut signals = Signals::watch().map_err(|error| broken(&error))?;

    let file = settings.data_file.display();
    let made = if opened.created { " (just made)" } else { "" };
    let at = app_url.as_str().trim_end_matches('/');
    let behind = if settings.app_url.is_some() { format!(", listening on {bound}") } else { String::new() };
    say(format_args!("Atlas serves {} at {at} from {file}{made}{behind}", settings.environment));

    let supervisor = Arc::new(supervisor()?);
    let sending = background::sending(settings, &site)?;
    let listening = background::listening(settings, &operations);
    let measuring = background::measuring(scraped, &site);
    let living = background::living(&supervisor, &site);
    recording(&app, &operations, approval);
    supervisor.is_ready();
    let (stop, stopping) = oneshot::channel();
    let stopped = async {
        let _ = stopping.await;
    };
    let cut = tokio::select! {
        cut = drained(serve::run(door, listener, Limits::default(), stopped), stop, &mut signals, &operations, &supervisor) => cut,
        () = sending => 0,
        () = background::purging(Arc::clone(&site)) => 0,
        () = background::recovering(Arc::clone(&site)) => 0,
        () = listening => 0,
        () = background::taking_snapshots(settings.snapshots.every, &operations) => 0,
        () = measuring => 0,
        () = living => 0,
        () = background::pruning(settings) => 0,
        () = background::ending_checklists(&operations) => 0,
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

/// Whoever answers an operator's checklist from another machine.
fn operator(token: Secret, operations: &Arc<Operations>) -> Operator {
    let operations = Arc::clone(operations);
    let asks = move |question| -> web::Answering {
        let operations = Arc::clone(&operations);
        Box::pin(async move { remote::answer(&operations, question).await })
    };
    Operator { token, asks: Arc::new(asks) }
}

/// Writes down which binary serves from now on. It takes a moment to read it, and nobody waits for that.
fn recording(app: &Arc<App>, operations: &Arc<Operations>, approval: Option<Approval>) {
    let (app, operations) = (Arc::clone(app), Arc::clone(operations));
    tokio::task::spawn_blocking(move || {
        if let Err(error) = snapshots::recall(&app) {
            tracing::warn!(%error, "the snapshots that are there cannot be listed");
        }
        if let Err(error) = releases::started(&app) {
            tracing::warn!(%error, "this release is not written down, so a rollback will not know it");
        }
        if let Some(Err(error)) = approval.map(|approval| operations.approvals.keep(approval)) {
            tracing::warn!(%error, "staging's word on this release is not kept here, so the next start asks staging again");
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
