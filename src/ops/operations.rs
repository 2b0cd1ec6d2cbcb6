//! What operators' commands work with while a server has the data file.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::{Notify, RwLock, RwLockReadGuard};

use super::approvals::Approvals;
use crate::app::snapshots::Told;
use crate::app::{App, Error};
use crate::config::{Dsn, Settings, Surroundings};
use crate::domain::snapshot::Keep;
use crate::observe::panics::why;

/// The use cases, what is kept of snapshots, and the way to end the server.
pub struct Operations {
    /// The use cases.
    pub app: Arc<App>,
    /// How many snapshots are kept.
    pub keep: Keep,
    /// Where the server reports its errors, unless that is off.
    pub sentry: Option<Dsn>,
    /// Where browsers report theirs.
    pub browser_sentry: Option<Dsn>,
    /// How often snapshots are taken.
    pub every: Option<Duration>,
    /// What must differ between this environment and the others.
    pub surroundings: Surroundings,
    /// Staging's word on binaries, left or looked for.
    pub approvals: Approvals,
    ends: AtomicBool,
    stop: Notify,
    /// Read by every command that is carried out; whoever can write knows that none is.
    underway: RwLock<()>,
}

impl Operations {
    /// Over an app.
    pub fn new(app: Arc<App>, settings: &Settings) -> Self {
        Self {
            app,
            keep: settings.snapshots.keep,
            sentry: settings.sentry.clone(),
            browser_sentry: settings.browser_sentry.clone(),
            every: settings.snapshots.every,
            surroundings: settings.surroundings.clone(),
            approvals: Approvals::of(settings),
            ends: AtomicBool::new(false),
            stop: Notify::new(),
            underway: RwLock::new(()),
        }
    }

    /// Held by a command for as long as it is carried out.
    pub(super) async fn begun(&self) -> RwLockReadGuard<'_, ()> {
        self.underway.read().await
    }

    /// Waits until no command is carried out any more.
    pub async fn finished(&self) {
        drop(self.underway.write().await);
    }

    /// Lets the server end when the command that runs is answered. Where nothing serves it changes nothing.
    pub fn end(&self) {
        self.ends.store(true, Ordering::Relaxed);
    }

    /// Tells that a command was answered.
    pub(super) fn answered(&self) {
        if self.ends.load(Ordering::Relaxed) {
            self.stop.notify_one();
        }
    }

    /// Waits until the server is to end.
    pub async fn stopped(&self) {
        self.stop.notified().await;
    }
}

/// Does blocking work where it disturbs nobody, and passes on what it tells.
///
/// # Errors
/// What the work answers; [`Error::Broken`] when it panicked.
pub async fn aside<T: Send + 'static>(
    told: Told<'_>,
    work: impl FnOnce(Told<'_>) -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    let (tell, mut heard) = tokio::sync::mpsc::unbounded_channel::<String>();
    let working = tokio::task::spawn_blocking(move || work(&mut |words: &str| drop(tell.send(words.to_owned()))));
    while let Some(words) = heard.recv().await {
        told(&words);
    }
    working.await.map_err(|ended| Error::Broken(why(&ended).to_owned()))?
}
