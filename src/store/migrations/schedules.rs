//! Schema 2: a habit's weekdays become a schedule with its history.
//!
//! Up: the weekdays apply from the civil date on which the habit was created, in its owner's time zone. For an archived habit,
//! nothing is scheduled from the day on which it was archived. Down: only the newest weekdays are kept; earlier schedules are
//! lost.

use jiff::tz::TimeZone;
use jiff::{Timestamp, civil};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::step::{LossCounts, Migration, decode, encode, rewrite};
use crate::store::{Error, Reader, WriteTxn};

pub(super) const MIGRATION: Migration =
    Migration { to: 2, about: "habits keep the history of their schedules", min_reader: 2, up, down, count_losses };

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

fn up(txn: &mut WriteTxn<'_, '_>) -> Result<(), Error> {
    rewrite(txn, HABITS, |txn, key, value| {
        let before: Before = decode(HABITS, 1, value)?;
        let zone = owner_zone(txn, key)?;
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
        encode(HABITS, 2, &after)
    })
}

fn down(txn: &mut WriteTxn<'_, '_>) -> Result<(), Error> {
    rewrite(txn, HABITS, |_, _, value| {
        let after: After = decode(HABITS, 2, value)?;
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
        encode(HABITS, 1, &before)
    })
}

fn count_losses(txn: &WriteTxn<'_, '_>) -> Result<LossCounts, Error> {
    let mut versions = 0;
    for (_, value) in txn.scan(HABITS, &[], None, usize::MAX)? {
        let habit: After = decode(HABITS, 2, &value)?;
        versions += u64::try_from(habit.schedule.iter().filter(|version| version.weekdays.is_some()).count())
            .unwrap_or(0)
            .max(1)
            - 1;
    }
    Ok(vec![("earlier schedules of habits", versions)])
}

/// The time zone of a habit's owner. The key of a habit begins with the owner's id.
fn owner_zone(txn: &WriteTxn<'_, '_>, key: &[u8]) -> Result<TimeZone, Error> {
    let owner = key.get(..16).unwrap_or_default();
    let Some(account) = txn.get_bytes(ACCOUNTS, owner)? else { return Ok(TimeZone::UTC) };
    let account: Owner = decode(ACCOUNTS, 1, &account)?;
    Ok(TimeZone::get(&account.credentials.zone).unwrap_or(TimeZone::UTC))
}
