//! A data file with many members, written through the store: accounts, habits, completions, and a session for each member, so
//! that no one has to sign up or sign in.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use atlas::app::clock::Clock;
use atlas::app::identity::keys::{Keys, Purpose};
use atlas::app::new_file_identity;
use atlas::domain::accounts::credentials::Credentials;
use atlas::domain::accounts::password::PasswordHash;
use atlas::domain::accounts::preferences::Preferences;
use atlas::domain::accounts::session::Session;
use atlas::domain::habits::amount::Amount;
use atlas::domain::habits::day_log::{AmountEntry, DayLog, Note};
use atlas::domain::habits::goal::{Goal, GoalPeriod};
use atlas::domain::habits::habit::HabitPlan;
use atlas::domain::habits::habit_year::HabitYear;
use atlas::domain::habits::rule::Rule;
use atlas::domain::{
    Account, AccountId, Client, Day, Description, DisplayName, Email, EntryId, Environment, Frequency, Habit, HabitId,
    Schedule, Title, Weekdays, Window, Zone,
};
use atlas::store::migrations::Migrations;
use atlas::store::tables::schema;
use atlas::store::tables::{accounts, completions, day_logs, habits, sessions};
use atlas::store::{Error, Store, WriteTxn};
use jiff::civil::{Date, time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};
use redb::{ReadableDatabase, ReadableTableMetadata, TableDefinition};

use crate::format_thousands;
use crate::server::today;

/// Active habits of every member.
pub const HABITS_PER_MEMBER: usize = 10;
/// Days up to yesterday on which every member completed all habits.
pub const COMPLETED_DAYS: usize = 365;
const MEMBERS_PER_COMMIT: usize = 500;

/// What the members' habits are.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Population {
    /// Done or not, every day.
    YesNo,
    /// Of every kind, with amounts, notes, and skipped days. [`YES_NO_OF_MIXED`] of them are done or not.
    Mixed,
}

/// How many habits of a mixed population have a completion for each of the days.
pub const YES_NO_OF_MIXED: usize = 5;

/// Titles and descriptions of every member's habits, in order.
const HABIT_TEXTS: [(&str, &str); HABITS_PER_MEMBER] = [
    ("Run along the river", "The loop history the two bridges, slowly enough to talk."),
    ("Stretch before coffee", "Ten minutes on the mat, no phone in the room."),
    ("Read 10 pages", ""),
    ("Write the morning page", "One side, unedited. For my eyes only."),
    ("Drink a glass of water first", ""),
    ("Practice the cello", "Scales in two keys, then the slow movement."),
    ("Learn 12 Portuguese words", ""),
    ("Lights out at 22:30", "Charger stays in the kitchen."),
    ("Tidy the desk before leaving", ""),
    ("Walk without headphones", "Around the block after lunch, even when it rains."),
];

/// A data file that was created, and what is in it. Members are numbered from 0.
pub struct Dataset {
    /// The number of members.
    pub members: usize,
    pub population: Population,
    /// The size of the file.
    pub bytes: u64,
    pub tables: Vec<TableSize>,
    /// How long it took to create the file.
    pub build_time: Duration,
    history: Arc<History>,
}

impl Dataset {
    /// Creates the data file of the development environment in `folder`.
    pub async fn build(folder: &Path, members: usize, population: Population) -> Self {
        let began = Instant::now();
        let path = folder.join("data/development/atlas.redb");
        let environment: Environment = "development".parse().expect("an environment");
        let born = new_file_identity(&Clock::System).expect("random numbers");
        let store =
            Store::open_or_create(&path, &environment, Migrations::BUILT_IN, || born).expect("a data file").store;
        let keys = Keys::derive(None, store.file_key(), &environment);
        let history = Arc::new(History::until_yesterday());
        for first in (0..members).step_by(MEMBERS_PER_COMMIT) {
            let history = Arc::clone(&history);
            let batch: Vec<_> = (first..members.min(first + MEMBERS_PER_COMMIT))
                .map(|member| (member, keys.hash(Purpose::Session, &session_token(member))))
                .collect();
            let inserted = store.write(move |draft| {
                for (member, session) in batch {
                    insert_member(draft, &history, member, &session, population);
                }
                Ok::<_, Error>(())
            });
            inserted.await.expect("room on the disk");
        }
        drop(store);
        let build_time = began.elapsed();
        let bytes = std::fs::metadata(&path).expect("the file").len();
        Self { members, population, bytes, tables: table_sizes(&path), build_time, history }
    }

    /// The number of completions in the file: without those of habits with amounts, and about a hundredth fewer where days are
    /// skipped.
    pub fn completions(&self) -> usize {
        let habits = if self.population == Population::Mixed { YES_NO_OF_MIXED } else { HABITS_PER_MEMBER };
        self.members * habits * COMPLETED_DAYS
    }

    /// "1,000 members", "1,000 mixed members".
    pub fn name(&self) -> String {
        let mixed = if self.population == Population::Mixed { "mixed " } else { "" };
        format!("{} {mixed}members", format_thousands(self.members))
    }

    pub fn account_id(&self, member: usize) -> AccountId {
        AccountId::generate(self.history.signed_up_at(member), random_bytes(member))
    }

    pub fn first_habit(&self, member: usize) -> HabitId {
        new_habit_id(self.history.signed_up_at(member), member, 0).0
    }

    /// The member of the n-th request: every member once before any member a second time, and neighbors never consecutively.
    pub fn member_at(&self, index: usize) -> usize {
        // It has no common divisor with a power of ten, so its multiples reach every member.
        index * 61_803_391 % self.members
    }
}

pub fn email(member: usize) -> String {
    format!("testuser.{member}@example.com")
}

/// The value of the `Cookie` header of a member.
pub fn session_cookie(member: usize) -> String {
    format!("atlas-development={}", session_token(member))
}

/// The disk usage of a table.
pub struct TableSize {
    pub table: &'static str,
    /// Keys and values.
    pub row_bytes: u64,
    /// Whole pages, including their unused space.
    pub page_bytes: u64,
}

/// Reads the sizes from a file that no process has open.
fn table_sizes(path: &Path) -> Vec<TableSize> {
    let database = redb::Builder::new().open_read_only(path).expect("a data file");
    let transaction = database.begin_read().expect("a transaction");
    let sizes = schema::ALL.iter().map(|table| {
        let definition = TableDefinition::<&[u8], &[u8]>::new(table.name);
        let stats = transaction.open_table(definition).expect("a table").stats().expect("statistics");
        let page_bytes = stats.stored_bytes() + stats.metadata_bytes() + stats.fragmented_bytes();
        TableSize { table: table.name, row_bytes: stats.stored_bytes(), page_bytes }
    });
    sizes.collect()
}

fn session_token(member: usize) -> String {
    format!("token-of-data-member-{member:012}")
}

/// Ten pseudorandom bytes, always the same for a number.
fn random_bytes(number: usize) -> [u8; 10] {
    let mixed = (number as u64).wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mixed = (mixed ^ (mixed >> 31)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mut bytes = [0; 10];
    bytes[..8].copy_from_slice(&mixed.to_be_bytes());
    bytes
}

/// The days on which every member completed the habits, each with the time 07:00 UTC.
struct History(Vec<(Day, Timestamp)>);

impl History {
    /// Members signed up one after another, on the day before the first completion.
    fn signed_up_at(&self, member: usize) -> Timestamp {
        let (_, morning) = self.0[0];
        morning - SignedDuration::from_hours(32) + SignedDuration::from_millis(member as i64 * 800)
    }

    fn until_yesterday() -> Self {
        let first = today() - (COMPLETED_DAYS as i64).days();
        let morning = |date: Date| date.to_datetime(time(7, 0, 0, 0)).to_zoned(TimeZone::UTC).expect("a morning");
        let dates = first.series(1.day()).take(COMPLETED_DAYS);
        Self(dates.map(|date| (Day::from_date(date).expect("a day"), morning(date).timestamp())).collect())
    }

    /// The completions by year. Their time of day depends on `seed` and on the day.
    fn completions(&self, seed: usize) -> Vec<(i16, HabitYear)> {
        let mut years: Vec<(i16, HabitYear)> = Vec::new();
        for (index, (day, morning)) in self.0.iter().enumerate() {
            if years.last().is_none_or(|(year, _)| *year != day.year()) {
                years.push((day.year(), HabitYear::default()));
            }
            let minutes = (seed * 7 + index * 13) % 900;
            let (_, year) = years.last_mut().expect("a year");
            assert!(
                year.complete(*day, *morning + SignedDuration::from_mins(minutes as i64)),
                "every day is completed once"
            );
        }
        years
    }
}

fn insert_member(
    draft: &mut WriteTxn<'_, '_>,
    history: &History,
    member: usize,
    session: &[u8; 32],
    population: Population,
) {
    let (first, _) = history.0[0];
    let signed_up = history.signed_up_at(member);
    let id = AccountId::generate(signed_up, random_bytes(member));
    accounts::put(draft, &account(id, member, signed_up)).expect("an account is stored");

    // In the future, so that no page records that the session was used.
    let used_at = Timestamp::try_from(std::time::SystemTime::now()).expect("a time") + SignedDuration::from_hours(1);
    sessions::put(draft, session, &Session::new(id, Client::default(), used_at));

    for (position, (title, description)) in HABIT_TEXTS.iter().enumerate() {
        let (habit_id, created_at) = new_habit_id(signed_up, member, position);
        let plan = HabitPlan {
            description: Description::parse(description).expect("a description"),
            ..HabitPlan::new(Title::parse(title).expect("a title"), Weekdays::ALL)
        };
        let mut habit = Habit::new(habit_id, plan, position as u32, first, created_at);
        if population == Population::Mixed {
            habit.schedule = Schedule::new(first, mixed_rule(position, first));
        }
        habits::put(draft, id, &habit).expect("a habit is stored");
        if habit.schedule.has_amounts() {
            insert_amounts(draft, history, id, habit_id);
            continue;
        }
        let mut years = history.completions(member + position * 31);
        if population == Population::Mixed {
            insert_skips_and_notes(draft, history, id, habit_id, &mut years);
        }
        for (year, days) in years {
            completions::put(draft, id, year, habit_id, &days);
        }
    }
}

/// The first [`YES_NO_OF_MIXED`] habits are done or not.
fn mixed_rule(position: usize, first: Day) -> Rule {
    let times = |times, window| Frequency::Times { times, window };
    let frequency = match position {
        1 => times(5, Window::CalendarWeek),
        2 => times(20, Window::CalendarMonth),
        3 => times(3, Window::RollingDays(7)),
        4 => Frequency::EveryDays { days: 2, anchor: first },
        _ => Frequency::Weekdays,
    };
    let target = Amount::from_thousandths(10_000).expect("an amount");
    let goal = match position {
        0..YES_NO_OF_MIXED => Goal::YesNo,
        8 => Goal::AtLeast { target, per: GoalPeriod::Week },
        9 => Goal::AtMost { target, per: GoalPeriod::Day },
        _ => Goal::AtLeast { target, per: GoalPeriod::Day },
    };
    Rule { frequency, goal, ..Rule::default() }
}

/// One entry a day.
fn insert_amounts(draft: &mut WriteTxn<'_, '_>, history: &History, id: AccountId, habit: HabitId) {
    for (index, (day, morning)) in history.0.iter().enumerate() {
        let entry = AmountEntry {
            id: EntryId::generate(*morning, random_bytes(index)),
            amount: Amount::from_thousandths(8_000 + index as u64 * 31 % 4_000).expect("an amount"),
            recorded_at: *morning,
        };
        let log = DayLog { entries: vec![entry], ..DayLog::default() };
        day_logs::put(draft, id, *day, habit, &log).expect("a log is stored");
    }
}

/// Skips some days and writes a note on others.
fn insert_skips_and_notes(
    draft: &mut WriteTxn<'_, '_>,
    history: &History,
    id: AccountId,
    habit: HabitId,
    years: &mut [(i16, HabitYear)],
) {
    for (index, (day, _)) in history.0.iter().enumerate() {
        let (is_skipped, has_note) = (index % 90 == 45, index % 30 == 10);
        if is_skipped {
            for (_, days) in years.iter_mut().filter(|(year, _)| *year == day.year()) {
                days.undo(*day);
            }
        }
        if is_skipped || has_note {
            let note = Note::parse("Went well, and took less time than yesterday.").expect("a note");
            let log = DayLog { is_skipped, note: note.filter(|_| has_note), ..DayLog::default() };
            day_logs::put(draft, id, *day, habit, &log).expect("a log is stored");
        }
    }
}

/// The id of a member's habit, and when it was created.
fn new_habit_id(signed_up: Timestamp, member: usize, position: usize) -> (HabitId, Timestamp) {
    let created_at = signed_up + SignedDuration::from_secs(position as i64);
    (HabitId::generate(created_at, random_bytes(member * HABITS_PER_MEMBER + position)), created_at)
}

fn account(id: AccountId, member: usize, signed_up: Timestamp) -> Account {
    let email = Email::parse(&email(member)).expect("an address");
    let credentials = Credentials {
        name: DisplayName::parse(&format!("Testuser {member}")).expect("a name"),
        // As long as a real hash; no one signs in with it.
        password: PasswordHash("$argon2id$v=19$m=19456,t=2,p=1$".to_owned() + &"A".repeat(66)),
        zone: Zone::UTC,
    };
    Account::new(id, email, credentials, Preferences::default(), Some(signed_up), signed_up)
}
