//! A day in the life of a data file, of the use cases that the server runs.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use atlas::app::accounts::SignUp;
use atlas::app::clock::Clock;
use atlas::app::sessions::{self, Entry};
use atlas::app::{self, App, accounts, completions, habits, links, preferences};
use atlas::config::{self, Flags, Settings};
use atlas::domain::habit::Plan;
use atlas::domain::{Account, Client, Day, Environment, FileId, HabitId, ReminderTimes, Title, Weekdays};
use atlas::store::{Error, OpenError, Read, Store, schema};
use jiff::Timestamp;

use super::disk::Disk;
use crate::world::{NOON, PASSWORD, instant};

/// Every row of a file, by table and key.
pub type Rows = BTreeMap<(&'static str, Vec<u8>), Vec<u8>>;

/// By table: rows added, changed, removed.
pub type Shape = BTreeMap<&'static str, (usize, usize, usize)>;

/// What is there when the day begins.
pub struct Morning {
    pub bytes: Vec<u8>,
    ada: Account,
    habit: HabitId,
    token: String,
}

/// How many steps a day has; each is one commit.
pub const STEPS: usize = 10;

/// What a process keeps of the file in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Memory {
    /// All of it: the disk is read once.
    Ample,
    /// Nothing: the disk is asked at every look.
    None,
}

pub fn open(disk: Disk) -> Result<Store, OpenError> {
    open_with(disk, Memory::Ample)
}

pub fn open_with(disk: Disk, memory: Memory) -> Result<Store, OpenError> {
    let born = (FileId::mint(Timestamp::UNIX_EPOCH, [1; 10]), [2; 32], Timestamp::UNIX_EPOCH);
    let cache = if memory == Memory::Ample { 64 << 20 } else { 0 };
    Store::open_on(disk, cache, &Environment::development(), born)
}

pub fn rows(store: &Store) -> Result<Rows, Error> {
    store.read(|view| {
        let mut all = Rows::new();
        for table in &schema::ALL {
            let found = view.rows(table.name, &[], None, usize::MAX)?;
            all.extend(found.into_iter().map(|(key, value)| ((table.name, key), value)));
        }
        Ok(all)
    })
}

pub fn shape(before: &Rows, after: &Rows) -> Shape {
    let mut shape = Shape::new();
    for (key, value) in after {
        match before.get(key) {
            None => shape.entry(key.0).or_default().0 += 1,
            Some(old) if old != value => shape.entry(key.0).or_default().1 += 1,
            Some(_) => {}
        }
    }
    for key in before.keys().filter(|key| !after.contains_key(*key)) {
        shape.entry(key.0).or_default().2 += 1;
    }
    shape
}

pub fn app(store: Store) -> App {
    static SETTINGS: OnceLock<Settings> = OnceLock::new();
    let settings = SETTINGS.get_or_init(|| {
        let empty = tempfile::NamedTempFile::new().unwrap();
        let config = Some(empty.path().to_owned());
        let flags = Flags { environment: Some("development".to_owned()), config, ..Flags::default() };
        config::check(&flags, &BTreeMap::new()).unwrap().settings.unwrap()
    });
    App::new(store, settings, "http://localhost".parse().unwrap(), Clock::held_at(instant(NOON))).unwrap()
}

fn sign_up(name: &str) -> SignUp {
    SignUp {
        email: format!("{name}@example.com"),
        name: name.to_owned(),
        password: PASSWORD.to_owned(),
        again: None,
        zone: None,
    }
}

fn plan(title: &str) -> Plan {
    Plan {
        title: Title::parse(title).unwrap(),
        description: None,
        weekdays: Weekdays::parse([1, 2, 3, 4, 5, 6, 7]).unwrap(),
        reminder_times: ReminderTimes::parse(&[]).unwrap(),
    }
}

/// The same morning for every day of this process.
pub fn morning() -> &'static Morning {
    static MORNING: OnceLock<Morning> = OnceLock::new();
    MORNING
        .get_or_init(|| std::thread::spawn(|| tokio::runtime::Runtime::new().unwrap().block_on(made())).join().unwrap())
}

async fn made() -> Morning {
    let disk = Disk::default();
    let app = app(open(disk.clone()).unwrap());
    let (ada, _) = accounts::plant(&app, sign_up("ada"), true).await.unwrap();
    accounts::plant(&app, sign_up("ben"), false).await.unwrap();
    let habit = habits::create(&app, &ada, plan("Read"), None).await.unwrap().id;
    let entry = sessions::sign_in(&app, "ada@example.com", PASSWORD, None, None, Client::default()).await.unwrap();
    let Entry::Session(signed_in) = entry else { panic!("no second factor was set up") };
    let token = signed_in.token;
    drop(app);
    Morning { bytes: disk.after_a_kill(), ada, habit, token }
}

impl Morning {
    /// One thing that somebody does; the number goes from 0 to [`STEPS`].
    pub async fn step(&self, app: &App, number: usize) -> Result<(), app::Error> {
        let (ada, now) = (&self.ada, app.clock.now());
        let tick = |day: &str, done| completions::set(app, ada, self.habit, Day::parse(day).unwrap(), done, now);
        match number {
            0 => links::resend(app, "ben@example.com", &Client::default()).await,
            1 | 7 => habits::create(app, ada, plan("Walk"), None).await.map(drop),
            2 => tick("2026-02-12", true).await.map(drop),
            3 => {
                let title = Some(Title::parse("Read a page").unwrap());
                habits::change(app, ada, self.habit, habits::Change { title, ..Default::default() }).await.map(drop)
            }
            4 => {
                let weekdays = Some(Weekdays::parse([1, 4]).unwrap());
                habits::change(app, ada, self.habit, habits::Change { weekdays, ..Default::default() }).await.map(drop)
            }
            5 => tick("2026-02-12", false).await.map(drop),
            6 => {
                let done_sinks = Some(!ada.preferences.done_sinks);
                preferences::change(app, ada.id, preferences::Change { done_sinks, ..Default::default() })
                    .await
                    .map(drop)
            }
            8 => habits::archive(app, ada, self.habit).await.map(drop),
            _ => sessions::sign_out(app, &self.token, &Client::default()).await,
        }
    }
}
