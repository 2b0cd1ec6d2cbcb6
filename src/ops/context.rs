//! What operators' commands work with in the process that has the data file open.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::{Notify, RwLock, RwLockReadGuard, watch};

use super::approvals::Approvals;
use crate::app::progress::Progress;
use crate::app::{App, Error};
use crate::config::{Dsn, Peers, Settings};
use crate::domain::backup::retention::SnapshotRetention;
use crate::observe::panics::join_error_reason;

/// The use cases, the settings that commands need, and the way to stop the server.
pub struct OperatorContext {
    /// The use cases.
    pub app: Arc<App>,
    /// How many scheduled snapshots are kept.
    pub keep: SnapshotRetention,
    /// Where the server reports its errors; `None` when that is off.
    pub sentry: Option<Dsn>,
    /// The only certificate authorities that are trusted for Sentry, as DER, unless there are none.
    pub sentry_authorities: Vec<Vec<u8>>,
    /// Where browsers report theirs.
    pub browser_sentry: Option<Dsn>,
    /// The interval of scheduled snapshots.
    pub every: Option<Duration>,
    /// Whether a scheduled snapshot is due or being taken. Until the schedule has begun, one may be due.
    pub(super) snapshot_is_due: watch::Sender<bool>,
    /// What must differ between this environment and the others.
    pub peers: Peers,
    /// Staging's approvals of binaries.
    pub approvals: Approvals,
    stop_is_requested: AtomicBool,
    stop: Notify,
    /// Read by every command while it runs, so that a writer knows that none does.
    running_commands: RwLock<()>,
}

impl OperatorContext {
    /// The context of an app with the settings it was made from.
    pub fn new(app: Arc<App>, settings: &Settings) -> Self {
        Self {
            app,
            keep: settings.snapshots.retention,
            sentry: settings.sentry.clone(),
            sentry_authorities: settings.sentry_authorities.clone(),
            browser_sentry: settings.browser_sentry.clone(),
            every: settings.snapshots.interval,
            snapshot_is_due: watch::Sender::new(settings.snapshots.interval.is_some()),
            peers: settings.peers.clone(),
            approvals: Approvals::new(settings),
            stop_is_requested: AtomicBool::new(false),
            stop: Notify::new(),
            running_commands: RwLock::new(()),
        }
    }

    /// Marks a command as running until the guard is dropped.
    pub(super) async fn start_command(&self) -> RwLockReadGuard<'_, ()> {
        self.running_commands.read().await
    }

    /// Waits until no command runs any more.
    pub async fn wait_for_commands(&self) {
        drop(self.running_commands.write().await);
    }

    /// Stops the server as soon as the running command is answered. Without a server it changes nothing.
    pub fn request_stop(&self) {
        self.stop_is_requested.store(true, Ordering::Relaxed);
    }

    /// Called once the response of a command was sent.
    pub(super) fn command_answered(&self) {
        if self.stop_is_requested.load(Ordering::Relaxed) {
            self.stop.notify_one();
        }
    }

    /// Waits until a command wants the server to stop.
    pub async fn stop_requested(&self) {
        self.stop.notified().await;
    }
}

/// Runs blocking work on a thread of its own and passes on its progress.
///
/// # Errors
/// What the work answers; [`Error::Broken`] when it panicked.
pub async fn run_blocking<T: Send + 'static>(
    on_progress: Progress<'_>,
    work: impl FnOnce(Progress<'_>) -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    let (sender, mut steps) = tokio::sync::mpsc::unbounded_channel::<String>();
    let working = tokio::task::spawn_blocking(move || work(&mut |step: &str| drop(sender.send(step.to_owned()))));
    while let Some(step) = steps.recv().await {
        on_progress(&step);
    }
    // SECURITY: the error itself would quote what the panic said.
    working.await.map_err(|ended| Error::broken(join_error_reason(&ended)))?
}
