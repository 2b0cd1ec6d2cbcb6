//! A data file with many people in it, written through the doors of the store: who they are, what they keep, what they
//! did, and a session for each, so that nobody has to sign up or in.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use atlas::app::clock::Clock;
use atlas::app::keys::{Keys, Purpose};
use atlas::app::newborn;
use atlas::domain::credentials::Credentials;
use atlas::domain::habit::Plan;
use atlas::domain::password::PasswordHash;
use atlas::domain::session::Session;
use atlas::domain::year::HabitYear;
use atlas::domain::{
    Account, AccountId, Client, Day, Description, DisplayName, Email, Environment, Habit, HabitId, ReminderTimes,
    Title, Weekdays, Zone,
};
use atlas::store::schema;
use atlas::store::{Draft, Error, Store, accounts, completions, habits, sessions};
use jiff::civil::{Date, time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};
use redb::{ReadableDatabase, ReadableTableMetadata, TableDefinition};

use crate::atlas::today;

/// How many habits everybody keeps.
pub const HABITS: usize = 10;
/// On how many days, up to yesterday, everybody did all of them.
pub const DAYS: usize = 365;
/// How many people one commit holds.
const BATCH: usize = 500;

/// What people keep, in this order.
const KEPT: [(&str, &str); HABITS] = [
    ("Run along the river", "The loop past the two bridges, slowly enough to talk."),
    ("Stretch before coffee", "Ten minutes on the mat, no phone in the room."),
    ("Read 10 pages", ""),
    ("Write the morning page", "One side, whatever comes. Nobody reads it."),
    ("Drink a glass of water first", ""),
    ("Practise the cello", "Scales in two keys, then the slow movement."),
    ("Learn 12 Portuguese words", ""),
    ("Lights out at 22:30", "Charger stays in the kitchen."),
    ("Tidy the desk before leaving", ""),
    ("Walk without headphones", "Around the block after lunch, even when it rains."),
];

/// A file that was made.
pub struct Town {
    /// How many people are in it.
    pub people: usize,
    /// How large the file is.
    pub bytes: u64,
    /// What its tables take.
    pub tables: Vec<Taken>,
    /// How long it took to make.
    pub took: Duration,
    past: Arc<Past>,
}

impl Town {
    /// Makes the data file of the development environment in `folder`.
    pub async fn build(folder: &Path, people: usize) -> Self {
        let began = Instant::now();
        let path = folder.join("data/development/atlas.redb");
        let environment: Environment = "development".parse().expect("an environment");
        let born = newborn(&Clock::System).expect("random numbers");
        let store = Store::open_or_create(&path, &environment, || born).expect("a data file").store;
        let keys = Keys::derive(None, store.file_key(), &environment);
        let past = Arc::new(Past::until_yesterday());
        for first in (0..people).step_by(BATCH) {
            let past = Arc::clone(&past);
            let batch: Vec<_> = (first..people.min(first + BATCH))
                .map(|number| (number, keys.hash(Purpose::Session, &token(number))))
                .collect();
            let settled = store.write(move |draft| {
                for (number, session) in batch {
                    settle(draft, &past, number, &session);
                }
                Ok::<_, Error>(())
            });
            settled.await.expect("room on the disk");
        }
        drop(store);
        let took = began.elapsed();
        let bytes = std::fs::metadata(&path).expect("the file").len();
        Self { people, bytes, tables: taken(&path), took, past }
    }

    /// How many completions it holds.
    pub fn completions(&self) -> usize {
        self.people * HABITS * DAYS
    }

    /// Who somebody is.
    pub fn person(&self, number: usize) -> AccountId {
        AccountId::mint(self.past.joined(number), noise(number))
    }

    /// The first habit of somebody.
    pub fn habit(&self, number: usize) -> HabitId {
        habit_of(self.past.joined(number), number, 0).0
    }

    /// Who comes at a visit: everybody before anybody comes twice, and neighbours never in a row.
    pub fn somebody(&self, visit: usize) -> usize {
        // It shares no divisor with a power of ten, so its multiples go round the whole town.
        visit * 61_803_391 % self.people
    }
}

/// The address of a person.
pub fn email(number: usize) -> String {
    format!("somebody.{number}@example.com")
}

/// The cookie of a person.
pub fn cookie(number: usize) -> String {
    format!("atlas-development={}", token(number))
}

/// What a table takes, in bytes.
pub struct Taken {
    /// Its name.
    pub name: &'static str,
    /// Its keys and values.
    pub rows: u64,
    /// Its pages, with the room that is left in them.
    pub pages: u64,
}

/// Looks into a file that nobody has open.
fn taken(path: &Path) -> Vec<Taken> {
    let database = redb::Builder::new().open_read_only(path).expect("a data file");
    let transaction = database.begin_read().expect("a look");
    let each = schema::ALL.iter().map(|table| {
        let definition = TableDefinition::<&[u8], &[u8]>::new(table.name);
        let stats = transaction.open_table(definition).expect("a table").stats().expect("its pages");
        let pages = stats.stored_bytes() + stats.metadata_bytes() + stats.fragmented_bytes();
        Taken { name: table.name, rows: stats.stored_bytes(), pages }
    });
    each.collect()
}

fn token(number: usize) -> String {
    format!("somebody-of-the-town-{number:012}")
}

/// Ten bytes that look random and are always the same for a number.
fn noise(number: usize) -> [u8; 10] {
    let mixed = (number as u64).wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mixed = (mixed ^ (mixed >> 31)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mut bytes = [0; 10];
    bytes[..8].copy_from_slice(&mixed.to_be_bytes());
    bytes
}

/// The days everybody has behind them, each with seven o'clock in the morning.
struct Past(Vec<(Day, Timestamp)>);

impl Past {
    /// They signed up one after the other, on the day before they began.
    fn joined(&self, number: usize) -> Timestamp {
        let (_, morning) = self.0[0];
        morning - SignedDuration::from_hours(32) + SignedDuration::from_millis(number as i64 * 800)
    }

    fn until_yesterday() -> Self {
        let first = today() - (DAYS as i64).days();
        let morning = |date: Date| date.to_datetime(time(7, 0, 0, 0)).to_zoned(TimeZone::UTC).expect("a morning");
        let dates = first.series(1.day()).take(DAYS);
        Self(dates.map(|date| (Day::from_date(date).expect("a day"), morning(date).timestamp())).collect())
    }

    /// Years and what was done in them, at a time of day that depends on `number` and the day.
    fn done(&self, number: usize) -> Vec<(i16, HabitYear)> {
        let mut years: Vec<(i16, HabitYear)> = Vec::new();
        for (at, (day, morning)) in self.0.iter().enumerate() {
            if years.last().is_none_or(|(year, _)| *year != day.year()) {
                years.push((day.year(), HabitYear::default()));
            }
            let minutes = (number * 7 + at * 13) % 900;
            let (_, year) = years.last_mut().expect("a year");
            assert!(year.tick(*day, *morning + SignedDuration::from_mins(minutes as i64)), "no day comes twice");
        }
        years
    }
}

/// Writes down everything of one person.
fn settle(draft: &mut Draft<'_, '_>, past: &Past, number: usize, session: &[u8; 32]) {
    let (first, _) = past.0[0];
    let joined = past.joined(number);
    let me = AccountId::mint(joined, noise(number));
    accounts::put(draft, &account(me, number, joined)).expect("an account is stored");

    // Later than now, so that no page writes down that the session was used.
    let used_at = Timestamp::try_from(std::time::SystemTime::now()).expect("a time") + SignedDuration::from_hours(1);
    sessions::put(draft, session, &Session::new(me, Client::default(), used_at));

    for (place, (title, description)) in KEPT.iter().enumerate() {
        let (id, made) = habit_of(joined, number, place);
        let plan = Plan {
            title: Title::parse(title).expect("a title"),
            description: Description::parse(description).expect("a description"),
            weekdays: Weekdays::ALL,
            reminder_times: ReminderTimes::default(),
        };
        habits::put(draft, me, &Habit::new(id, plan, place as u32, first, made)).expect("a habit is stored");
        for (year, days) in past.done(number + place * 31) {
            completions::put(draft, me, year, id, &days);
        }
    }
}

/// The id of somebody's habit, and when it was made.
fn habit_of(joined: Timestamp, number: usize, place: usize) -> (HabitId, Timestamp) {
    let made = joined + SignedDuration::from_secs(place as i64);
    (HabitId::mint(made, noise(number * HABITS + place)), made)
}

fn account(id: AccountId, number: usize, joined: Timestamp) -> Account {
    let email = Email::parse(&email(number)).expect("an address");
    let credentials = Credentials {
        name: DisplayName::parse(&format!("Somebody {number}")).expect("a name"),
        // As long as a real one; nobody signs in with it.
        password: PasswordHash("$argon2id$v=19$m=19456,t=2,p=1$".to_owned() + &"A".repeat(66)),
        zone: Zone::UTC,
    };
    Account::new(id, email, credentials, Some(joined), joined)
}
