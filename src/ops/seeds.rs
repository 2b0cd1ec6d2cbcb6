//! Seeds: demo users with habits, so that nobody copies production data to try something.
//!
//! A seed set is a file in `seeds/`, embedded in the binary. Seeding again adds what is missing and changes nothing else. The
//! completed days of a habit depend only on its title and the date, so a set looks the same everywhere.
//!
//! [`SeedError`]: `Refused` and `PasswordRequired` depend on the kind of environment; `UnknownSet`, `InvalidSet` and
//! `InvalidHabit` on the set; `App` is an error of the data file.

use jiff::civil::time;
use jiff::{SignedDuration, Timestamp};
use rust_embed::Embed;
use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::app::habits::{completions, habit};
use crate::app::identity::accounts;
use crate::app::identity::accounts::SignUpInput;
use crate::app::{App, Error};
use crate::config::Secret;
use crate::config::policy::SeedRule;
use crate::domain::habits::habit::HabitPlan;
use crate::domain::{
    Account, Day, Description, Emoji, EnvironmentKind, FieldError, Habit, HabitColor, Title, Weekdays,
};

/// The password of seeded users in development and previews, unless another one is configured.
pub const DEFAULT_PASSWORD: &str = "plenty of quiet mornings";

#[derive(Embed)]
#[folder = "seeds/"]
#[include = "*.toml"]
struct SeedFiles;

/// Why nothing was seeded.
#[derive(Debug, thiserror::Error)]
pub enum SeedError {
    /// Environments of this kind are never seeded.
    #[error("{0} is never seeded: it holds real data. Use --env staging, development or preview/<name>.")]
    Refused(EnvironmentKind),
    /// The default password is public, so environments of this kind need another one.
    #[error("set SEED_PASSWORD: in {0}, seeded users need a password that is not in the source code")]
    PasswordRequired(EnvironmentKind),
    /// No seed set has this name.
    #[error("there is no seed set “{name}”; available sets: {available}")]
    UnknownSet { name: String, available: String },
    /// The set is not valid TOML.
    #[error("seed set “{name}”: {source}")]
    InvalidSet { name: String, source: Box<toml::de::Error> },
    /// A habit in the set breaks a rule.
    #[error("seed set “{name}”, habit “{title}”: {}", .error.message)]
    InvalidHabit { name: String, title: String, error: FieldError },
    /// The data file could not be read or written.
    #[error(transparent)]
    App(#[from] Error),
}

/// The number of rows that were added.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct Seeded {
    #[serde(rename = "people")]
    pub users: usize,
    pub habits: usize,
    pub completions: usize,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SeedSet {
    #[serde(rename = "person")]
    users: Vec<SeedUser>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SeedUser {
    name: String,
    email: String,
    zone: String,
    #[serde(default = "yes")]
    confirmed: bool,
    #[serde(default, rename = "habit")]
    habits: Vec<SeedHabit>,
}

fn yes() -> bool {
    true
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SeedHabit {
    title: String,
    #[serde(default)]
    description: String,
    weekdays: Weekdays,
    color: Option<HabitColor>,
    #[serde(default)]
    emoji: String,
    since: Since,
    /// Completed days.
    #[serde(default)]
    done: Vec<Day>,
    /// Besides those, the share of all scheduled days until yesterday that are completed, in percent.
    #[serde(default)]
    percent: u8,
}

#[derive(Deserialize)]
#[serde(untagged)]
/// The first day of a habit: a date, or a number of days ago.
enum Since {
    Day(Day),
    DaysBack(i32),
}

/// A valid seed set with a password for its users.
pub struct PreparedSeeds {
    set: SeedSet,
    name: String,
    password: String,
}

/// Checks that a set exists and may be seeded in a kind of environment, before any file is opened.
///
/// # Errors
/// Every [`SeedError`] but [`SeedError::App`].
pub fn prepare(kind: EnvironmentKind, name: &str, password: Option<&Secret>) -> Result<PreparedSeeds, SeedError> {
    let password = match (crate::config::policy::for_kind(kind).seed, password) {
        (SeedRule::Refused, _) => return Err(SeedError::Refused(kind)),
        (_, Some(password)) => password.reveal().to_owned(),
        (SeedRule::Allowed, None) => DEFAULT_PASSWORD.to_owned(),
        (SeedRule::PasswordRequired, None) => return Err(SeedError::PasswordRequired(kind)),
    };
    Ok(PreparedSeeds { set: load_set(name)?, name: name.to_owned(), password })
}

/// Adds the users, habits and completions of a set that are missing. Checks the kind again, in the stamp of the data file,
/// which is authoritative.
///
/// # Errors
/// [`SeedError`]; what was added before the error stays, and seeding again continues.
pub async fn seed(app: &App, prepared: PreparedSeeds) -> Result<Seeded, SeedError> {
    let kind = app.store.stamp().kind;
    if crate::config::policy::for_kind(kind).seed == SeedRule::Refused {
        return Err(SeedError::Refused(kind));
    }
    let PreparedSeeds { set, name, password } = prepared;
    let mut seeded = Seeded::default();
    for user in set.users {
        let typed = SignUpInput {
            email: user.email,
            name: user.name,
            password: password.clone(),
            confirmation: None,
            zone: Some(user.zone),
        };
        let (account, is_new) = accounts::seed_account(app, typed, user.confirmed).await?;
        seeded.users += usize::from(is_new);
        for seed in user.habits {
            let (habit, is_new) = seed_habit(app, &account, &seed, &name).await?;
            seeded.habits += usize::from(is_new);
            let days = completed_days(&seed, &habit, &account, app.clock.now());
            seeded.completions += completions::seed_completions(app, account.id, habit.id, days).await?;
        }
    }
    Ok(seeded)
}

fn load_set(name: &str) -> Result<SeedSet, SeedError> {
    let Some(file) = SeedFiles::get(&format!("{name}.toml")) else {
        let names: Vec<_> =
            SeedFiles::iter().filter_map(|file| file.strip_suffix(".toml").map(str::to_owned)).collect();
        return Err(SeedError::UnknownSet { name: name.to_owned(), available: names.join(", ") });
    };
    toml::from_slice(&file.data)
        .map_err(|source| SeedError::InvalidSet { name: name.to_owned(), source: Box::new(source) })
}

/// The habit with this title, active or archived, created if it is missing. Returns whether it is new.
async fn seed_habit(app: &App, account: &Account, seed: &SeedHabit, set: &str) -> Result<(Habit, bool), SeedError> {
    let plan = (|| {
        Ok(HabitPlan {
            description: Description::parse(&seed.description)?,
            color: seed.color,
            emoji: Emoji::parse(&seed.emoji)?,
            ..HabitPlan::new(Title::parse(&seed.title)?, seed.weekdays)
        })
    })();
    let plan: HabitPlan = plan.map_err(|error| {
        let (name, title) = (set.to_owned(), seed.title.clone());
        SeedError::InvalidHabit { name, title, error }
    })?;
    let existing =
        app.store.read(|view| crate::store::tables::habits::list_all(view, account.id)).map_err(Error::from)?;
    if let Some(habit) = existing.into_iter().find(|habit| habit.title == plan.title) {
        return Ok((habit, false));
    }
    let since = first_day(seed, account, app.clock.now());
    let midnight = since.date().to_zoned(account.zone().time_zone().clone()).map(|zoned| zoned.timestamp());
    let midnight = midnight.unwrap_or_else(|_| app.clock.now());
    let habit = habit::create_habit(app, account, plan, Some((since, midnight))).await?;
    Ok((habit, true))
}

fn first_day(seed: &SeedHabit, account: &Account, now: Timestamp) -> Day {
    match seed.since {
        Since::Day(day) => day,
        Since::DaysBack(days) => Day::at(now, account.zone()).add_days(-days.clamp(0, 3_650)),
    }
}

/// The completed days of a habit, each with a plausible time of completion.
fn completed_days(seed: &SeedHabit, habit: &Habit, account: &Account, now: Timestamp) -> Vec<(Day, Timestamp)> {
    let zone = account.zone();
    let yesterday = Day::at(now, zone).yesterday();
    let mut days: Vec<Day> = seed.done.iter().copied().filter(|day| *day <= yesterday).collect();
    let mut day = habit.schedule.start();
    while day <= yesterday && seed.percent > 0 {
        if seed.weekdays.includes(day) && chance(&seed.title, day) % 100 < u32::from(seed.percent) {
            days.push(day);
        }
        day = day.add_days(1);
    }
    let completed_at = |day: Day| {
        let minutes = i64::from(chance(&seed.title, day) % 720);
        let morning = day.date().to_datetime(time(8, 0, 0, 0)).to_zoned(zone.time_zone().clone());
        morning.map_or(now, |morning| morning.timestamp()) + SignedDuration::from_mins(minutes)
    };
    days.into_iter().map(|day| (day, completed_at(day))).collect()
}

/// A pseudo-random number that depends only on title and date.
fn chance(title: &str, day: Day) -> u32 {
    let digest = Sha256::digest(format!("{title}\n{day}"));
    digest.iter().take(4).fold(0, |number, byte| (number << 8) | u32::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_embedded_set_is_valid() {
        for file in SeedFiles::iter() {
            assert!(load_set(file.strip_suffix(".toml").unwrap()).is_ok(), "{file}");
        }
        assert!(matches!(load_set("nothing"), Err(SeedError::UnknownSet { .. })));
    }
}
