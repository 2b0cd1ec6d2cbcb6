//! What every use case works with: the data file, the clock, the keys, and the state kept in memory.

use std::sync::Arc;

use data_encoding::HEXLOWER;
use tokio::sync::Notify;
use url::Url;

use crate::app::backup::offsite::Offsite;
use crate::app::client_echo::ClientEcho;
use crate::app::clock::Clock;
use crate::app::error::Error;
use crate::app::id_generator::IdGenerator;
use crate::app::identity::keys::Keys;
use crate::app::identity::lockout::Lockout;
use crate::app::identity::password_hasher::PasswordHasher;
use crate::app::mail::in_transit::InTransit;
use crate::app::mail::policy::{MailPolicy, RecipientPolicy};
use crate::app::mail::probe_mailbox::ProbeMailbox;
use crate::app::mail::relay_monitor::RelayMonitor;
use crate::app::random::random_bytes;
use crate::config::Settings;
use crate::config::policy::MailRule;
use crate::domain::accounts::preferences::Preferences;
use crate::domain::{Account, AccountId, AuditId, Day, Email, EntryId, HabitId, ImportId, MailId};
use crate::observe::metrics::SnapshotAges;
use crate::store::Store;

/// The first argument of every use case.
pub struct App {
    pub store: Store,
    pub clock: Clock,
    /// A random name of this process, different after every start.
    pub instance: String,
    /// Derived for this file and this environment.
    pub keys: Keys,
    pub passwords: PasswordHasher,
    /// The public address of this environment; links begin with it.
    pub app_url: Url,
    /// Whether cooldowns are skipped, so that browser tests need not wait.
    pub skip_cooldowns: bool,
    pub lockout: Lockout,
    /// Whether users may import files that this data file did not export.
    pub(in crate::app) accepts_foreign_imports: bool,
    pub(in crate::app) admins: Vec<Email>,
    /// Whether admins see what users wrote in their habits.
    pub admins_see_habits: bool,
    /// What a new account starts with.
    pub(in crate::app) new_user_preferences: Preferences,
    pub(in crate::app) mail_policy: Arc<MailPolicy>,
    /// Wakes the delivery loop.
    pub(in crate::app) mail_queued: Notify,
    pub(in crate::app) relay: RelayMonitor,
    pub(in crate::app) in_transit: InTransit,
    pub(in crate::app) ids: IdGenerator,
    /// How a checklist's request arrived.
    pub client_echo: ClientEcho,
    /// How old the snapshots are, for metrics.
    pub snapshot_ages: SnapshotAges,
    /// Where snapshots are copied to, if configured.
    pub offsite: Option<Offsite>,
    /// Held while a snapshot is taken.
    pub(in crate::app) snapshot_lock: tokio::sync::Mutex<()>,
}

impl App {
    /// Builds the context of one environment. The mail policy follows the stamp of the file, not the configuration.
    ///
    /// # Errors
    /// When the hashing thread cannot be started, or the operating system provides no random bytes.
    pub fn new(store: Store, settings: &Settings, app_url: Url, clock: Clock) -> std::io::Result<Self> {
        let policy = crate::config::policy::for_kind(store.stamp().kind);
        let label = policy.is_labeled.then(|| store.stamp().environment.to_string());
        let mut allowed = settings.mail.allow.clone();
        allowed.extend(settings.admins.iter().map(ToString::to_string));
        let keys = |secret| Keys::derive(secret, store.file_key(), &store.stamp().environment);
        let previous = settings.previous_secret.as_ref().map(|secret| keys(Some(secret)));
        Ok(Self {
            instance: HEXLOWER.encode(&random_bytes::<8>().map_err(std::io::Error::other)?),
            keys: keys(settings.secret.as_ref()).with_previous(previous),
            passwords: PasswordHasher::start()?,
            app_url,
            skip_cooldowns: settings.test_endpoints,
            lockout: Lockout::default(),
            accepts_foreign_imports: settings.foreign_imports,
            admins: settings.admins.clone(),
            admins_see_habits: settings.admins_see_habits,
            new_user_preferences: Preferences { backfill: settings.new_user_backfill, ..Preferences::default() },
            mail_policy: Arc::new(MailPolicy {
                label,
                recipients: match policy.mail {
                    MailRule::Capture => RecipientPolicy::Nobody,
                    MailRule::SendToAllowed => RecipientPolicy::Allowed(allowed),
                    MailRule::SendToEveryone => RecipientPolicy::Everybody,
                },
                probe: ProbeMailbox::default(),
            }),
            mail_queued: Notify::new(),
            relay: RelayMonitor::default(),
            in_transit: InTransit::default(),
            ids: IdGenerator::default(),
            client_echo: ClientEcho::default(),
            snapshot_ages: SnapshotAges::default(),
            offsite: Offsite::from_settings(settings),
            snapshot_lock: tokio::sync::Mutex::default(),
            store,
            clock,
        })
    }

    /// Whom this environment sends mail to.
    pub fn recipient_policy(&self) -> &RecipientPolicy {
        &self.mail_policy.recipients
    }

    /// Today's date in the account's time zone.
    pub fn today(&self, account: &Account) -> Day {
        Day::at(self.clock.now(), account.zone())
    }

    /// Whether this account is an admin of this environment.
    ///
    /// SECURITY: the whole address is compared, in the one spelling that [`Email`] allows, and it must be confirmed.
    /// Admins are configured, so nothing that writes to the data file can create one. Checked on every request.
    pub fn is_admin(&self, account: &Account) -> bool {
        account.verified_at.is_some() && account.disabled_at.is_none() && self.admins.contains(&account.email)
    }

    pub(in crate::app) fn generate_account_id(&self) -> Result<AccountId, Error> {
        self.ids.next(&self.clock).map(|(at, bytes)| AccountId::generate(at, bytes))
    }

    pub(in crate::app) fn generate_habit_id(&self) -> Result<HabitId, Error> {
        self.ids.next(&self.clock).map(|(at, bytes)| HabitId::generate(at, bytes))
    }

    pub(in crate::app) fn generate_entry_id(&self) -> Result<EntryId, Error> {
        self.ids.next(&self.clock).map(|(at, bytes)| EntryId::generate(at, bytes))
    }

    pub(in crate::app) fn generate_import_id(&self) -> Result<ImportId, Error> {
        self.ids.next(&self.clock).map(|(at, bytes)| ImportId::generate(at, bytes))
    }

    pub(in crate::app) fn generate_audit_id(&self) -> Result<AuditId, Error> {
        self.ids.next(&self.clock).map(|(at, bytes)| AuditId::generate(at, bytes))
    }

    pub(in crate::app) fn generate_mail_id(&self) -> Result<MailId, Error> {
        self.ids.next(&self.clock).map(|(at, bytes)| MailId::generate(at, bytes))
    }
}
