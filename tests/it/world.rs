//! An environment as the server runs it, on a fresh file, with a clock that stands still.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use atlas::app::clock::Clock;
use atlas::app::{App, newborn};
use atlas::config::{self, Flags, Settings};
use atlas::domain::Environment;
use atlas::store::Store;
use atlas::web::serve::{self, Limits};
use atlas::web::{self, Operator, Site};
use jiff::Timestamp;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::person::Person;

/// A Thursday, at noon in Greenwich.
pub const NOON: &str = "2026-02-12T12:00:00Z";

/// A password that may be chosen.
pub const PASSWORD: &str = "quiet orchard tram lemon";

pub struct World {
    pub clock: Clock,
    pub site: Arc<Site>,
    pub address: SocketAddr,
    pub settings: Settings,
    stop: Option<oneshot::Sender<()>>,
    pub serving: Option<JoinHandle<usize>>,
    folder: TempDir,
}

/// What a world may have that others have not.
pub struct Wishes {
    pub now: &'static str,
    pub environment: &'static str,
    pub variables: Vec<(&'static str, String)>,
    pub limits: Limits,
    pub patience: Duration,
}

impl Default for Wishes {
    fn default() -> Self {
        Self {
            now: NOON,
            environment: "development",
            variables: Vec::new(),
            limits: Limits::default(),
            patience: Duration::from_secs(30),
        }
    }
}

impl World {
    pub async fn new() -> Self {
        Self::with(Wishes::default()).await
    }

    pub async fn at(now: &'static str) -> Self {
        Self::with(Wishes { now, ..Wishes::default() }).await
    }

    pub async fn with(wishes: Wishes) -> Self {
        Self::on(tempfile::tempdir().unwrap(), wishes).await
    }

    /// The same file, served by another process with other wishes. Browsers have to find it anew.
    pub async fn served_again(mut self, wishes: Wishes) -> Self {
        self.stops();
        self.serving.take().unwrap().await.unwrap();
        let Self { site, folder, .. } = self;
        // Whatever still runs in the background lets go of the file first.
        while Arc::strong_count(&site) > 1 {
            tokio::task::yield_now().await;
        }
        drop(site);
        Self::on(folder, wishes).await
    }

    async fn on(folder: TempDir, wishes: Wishes) -> Self {
        let config = folder.path().join("atlas.toml");
        std::fs::write(&config, "").unwrap();
        let environment: Environment = wishes.environment.parse().unwrap();
        let flags = Flags {
            environment: Some(environment.to_string()),
            config: Some(config),
            listen: Some("127.0.0.1:0".to_owned()),
            ..Flags::default()
        };
        let variables: BTreeMap<String, String> =
            wishes.variables.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let checked = config::check(&flags, &variables).unwrap();
        let settings = checked.settings.unwrap_or_else(|| panic!("{:?}", checked.problems));

        let clock = Clock::held_at(instant(wishes.now));
        Self::open(folder, settings, clock, wishes.limits, wishes.patience).await
    }

    async fn open(folder: TempDir, settings: Settings, clock: Clock, limits: Limits, patience: Duration) -> Self {
        let born = newborn(&clock).unwrap();
        let opened = Store::open_or_create(&settings.data_file, &settings.environment, || born).unwrap();
        let listener = TcpListener::bind(settings.listen).await.unwrap();
        let address = listener.local_addr().unwrap();
        let app_url =
            settings.app_url.clone().unwrap_or_else(|| format!("http://localhost:{}", address.port()).parse().unwrap());
        let app = App::new(opened.store, &settings, app_url, clock.clone()).unwrap();
        let mut site = Site::new(app, &settings);
        site.patience = patience;
        // Nobody is there to be asked, so whoever holds the token hears the own question.
        site.operator = settings
            .operator_token
            .clone()
            .map(|token| Operator { token, asks: Arc::new(|question| Box::pin(async move { Ok(question) })) });
        let site = Arc::new(site);
        let door = web::door(Arc::clone(&site)).unwrap();
        let (stop, stopping) = oneshot::channel();
        let serving = tokio::spawn(serve::run(door, listener, limits, async {
            let _ = stopping.await;
        }));
        Self { clock, site, address, settings, stop: Some(stop), serving: Some(serving), folder }
    }

    /// Serves the same file with other settings, somewhere else, as after a restart.
    pub async fn serves_again(&mut self, change: impl FnOnce(&mut Settings)) {
        change(&mut self.settings);
        let listener = TcpListener::bind(self.settings.listen).await.unwrap();
        self.address = listener.local_addr().unwrap();
        let app_url = format!("http://localhost:{}", self.address.port()).parse().unwrap();
        let app = App::new(self.site.app.store.clone(), &self.settings, app_url, self.clock.clone()).unwrap();
        self.site = Arc::new(Site::new(app, &self.settings));
        let door = web::door(Arc::clone(&self.site)).unwrap();
        let (stop, stopping) = oneshot::channel();
        self.serving = Some(tokio::spawn(serve::run(door, listener, Limits::default(), async {
            let _ = stopping.await;
        })));
        self.stop = Some(stop);
    }

    /// Lets the clock stand elsewhere.
    pub fn it_is(&self, now: &str) {
        self.clock.set(instant(now));
    }

    /// Somebody with a browser who has never been here.
    pub fn stranger(&self) -> Person {
        Person::new("stranger", self)
    }

    /// Somebody who has signed up, confirmed the address and signed in.
    pub async fn signed_up(&self, name: &'static str) -> Person {
        self.signed_up_in(name, "UTC").await
    }

    /// The same, with days that begin and end in `zone`.
    pub async fn signed_up_in(&self, name: &'static str, zone: &str) -> Person {
        let person = Person::new(name, self);
        person.signs_up(zone).await;
        person.confirms().await;
        person.signs_in().await;
        person
    }

    /// The text of the newest mail to an address.
    pub fn newest_mail(&self, to: &str) -> Option<String> {
        let mails = atlas::app::outbox::newest(&self.site.app, usize::MAX).unwrap();
        mails.into_iter().find(|mail| mail.to.as_str() == to).and_then(|mail| mail.letter).map(|letter| letter.text)
    }

    /// How many mails an address got.
    pub fn mails(&self, to: &str) -> usize {
        let mails = atlas::app::outbox::newest(&self.site.app, usize::MAX).unwrap();
        mails.iter().filter(|mail| mail.to.as_str() == to).count()
    }

    /// The same environment after its server was stopped and started again, at another address.
    pub async fn restarted(self) -> Self {
        self.restarted_after(|_| ()).await
    }

    /// The same, when something was done to its file in between.
    pub async fn restarted_after(mut self, meanwhile: impl FnOnce(&Path)) -> Self {
        self.stops();
        self.serving.take().unwrap().await.unwrap();
        let Self { clock, site, settings, folder, .. } = self;
        site.app.store.flush().await.unwrap();
        // Whatever still runs in the background lets go of the file first.
        while Arc::strong_count(&site) > 1 {
            tokio::task::yield_now().await;
        }
        drop(site);
        meanwhile(&settings.data_file);
        Self::open(folder, settings, clock, Limits::default(), Duration::from_secs(30)).await
    }

    /// Begins to stop serving, as a signal does.
    pub fn stops(&mut self) {
        self.stop.take();
    }
}

pub fn instant(text: &str) -> Timestamp {
    text.parse().unwrap()
}
