//! Second floor: the use cases. One decision is one transaction, whoever asks: a page, JSON, seeds or the checklist.
//!
//! A use case takes the [`App`] first and what was asked after it, and answers with what is now true or an [`Error`].

pub mod accounts;
pub mod admin;
pub mod audit;
pub mod calendar;
pub mod challenges;
pub mod clock;
pub mod completions;
pub mod credentials;
pub mod elsewhere;
pub mod fetch;
pub mod figures;
pub mod guesses;
pub mod habits;
pub mod insights;
pub mod keys;
pub mod links;
mod mint;
pub mod outbox;
pub mod passwords;
pub mod portable;
pub mod preferences;
pub mod probes;
pub mod purge;
pub mod recovery;
pub mod relaying;
pub mod releases;
mod seal;
pub mod sending;
pub mod sessions;
pub mod snapshots;
pub mod two_factor;

use std::sync::Arc;

use data_encoding::HEXLOWER;

use tokio::sync::Notify;
use url::Url;

use crate::config::Settings;
use crate::config::policy::MailRule;
use crate::domain::{Account, Day, Email, FileId, Refusal};
use crate::store::{self, Store};
use clock::Clock;
use keys::Keys;
use passwords::Passwords;

/// Why a use case did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A rule said no; nothing was changed.
    #[error("{0}")]
    Refused(Refusal),
    /// Too much is going on; nothing was changed, and asking again soon is fine.
    #[error("too busy")]
    Busy,
    /// The data file cannot be read or written just now, as when the disk is full.
    #[error("{0}")]
    Unavailable(String),
    /// Something is broken.
    #[error("{0}")]
    Broken(String),
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<store::Error> for Error {
    fn from(error: store::Error) -> Self {
        match error {
            store::Error::Busy => Self::Busy,
            store::Error::File(_) | store::Error::Closed => Self::Unavailable(error.to_string()),
            store::Error::Panicked | store::Error::Corrupt { .. } => Self::Broken(error.to_string()),
        }
    }
}

impl From<getrandom::Error> for Error {
    fn from(error: getrandom::Error) -> Self {
        Self::Broken(format!("no random numbers: {error}"))
    }
}

/// What the use cases work with.
pub struct App {
    /// The data file.
    pub store: Store,
    /// What time it is.
    pub clock: Clock,
    /// A name of this process, another one after each start, which says nothing about it.
    pub instance: String,
    /// Keys that belong to this file and this environment.
    pub keys: Keys,
    /// Where passwords are hashed.
    pub passwords: Passwords,
    /// Where people reach this environment; links begin with it.
    pub app_url: Url,
    /// Whether pauses that only keep people from hammering are off, for browser tests.
    pub hurried: bool,
    /// Wrong passwords, as far as they are remembered.
    pub guesses: guesses::Guesses,
    admins: Vec<Email>,
    mail: Arc<outbox::Rules>,
    mail_waits: Notify,
    relaying: relaying::Watch,
    mint: mint::Mint,
    /// How old the snapshots are, for metrics.
    pub snapshot_ages: crate::observe::metrics::SnapshotAges,
    /// The second folder of snapshots, if there is one.
    pub elsewhere: Option<elsewhere::Elsewhere>,
    /// Held by whoever takes a snapshot.
    snapshotting: tokio::sync::Mutex<()>,
}

impl App {
    /// Puts the pieces together. The rules for mail follow the file's stamp, not the configuration.
    ///
    /// # Errors
    /// When the hashing thread cannot be started, or the system gives no random numbers.
    pub fn new(store: Store, settings: &Settings, app_url: Url, clock: Clock) -> std::io::Result<Self> {
        let policy = crate::config::policy::of(store.stamp().kind);
        let label = policy.marked.then(|| store.stamp().environment.to_string());
        let mut allow = settings.mail.allow.clone();
        allow.extend(settings.admins.iter().map(ToString::to_string));
        let keys = |secret| Keys::derive(secret, store.file_key(), &store.stamp().environment);
        let previous = settings.previous_secret.as_ref().map(|secret| keys(Some(secret)));
        Ok(Self {
            instance: HEXLOWER.encode(&random::<8>().map_err(std::io::Error::other)?),
            keys: keys(settings.secret.as_ref()).after(previous),
            passwords: Passwords::start()?,
            app_url,
            hurried: settings.test_endpoints,
            guesses: guesses::Guesses::default(),
            admins: settings.admins.clone(),
            mail: Arc::new(outbox::Rules {
                label,
                sends_to: match policy.mail {
                    MailRule::Captured => outbox::SendsTo::Nobody,
                    MailRule::ToAllowed => outbox::SendsTo::These(allow),
                    MailRule::ToEverybody => outbox::SendsTo::Everybody,
                },
                probe: probes::Watch::default(),
            }),
            mail_waits: Notify::new(),
            relaying: relaying::Watch::default(),
            mint: mint::Mint::default(),
            snapshot_ages: crate::observe::metrics::SnapshotAges::default(),
            elsewhere: elsewhere::Elsewhere::of(settings),
            snapshotting: tokio::sync::Mutex::default(),
            store,
            clock,
        })
    }

    /// Whom mail may go to, in a word: `nobody`, `allowed` or `everybody`.
    pub fn mail_guard(&self) -> &'static str {
        match self.mail.sends_to {
            outbox::SendsTo::Nobody => "nobody",
            outbox::SendsTo::These(_) => "allowed",
            outbox::SendsTo::Everybody => "everybody",
        }
    }

    /// The day it is where the person lives.
    pub fn today(&self, me: &Account) -> Day {
        Day::at(self.clock.now(), me.zone())
    }
}

/// Identity and key of a data file that is about to be made.
///
/// # Errors
/// When the system gives no random numbers.
pub fn newborn(clock: &Clock) -> Result<(FileId, [u8; 32], jiff::Timestamp), Error> {
    Ok((FileId::mint(clock.now(), random()?), random()?, clock.now()))
}

/// Random bytes from the operating system.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], Error> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes)?;
    Ok(bytes)
}
