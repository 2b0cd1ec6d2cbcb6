//! [`World`]: an environment on a new data file, served in this process, with a clock that tests set.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use atlas::app::clock::Clock;
use atlas::app::{App, new_file_identity};
use atlas::config::{self, Flags, Settings};
use atlas::domain::Environment;
use atlas::domain::accounts::preferences::Backfill;
use atlas::store::Store;
use atlas::store::migrations::Migrations;
use atlas::web;
use atlas::web::server::connections;
use atlas::web::server::connections::ConnectionLimits;
use atlas::web::{Operator, WebState};
use jiff::Timestamp;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::test_user::TestUser;

/// A Thursday, 12:00 UTC.
pub const NOON: &str = "2026-02-12T12:00:00Z";

/// A password that the password rules accept.
pub const PASSWORD: &str = "quiet orchard tram lemon";

pub struct World {
    pub clock: Clock,
    pub state: Arc<WebState>,
    pub address: SocketAddr,
    pub settings: Settings,
    stop: Option<oneshot::Sender<()>>,
    pub server_task: Option<JoinHandle<usize>>,
    folder: TempDir,
}

pub struct WorldOptions {
    pub now: &'static str,
    pub environment: &'static str,
    /// Which past days new users may change; `None` for the environment's setting. Most tests use the strictest rule.
    pub backfill: Option<Backfill>,
    pub variables: Vec<(&'static str, String)>,
    pub limits: ConnectionLimits,
    /// How long a request body may take to arrive.
    pub body_timeout: Duration,
}

impl Default for WorldOptions {
    fn default() -> Self {
        Self {
            now: NOON,
            environment: "development",
            backfill: Some(Backfill::Grace),
            variables: Vec::new(),
            limits: ConnectionLimits { stop_notice: Duration::ZERO, ..ConnectionLimits::default() },
            body_timeout: Duration::from_secs(30),
        }
    }
}

impl World {
    pub async fn new() -> Self {
        Self::with_options(WorldOptions::default()).await
    }

    pub async fn at_time(now: &'static str) -> Self {
        Self::with_options(WorldOptions { now, ..WorldOptions::default() }).await
    }

    pub async fn with_options(options: WorldOptions) -> Self {
        Self::open_in(tempfile::tempdir().unwrap(), options).await
    }

    /// Stops the server and opens its file with other options. The address changes.
    pub async fn restart_with_options(mut self, options: WorldOptions) -> Self {
        self.stop();
        self.server_task.take().unwrap().await.unwrap();
        let Self { state, folder, .. } = self;
        // Background tasks hold the file until they end.
        while Arc::strong_count(&state) > 1 {
            tokio::task::yield_now().await;
        }
        drop(state);
        Self::open_in(folder, options).await
    }

    async fn open_in(folder: TempDir, options: WorldOptions) -> Self {
        let config = folder.path().join("atlas.toml");
        std::fs::write(&config, "").unwrap();
        let environment: Environment = options.environment.parse().unwrap();
        let flags = Flags {
            environment: Some(environment.to_string()),
            config: Some(config),
            listen: Some("127.0.0.1:0".to_owned()),
            ..Flags::default()
        };
        let variables: BTreeMap<String, String> =
            options.variables.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let checked = config::check(&flags, &variables).unwrap();
        let mut settings = checked.settings.unwrap_or_else(|| panic!("{:?}", checked.problems));
        settings.new_user_backfill = options.backfill.unwrap_or(settings.new_user_backfill);

        let clock = Clock::fixed_at(instant(options.now));
        Self::open(folder, settings, clock, options.limits, options.body_timeout).await
    }

    async fn open(
        folder: TempDir,
        settings: Settings,
        clock: Clock,
        limits: ConnectionLimits,
        body_timeout: Duration,
    ) -> Self {
        let identity = new_file_identity(&clock).unwrap();
        let opened =
            Store::open_or_create(&settings.data_file, &settings.environment, Migrations::BUILT_IN, || identity)
                .unwrap();
        let listener = TcpListener::bind(settings.listen).await.unwrap();
        let address = listener.local_addr().unwrap();
        let app_url =
            settings.app_url.clone().unwrap_or_else(|| format!("http://localhost:{}", address.port()).parse().unwrap());
        let app = App::new(opened.store, &settings, app_url, clock.clone()).unwrap();
        let mut state = WebState::new(app, &settings);
        state.body_timeout = body_timeout;
        // Tests run no verification for this endpoint: it echoes the request.
        state.operator = settings
            .operator_token
            .clone()
            .map(|token| Operator::new(token, |command: serde_json::Value| async move { Ok(command) }));
        let state = Arc::new(state);
        let service = web::service(Arc::clone(&state)).unwrap();
        let (stop, stopping) = oneshot::channel();
        let server_task = tokio::spawn(connections::run(service, listener, limits, async {
            let _ = stopping.await;
        }));
        Self { clock, state, address, settings, stop: Some(stop), server_task: Some(server_task), folder }
    }

    /// Serves the same store with changed settings, as after a restart. The address changes.
    pub async fn restart_with_settings(&mut self, change: impl FnOnce(&mut Settings)) {
        change(&mut self.settings);
        let listener = TcpListener::bind(self.settings.listen).await.unwrap();
        self.address = listener.local_addr().unwrap();
        let app_url = format!("http://localhost:{}", self.address.port()).parse().unwrap();
        let app = App::new(self.state.app.store.clone(), &self.settings, app_url, self.clock.clone()).unwrap();
        self.state = Arc::new(WebState::new(app, &self.settings));
        let service = web::service(Arc::clone(&self.state)).unwrap();
        let (stop, stopping) = oneshot::channel();
        self.server_task =
            Some(tokio::spawn(connections::run(service, listener, ConnectionLimits::default(), async {
                let _ = stopping.await;
            })));
        self.stop = Some(stop);
    }

    pub fn set_time(&self, now: &str) {
        self.clock.set(instant(now));
    }

    /// A client without cookies.
    pub fn visitor(&self) -> TestUser {
        TestUser::new("visitor", self)
    }

    /// A user who has signed up, confirmed the address and signed in.
    pub async fn signed_in_user(&self, name: &'static str) -> TestUser {
        self.signed_in_user_in(name, "UTC").await
    }

    /// The same in a time zone.
    pub async fn signed_in_user_in(&self, name: &'static str, zone: &str) -> TestUser {
        let user = TestUser::new(name, self);
        user.join(zone).await;
        user
    }

    /// The text of the newest mail to an address.
    pub fn newest_mail(&self, to: &str) -> Option<String> {
        let mails = atlas::app::mail::outbox::list_newest(&self.state.app, usize::MAX).unwrap();
        mails.into_iter().find(|mail| mail.to.as_str() == to).and_then(|mail| mail.body).map(|letter| letter.text)
    }

    /// How many mails were sent to an address.
    pub fn mail_count(&self, to: &str) -> usize {
        let mails = atlas::app::mail::outbox::list_newest(&self.state.app, usize::MAX).unwrap();
        mails.iter().filter(|mail| mail.to.as_str() == to).count()
    }

    /// Stops the server and opens its file again. The address changes.
    pub async fn restart(self) -> Self {
        self.restart_after(|_| ()).await
    }

    /// The same, with a change to the file in between.
    pub async fn restart_after(mut self, edit: impl FnOnce(&Path)) -> Self {
        self.stop();
        self.server_task.take().unwrap().await.unwrap();
        let Self { clock, state, settings, folder, .. } = self;
        state.app.store.flush().await.unwrap();
        // Background tasks hold the file until they end.
        while Arc::strong_count(&state) > 1 {
            tokio::task::yield_now().await;
        }
        drop(state);
        edit(&settings.data_file);
        Self::open(folder, settings, clock, ConnectionLimits::default(), Duration::from_secs(30)).await
    }

    /// Starts a graceful shutdown, as a signal does.
    pub fn stop(&mut self) {
        self.stop.take();
    }
}

pub fn instant(text: &str) -> Timestamp {
    text.parse().unwrap()
}
