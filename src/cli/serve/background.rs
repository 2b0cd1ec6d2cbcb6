//! The background tasks of a running server. None ends by itself, and one that panics is restarted and stops nothing else.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;

use crate::app::mail::delivery;
use crate::app::{disk_recovery, erasure, expiry};
use crate::cli::error::CommandError;
use crate::config::Settings;
use crate::domain::environment::files::control_socket;
use crate::mail::Relay;
use crate::observe::panics::{join_error_reason, keep_running};
use crate::observe::supervisor::Supervisor;
use crate::ops::context::OperatorContext;
use crate::ops::control::ControlSocket;
use crate::ops::verify::agent;
use crate::ops::{previews, snapshots};
use crate::store::migrations::Migrations;
use crate::store::tables::schema;
use crate::web::{self, WebState};

/// How long a task that panicked waits before it is restarted.
const RESTART_PAUSE: Duration = Duration::from_secs(1);
/// The same for tasks with a longer interval.
const LONG_RESTART_PAUSE: Duration = Duration::from_mins(1);

/// Delivers the outbox; without a relay there is nothing to do.
pub(super) fn send_mail(
    settings: &Settings,
    state: &Arc<WebState>,
) -> Result<impl Future<Output = ()> + use<>, CommandError> {
    let environment = settings.policy.is_labeled.then(|| settings.environment.to_string());
    let relay =
        Relay::from_settings(&settings.mail, &state.app.app_url, environment).map_err(CommandError::RelayTls)?;
    let state = Arc::clone(state);
    Ok(async move {
        let Some(relay) = relay.map(Arc::new) else { return std::future::pending().await };
        let task = || {
            let (state, relay) = (Arc::clone(&state), Arc::clone(&relay));
            async move { delivery::run_delivery(&state.app, &relay).await }
        };
        keep_running("sending mail", RESTART_PAUSE, task).await;
    })
}

pub(super) async fn remove_expired(state: Arc<WebState>) {
    let task = || {
        let state = Arc::clone(&state);
        async move { expiry::run_expiry(&state.app).await }
    };
    keep_running("removing expired rows", expiry::PURGE_INTERVAL, task).await;
}

pub(super) async fn erase_deleted(state: Arc<WebState>) {
    let task = || {
        let state = Arc::clone(&state);
        async move { erasure::run_erasure(&state.app).await }
    };
    keep_running("erasing deleted data", RESTART_PAUSE, task).await;
}

pub(super) async fn reopen_after_disk_errors(state: Arc<WebState>) {
    let task = || {
        let state = Arc::clone(&state);
        async move { disk_recovery::run_disk_recovery(&state.app).await }
    };
    keep_running("watching the data file", RESTART_PAUSE, task).await;
}

/// Listens on the control socket. The server runs without it too.
pub(super) fn listen_for_commands(
    settings: &Settings,
    context: &Arc<OperatorContext>,
) -> impl Future<Output = ()> + use<> {
    let socket = ControlSocket::open(&settings.data_file).map(Arc::new).map_err(|error| {
        let path = control_socket(&settings.data_file);
        tracing::warn!(%error, path = %path.display(), "no control socket: stop the server to run commands");
    });
    let context = Arc::clone(context);
    async move {
        let Ok(socket) = socket else { return std::future::pending().await };
        let task = || {
            let (context, socket) = (Arc::clone(&context), Arc::clone(&socket));
            async move { socket.listen(&context).await }
        };
        keep_running("listening for commands", RESTART_PAUSE, task).await;
    }
}

/// Takes scheduled snapshots, if the settings name an interval.
pub(super) async fn take_snapshots(interval: Option<Duration>, context: &Arc<OperatorContext>) {
    let Some(interval) = interval else { return std::future::pending().await };
    let task = || {
        let context = Arc::clone(context);
        async move { snapshots::run_schedule(&context, interval).await }
    };
    keep_running("taking scheduled snapshots", LONG_RESTART_PAUSE, task).await;
}

pub(super) async fn prune_previews(settings: &Settings, migrations: Migrations) {
    let task = || {
        let settings = settings.clone();
        async move { previews::keep_pruning(&settings, migrations).await }
    };
    keep_running("removing expired previews", LONG_RESTART_PAUSE, task).await;
}

/// Removes the temporary users of checklists that did not end.
pub(super) async fn remove_stale_probes(context: &Arc<OperatorContext>) {
    let task = || {
        let context = Arc::clone(context);
        async move { agent::remove_stale_probes(&context).await }
    };
    keep_running("removing accounts of checklists", LONG_RESTART_PAUSE, task).await;
}

/// Sends heartbeats to the service manager while the data file can be read and the threads make progress. A file that takes
/// no writes is no reason to restart: that would not make room on the disk.
pub(super) fn send_heartbeats(supervisor: &Arc<Supervisor>, state: &Arc<WebState>) -> impl Future<Output = ()> + use<> {
    let (supervisor, state) = (Arc::clone(supervisor), Arc::clone(state));
    async move {
        let Some(interval) = supervisor.heartbeat_interval() else { return std::future::pending().await };
        let task = || {
            let (supervisor, state) = (Arc::clone(&supervisor), Arc::clone(&state));
            async move { heartbeat(&supervisor, &state, interval).await }
        };
        keep_running("sending heartbeats", interval, task).await;
    }
}

async fn heartbeat(supervisor: &Supervisor, state: &Arc<WebState>, interval: Duration) {
    loop {
        let state = Arc::clone(state);
        let read = move || state.app.store.read(|txn| txn.count(schema::STAMP.name()));
        match tokio::task::spawn_blocking(read).await {
            Ok(Ok(_)) => supervisor.notify_alive(),
            Ok(Err(error)) => tracing::error!(%error, "the data file cannot be read"),
            Err(ended) => tracing::error!(error = join_error_reason(&ended), "the data file cannot be read"),
        }
        tokio::time::sleep(interval).await;
    }
}

/// Serves metrics, if an address is configured.
pub(super) fn serve_metrics(
    bound: Option<(TcpListener, SocketAddr)>,
    state: &Arc<WebState>,
) -> impl Future<Output = ()> + use<> {
    let state = Arc::clone(state);
    async move {
        let Some((listener, address)) = bound else { return std::future::pending().await };
        tracing::info!(%address, "serving metrics");
        let listener = Arc::new(listener);
        let task = || {
            let (state, listener) = (Arc::clone(&state), Arc::clone(&listener));
            web::server::metrics::serve(state, listener)
        };
        keep_running("serving metrics", RESTART_PAUSE, task).await;
    }
}
