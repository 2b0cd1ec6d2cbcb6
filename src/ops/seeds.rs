//! Seeds: people and habits to look at, so that nobody is tempted to copy production's.
//!
//! A set is a file in `seeds/`, embedded in the binary. Planting it again adds what is missing and changes nothing
//! else. Which days a habit was done follows from its title and the date alone, so a set looks the same everywhere.

use jiff::civil::time;
use jiff::{SignedDuration, Timestamp};
use rust_embed::Embed;
use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::app::accounts::{self, SignUp};
use crate::app::{App, Error, completions, habits};
use crate::config::Secret;
use crate::config::policy::SeedRule;
use crate::domain::habit::Plan;
use crate::domain::{Account, Day, Description, Habit, Kind, Refusal, ReminderTimes, Title, Weekdays};

/// Password of seeded people in development and previews, when no other is set.
pub const DEFAULT_PASSWORD: &str = "plenty of quiet mornings";

#[derive(Embed)]
#[folder = "seeds/"]
#[include = "*.toml"]
struct Sets;

/// Why nothing was planted.
#[derive(Debug, thiserror::Error)]
pub enum SeedError {
    /// The kind of environment is never seeded.
    #[error("{0} is never seeded: its data comes from its people. Use --env staging, development or preview/<name>.")]
    Refused(Kind),
    /// The environment wants a password of its own for seeded people.
    #[error("set SEED_PASSWORD: in {0} seeded people need a password that is not written in the source")]
    PasswordWanted(Kind),
    /// There is no such set.
    #[error("there is no seed set “{name}”; known sets: {known}")]
    Unknown {
        /// What was asked for.
        name: String,
        /// What there is.
        known: String,
    },
    /// The set cannot be read.
    #[error("seed set “{name}”: {why}")]
    Unreadable {
        /// The set.
        name: String,
        /// What is wrong with it.
        why: String,
    },
    /// The data file could not be read or written.
    #[error(transparent)]
    App(#[from] Error),
}

/// What was planted, without what was there before.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct Planted {
    /// New people.
    pub people: usize,
    /// New habits.
    pub habits: usize,
    /// New completions.
    pub completions: usize,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Set {
    person: Vec<Person>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Person {
    name: String,
    email: String,
    zone: String,
    #[serde(default = "yes")]
    confirmed: bool,
    #[serde(default)]
    habit: Vec<Seed>,
}

fn yes() -> bool {
    true
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Seed {
    title: String,
    #[serde(default)]
    description: String,
    weekdays: Weekdays,
    /// First day, or how many days back the first day lies.
    since: Since,
    /// Days that were done.
    #[serde(default)]
    done: Vec<Day>,
    /// Besides those, this share of all days up to yesterday, in percent.
    #[serde(default)]
    percent: u8,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Since {
    Day(Day),
    DaysBack(i32),
}

/// A set that may be planted: it can be read, and there is a password for its people.
pub struct Ready {
    set: Set,
    name: String,
    password: String,
}

/// Looks whether a set may be planted in a kind of environment, before any file is opened.
///
/// # Errors
/// [`SeedError`], except that of the data file.
pub fn ready(kind: Kind, name: &str, password: Option<&Secret>) -> Result<Ready, SeedError> {
    let password = match (crate::config::policy::of(kind).seed, password) {
        (SeedRule::Refused, _) => return Err(SeedError::Refused(kind)),
        (_, Some(password)) => password.reveal().to_owned(),
        (SeedRule::Freely, None) => DEFAULT_PASSWORD.to_owned(),
        (SeedRule::WithOwnPassword, None) => return Err(SeedError::PasswordWanted(kind)),
    };
    Ok(Ready { set: read(name)?, name: name.to_owned(), password })
}

/// Plants a set. The kind of the file's stamp is looked at once more: it is the truth.
///
/// # Errors
/// [`SeedError`]; what was planted before an error stays, and planting again goes on from there.
pub async fn plant(app: &App, ready: Ready) -> Result<Planted, SeedError> {
    let kind = app.store.stamp().kind;
    if crate::config::policy::of(kind).seed == SeedRule::Refused {
        return Err(SeedError::Refused(kind));
    }
    let Ready { set, name, password } = ready;
    let mut planted = Planted::default();
    for person in set.person {
        let typed = SignUp {
            email: person.email,
            name: person.name,
            password: password.clone(),
            again: None,
            zone: Some(person.zone),
        };
        let (account, is_new) = accounts::plant(app, typed, person.confirmed).await?;
        planted.people += usize::from(is_new);
        for seed in person.habit {
            let (habit, is_new) = plant_habit(app, &account, &seed, &name).await?;
            planted.habits += usize::from(is_new);
            let days = days_done(&seed, &habit, &account, app.clock.now());
            planted.completions += completions::plant(app, account.id, habit.id, days).await?;
        }
    }
    Ok(planted)
}

fn read(name: &str) -> Result<Set, SeedError> {
    let unreadable = |why: String| SeedError::Unreadable { name: name.to_owned(), why };
    let Some(file) = Sets::get(&format!("{name}.toml")) else {
        let known: Vec<_> = Sets::iter().filter_map(|file| file.strip_suffix(".toml").map(str::to_owned)).collect();
        return Err(SeedError::Unknown { name: name.to_owned(), known: known.join(", ") });
    };
    let text = std::str::from_utf8(&file.data).map_err(|error| unreadable(error.to_string()))?;
    toml::from_str(text).map_err(|error| unreadable(error.to_string()))
}

/// The habit of that title, made if the person has none, archived ones included.
async fn plant_habit(app: &App, account: &Account, seed: &Seed, set: &str) -> Result<(Habit, bool), SeedError> {
    let plan = (|| {
        Ok(Plan {
            title: Title::parse(&seed.title)?,
            description: Description::parse(&seed.description)?,
            weekdays: seed.weekdays,
            reminder_times: ReminderTimes::default(),
        })
    })();
    let plan: Plan = plan.map_err(|fault: crate::domain::Fault| SeedError::Unreadable {
        name: set.to_owned(),
        why: Refusal::Invalid(vec![fault]).to_string(),
    })?;
    let known = app.store.read(|view| crate::store::habits::all(view, account.id)).map_err(Error::from)?;
    if let Some(habit) = known.into_iter().find(|habit| habit.title == plan.title) {
        return Ok((habit, false));
    }
    let since = first_day(seed, account, app.clock.now());
    let midnight = since.date().to_zoned(account.zone().rules().clone()).map(|zoned| zoned.timestamp());
    let midnight = midnight.unwrap_or_else(|_| app.clock.now());
    let habit = habits::create(app, account, plan, Some((since, midnight))).await?;
    Ok((habit, true))
}

fn first_day(seed: &Seed, account: &Account, now: Timestamp) -> Day {
    match seed.since {
        Since::Day(day) => day,
        Since::DaysBack(days) => Day::at(now, account.zone()).plus(-days.clamp(0, 3_650)),
    }
}

/// The days a seed says were done, each with a believable time of the tick.
fn days_done(seed: &Seed, habit: &Habit, account: &Account, now: Timestamp) -> Vec<(Day, Timestamp)> {
    let zone = account.zone();
    let yesterday = Day::at(now, zone).yesterday();
    let mut days: Vec<Day> = seed.done.iter().copied().filter(|day| *day <= yesterday).collect();
    let mut day = habit.schedule.began();
    while day <= yesterday && seed.percent > 0 {
        if seed.weekdays.on(day) && chance(&seed.title, day) % 100 < u32::from(seed.percent) {
            days.push(day);
        }
        day = day.plus(1);
    }
    let ticked = |day: Day| {
        let minutes = i64::from(chance(&seed.title, day) % 720);
        let morning = day.date().to_datetime(time(8, 0, 0, 0)).to_zoned(zone.rules().clone());
        morning.map_or(now, |morning| morning.timestamp()) + SignedDuration::from_mins(minutes)
    };
    days.into_iter().map(|day| (day, ticked(day))).collect()
}

/// A number that depends on title and date alone.
fn chance(title: &str, day: Day) -> u32 {
    let digest = Sha256::digest(format!("{title}\n{day}"));
    digest.iter().take(4).fold(0, |number, byte| (number << 8) | u32::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_set_that_ships_can_be_read() {
        for file in Sets::iter() {
            assert!(read(file.strip_suffix(".toml").unwrap()).is_ok(), "{file}");
        }
        assert!(matches!(read("nothing"), Err(SeedError::Unknown { .. })));
    }
}
