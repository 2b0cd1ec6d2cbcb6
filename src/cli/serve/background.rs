//! What goes on in the background while an environment is served. Nothing here ends by itself, and nothing that panics takes
//! anything else down with it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;

use crate::app::{purge, recovery, sending};
use crate::cli::{Exit, complain};
use crate::config::Settings;
use crate::mail::Relay;
use crate::observe::panics::{kept_up, why};
use crate::observe::supervisor::Supervisor;
use crate::ops::control::{self, Control};
use crate::ops::operations::Operations;
use crate::ops::previews;
use crate::ops::snapshots::keep_taking;
use crate::ops::verify::desk;
use crate::store::schema;
use crate::web::{self, Site};

/// Sends the outbox for as long as the server runs; without a relay there is nothing to do, for ever.
pub(super) fn sending(settings: &Settings, site: &Arc<Site>) -> Result<impl Future<Output = ()> + use<>, Exit> {
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
pub(super) async fn purging(site: Arc<Site>) {
    let work = || {
        let site = Arc::clone(&site);
        async move { purge::keep_purging(&site.app).await }
    };
    kept_up("purging", purge::EVERY, work).await;
}

/// Comes back after the disk refused something, for as long as the server runs.
pub(super) async fn recovering(site: Arc<Site>) {
    let work = || {
        let site = Arc::clone(&site);
        async move { recovery::keep_recovering(&site.app).await }
    };
    kept_up("watching the data file", Duration::from_secs(1), work).await;
}

/// Listens to operators' commands for as long as the server runs. Without the socket it serves all the same.
pub(super) fn listening(settings: &Settings, operations: &Arc<Operations>) -> impl Future<Output = ()> + use<> {
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
pub(super) async fn taking_snapshots(every: Option<Duration>, operations: &Arc<Operations>) {
    let Some(every) = every else { return std::future::pending().await };
    let work = || {
        let operations = Arc::clone(operations);
        async move { keep_taking(&operations, every).await }
    };
    kept_up("taking snapshots on schedule", Duration::from_mins(1), work).await;
}

/// Removes previews that are over for as long as the server runs.
pub(super) async fn pruning(settings: &Settings) {
    let work = || {
        let settings = settings.clone();
        async move { previews::keep_pruning(&settings).await }
    };
    kept_up("removing previews", Duration::from_mins(1), work).await;
}

/// Ends checklists that nobody ended for as long as the server runs.
pub(super) async fn ending_checklists(operations: &Arc<Operations>) {
    let work = || {
        let operations = Arc::clone(operations);
        async move { desk::keep_ending(&operations).await }
    };
    kept_up("ending checklists", Duration::from_mins(1), work).await;
}

/// Says that Atlas lives for as long as its file can be read and its threads get on, where somebody wants to know. A file
/// that takes no writes any more is no reason to start again: that would not make room on the disk.
pub(super) fn living(supervisor: &Arc<Supervisor>, site: &Arc<Site>) -> impl Future<Output = ()> + use<> {
    let (supervisor, site) = (Arc::clone(supervisor), Arc::clone(site));
    async move {
        let Some(pulse) = supervisor.pulse() else { return std::future::pending().await };
        let work = || {
            let (supervisor, site) = (Arc::clone(&supervisor), Arc::clone(&site));
            async move { keep_saying(&supervisor, &site, pulse).await }
        };
        kept_up("saying that it lives", pulse, work).await;
    }
}

async fn keep_saying(supervisor: &Supervisor, site: &Arc<Site>, pulse: Duration) {
    loop {
        let site = Arc::clone(site);
        let look = move || site.app.store.read(|view| view.count(schema::STAMP.name()));
        match tokio::task::spawn_blocking(look).await {
            Ok(Ok(_)) => supervisor.is_alive(),
            Ok(Err(error)) => tracing::error!(%error, "the data file cannot be read"),
            Err(ended) => tracing::error!(error = why(&ended), "the data file cannot be read"),
        }
        tokio::time::sleep(pulse).await;
    }
}

/// Answers whoever scrapes metrics for as long as the server runs, where there are any.
pub(super) fn measuring(
    scraped: Option<(TcpListener, SocketAddr)>,
    site: &Arc<Site>,
) -> impl Future<Output = ()> + use<> {
    let site = Arc::clone(site);
    async move {
        let Some((listener, address)) = scraped else { return std::future::pending().await };
        tracing::info!(%address, "metrics can be read");
        let listener = Arc::new(listener);
        let work = || {
            let (site, listener) = (Arc::clone(&site), Arc::clone(&listener));
            web::metrics::serve(site, listener)
        };
        kept_up("answering whoever scrapes", Duration::from_secs(1), work).await;
    }
}
