//! A workload on a data file: the use cases that the server runs.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use atlas::app;
use atlas::app::App;
use atlas::app::clock::Clock;
use atlas::app::habits::{completions, habit};
use atlas::app::identity::accounts::SignUpInput;
use atlas::app::identity::sessions;
use atlas::app::identity::sign_in::SignInOutcome;
use atlas::app::identity::sign_in::sign_in;
use atlas::app::identity::verification_email;
use atlas::app::identity::{accounts, preferences};
use atlas::config::{self, Flags, Settings};
use atlas::domain::habits::habit::HabitPlan;
use atlas::domain::habits::schedule_change::ScheduleChange;
use atlas::domain::{Account, Client, Day, Environment, FileId, HabitId, Title, Weekdays};
use atlas::store::migrations::Migrations;
use atlas::store::tables::schema;
use atlas::store::{Error, OpenError, Reader, Store};
use jiff::Timestamp;

use super::faulty_disk::FaultyDisk;
use crate::world::{NOON, PASSWORD, instant};

/// Every row of a file, by table and key.
pub type Rows = BTreeMap<(&'static str, Vec<u8>), Vec<u8>>;

/// By table: the number of rows added, changed and removed.
pub type RowChanges = BTreeMap<&'static str, (usize, usize, usize)>;

/// The data file before the workload runs.
pub struct Fixture {
    pub bytes: Vec<u8>,
    ada: Account,
    habit: HabitId,
    token: String,
}

/// The steps of the workload; each is one commit.
pub const STEP_COUNT: usize = 10;

/// How much of the file the store may cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CacheMode {
    /// The whole file: every page is read from the disk once.
    Full,
    /// Nothing: every read goes to the disk.
    None,
}

pub fn open_store(disk: FaultyDisk) -> Result<Store, OpenError> {
    open_store_with(disk, CacheMode::Full)
}

pub fn open_store_with(disk: FaultyDisk, cache: CacheMode) -> Result<Store, OpenError> {
    let identity = (FileId::generate(Timestamp::UNIX_EPOCH, [1; 10]), [2; 32], Timestamp::UNIX_EPOCH);
    let cache_bytes = if cache == CacheMode::Full { 64 << 20 } else { 0 };
    Store::open_storage(disk, cache_bytes, &Environment::development(), Migrations::BUILT_IN, identity)
}

pub fn read_rows(store: &Store) -> Result<Rows, Error> {
    store.read(|view| {
        let mut all = Rows::new();
        for table in &schema::ALL {
            let found = view.scan(table.name, &[], None, usize::MAX)?;
            all.extend(found.into_iter().map(|(key, value)| ((table.name, key), value)));
        }
        Ok(all)
    })
}

pub fn diff_rows(before: &Rows, after: &Rows) -> RowChanges {
    let mut changes = RowChanges::new();
    for (key, value) in after {
        match before.get(key) {
            None => changes.entry(key.0).or_default().0 += 1,
            Some(old) if old != value => changes.entry(key.0).or_default().1 += 1,
            Some(_) => {}
        }
    }
    for key in before.keys().filter(|key| !after.contains_key(*key)) {
        changes.entry(key.0).or_default().2 += 1;
    }
    changes
}

pub fn new_app(store: Store) -> App {
    static SETTINGS: OnceLock<Settings> = OnceLock::new();
    let settings = SETTINGS.get_or_init(|| {
        let empty = tempfile::NamedTempFile::new().unwrap();
        let config = Some(empty.path().to_owned());
        let flags = Flags { environment: Some("development".to_owned()), config, ..Flags::default() };
        config::check(&flags, &BTreeMap::new()).unwrap().settings.unwrap()
    });
    App::new(store, settings, "http://localhost".parse().unwrap(), Clock::fixed_at(instant(NOON))).unwrap()
}

fn sign_up_form(name: &str) -> SignUpInput {
    SignUpInput {
        email: format!("{name}@example.com"),
        name: name.to_owned(),
        password: PASSWORD.to_owned(),
        confirmation: None,
        zone: None,
    }
}

fn plan(title: &str) -> HabitPlan {
    HabitPlan::new(Title::parse(title).unwrap(), Weekdays::parse([1, 2, 3, 4, 5, 6, 7]).unwrap())
}

/// Created once per test process.
pub fn fixture() -> &'static Fixture {
    static FIXTURE: OnceLock<Fixture> = OnceLock::new();
    FIXTURE.get_or_init(|| {
        std::thread::spawn(|| tokio::runtime::Runtime::new().unwrap().block_on(create_fixture())).join().unwrap()
    })
}

async fn create_fixture() -> Fixture {
    let disk = FaultyDisk::default();
    let app = new_app(open_store(disk.clone()).unwrap());
    let (ada, _) = accounts::seed_account(&app, sign_up_form("ada"), true).await.unwrap();
    accounts::seed_account(&app, sign_up_form("ben"), false).await.unwrap();
    let habit = habit::create_habit(&app, &ada, plan("Read"), None).await.unwrap().id;
    let entry = sign_in(&app, "ada@example.com", PASSWORD, None, None, Client::default()).await.unwrap();
    let SignInOutcome::Session(signed_in) = entry else { panic!("a second factor was requested") };
    let token = signed_in.token;
    drop(app);
    Fixture { bytes: disk.bytes_after_kill(), ada, habit, token }
}

impl Fixture {
    /// Runs one use case; `number` is below [`STEP_COUNT`].
    pub async fn run_step(&self, app: &App, number: usize) -> Result<(), app::Error> {
        let (ada, now) = (&self.ada, app.clock.now());
        let complete =
            |day: &str, done| completions::set_completed(app, ada, self.habit, Day::parse(day).unwrap(), done, now);
        match number {
            0 => verification_email::resend_verification(app, "ben@example.com", &Client::default()).await,
            1 | 7 => habit::create_habit(app, ada, plan("Walk"), None).await.map(drop),
            2 => complete("2026-02-12", true).await.map(drop),
            3 => {
                let title = Some(Title::parse("Read a page").unwrap());
                habit::update_habit(app, ada, self.habit, habit::HabitChange { title, ..Default::default() })
                    .await
                    .map(drop)
            }
            4 => {
                let weekdays = Some(Weekdays::parse([1, 4]).unwrap());
                habit::update_habit(
                    app,
                    ada,
                    self.habit,
                    habit::HabitChange {
                        schedule: ScheduleChange { weekdays, ..Default::default() },
                        ..Default::default()
                    },
                )
                .await
                .map(drop)
            }
            5 => complete("2026-02-12", false).await.map(drop),
            6 => {
                let completed_last = Some(!ada.preferences.completed_last);
                preferences::update_preferences(
                    app,
                    ada.id,
                    preferences::PreferencesChange { completed_last, ..Default::default() },
                )
                .await
                .map(drop)
            }
            8 => habit::archive_habit(app, ada, self.habit).await.map(drop),
            _ => sessions::sign_out(app, &self.token, &Client::default()).await,
        }
    }
}
