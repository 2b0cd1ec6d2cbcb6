//! Schema 2: a habit's weekdays become a schedule that keeps its past.
//!
//! Up: the weekdays count from the civil date on which the habit was made, where its owner lived. For a habit that was put
//! away, nothing is planned from that day on. Down: only the newest weekdays are kept; what was planned before is lost.

use jiff::tz::TimeZone;
use jiff::{Timestamp, civil};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Losses, Migration, read, rewrite, write};
use crate::store::{Draft, Error, Read};

pub(super) const STEP: Migration = Migration {
    to: 2,
    about: "weekdays of habits become schedules that keep their past",
    min_reader: 2,
    up,
    down,
    loses,
};

const HABITS: &str = "habits";
const ACCOUNTS: &str = "accounts";

#[derive(Serialize, Deserialize)]
struct Before {
    id: Value,
    title: Value,
    description: Value,
    weekdays: Value,
    reminder_times: Value,
    position: Value,
    created_at: Timestamp,
    archived_at: Option<Timestamp>,
}

#[derive(Serialize, Deserialize)]
struct After {
    id: Value,
    title: Value,
    description: Value,
    reminder_times: Value,
    schedule: Vec<Version>,
    position: Value,
    created_at: Timestamp,
    updated_at: Timestamp,
    archived_at: Option<Timestamp>,
}

#[derive(Serialize, Deserialize)]
struct Version {
    from: civil::Date,
    weekdays: Option<Value>,
}

#[derive(Deserialize)]
struct Owner {
    credentials: Credentials,
}

#[derive(Deserialize)]
struct Credentials {
    zone: String,
}

fn up(draft: &mut Draft<'_, '_>) -> Result<(), Error> {
    rewrite(draft, HABITS, |draft, key, value| {
        let before: Before = read(HABITS, 1, value)?;
        let zone = zone_of(draft, key)?;
        let day = |at: Timestamp| zone.to_datetime(at).date();
        let mut schedule = vec![Version { from: day(before.created_at), weekdays: Some(before.weekdays) }];
        match before.archived_at.map(day) {
            Some(end) if end > day(before.created_at) => schedule.push(Version { from: end, weekdays: None }),
            _ => {}
        }
        let after = After {
            id: before.id,
            title: before.title,
            description: before.description,
            reminder_times: before.reminder_times,
            schedule,
            position: before.position,
            created_at: before.created_at,
            updated_at: before.archived_at.unwrap_or(before.created_at),
            archived_at: before.archived_at,
        };
        write(HABITS, 2, &after)
    })
}

fn down(draft: &mut Draft<'_, '_>) -> Result<(), Error> {
    rewrite(draft, HABITS, |_, _, value| {
        let after: After = read(HABITS, 2, value)?;
        let weekdays = after.schedule.into_iter().rev().find_map(|version| version.weekdays);
        let before = Before {
            id: after.id,
            title: after.title,
            description: after.description,
            weekdays: weekdays.unwrap_or_else(|| (1..=7).collect()),
            reminder_times: after.reminder_times,
            position: after.position,
            created_at: after.created_at,
            archived_at: after.archived_at,
        };
        write(HABITS, 1, &before)
    })
}

fn loses(draft: &Draft<'_, '_>) -> Result<Losses, Error> {
    let mut versions = 0;
    for (_, value) in draft.rows(HABITS, &[], None, usize::MAX)? {
        let habit: After = read(HABITS, 2, &value)?;
        versions +=
            u64::try_from(habit.schedule.iter().filter(|one| one.weekdays.is_some()).count()).unwrap_or(0).max(1) - 1;
    }
    Ok(vec![("earlier schedules of habits", versions)])
}

/// Where the owner of a habit lives; its key begins with the owner's.
fn zone_of(draft: &Draft<'_, '_>, key: &[u8]) -> Result<TimeZone, Error> {
    let owner = key.get(..16).unwrap_or_default();
    let Some(account) = draft.bytes(ACCOUNTS, owner)? else { return Ok(TimeZone::UTC) };
    let account: Owner = read(ACCOUNTS, 1, &account)?;
    Ok(TimeZone::get(&account.credentials.zone).unwrap_or(TimeZone::UTC))
}
