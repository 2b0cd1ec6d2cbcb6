//! Schema 5: habits have an appearance, tags, groups, times of day, pauses, goals with amounts and other frequencies than days of the week; days have logs.
//!
//! Up: nothing changes, because all of it is optional. Down: the logs of days go, and of a habit or account everything that schema
//! 4 doesn't know. A habit to do a number of times in a period, or every few days, is scheduled every day.

use serde_json::{Map, Value, json};

use super::step::{LossCounts, Migration, decode, encode, rewrite};
use crate::store::{Error, Reader, WriteTxn};

pub(super) const MIGRATION: Migration = Migration {
    to: 5,
    about: "colors, tags, groups, goals and frequencies of habits; amounts, notes, skipped days and pauses",
    min_reader: 5,
    up: |_| Ok(()),
    down,
    count_losses,
};

const ACCOUNTS: &str = "accounts";
const HABITS: &str = "habits";
const DAY_LOGS: &str = "day_logs";
const DAY_SUMMARIES: &str = "day_summaries";

/// The fields of a habit that schema 5 adds, and what they are to operators.
const ADDED_FIELDS: [(&str, &str); 8] = [
    ("color", "colors of habits"),
    ("emoji", "emoji of habits"),
    ("tags", "tags of habits"),
    ("group", "groups of habits"),
    ("time_of_day", "times of day of habits"),
    ("unit", "units of habits"),
    ("step", "amounts of one tap of habits"),
    (PAUSES, "pauses of habits"),
];

/// The field of a habit or account with the days on which it, or every habit of the account, is paused.
const PAUSES: &str = "pauses";

type Fields = Map<String, Value>;

fn down(txn: &mut WriteTxn<'_, '_>) -> Result<(), Error> {
    rewrite(txn, HABITS, |_, _, value| {
        let before: Fields = decode(HABITS, 2, value)?;
        let mut habit = before.clone();
        for (field, _) in ADDED_FIELDS {
            habit.remove(field);
        }
        if let Some(Value::Array(versions)) = habit.get_mut("schedule") {
            versions.iter_mut().for_each(simplify);
        }
        if habit == before { Ok(value.to_vec()) } else { encode(HABITS, 2, &habit) }
    })?;
    rewrite(txn, ACCOUNTS, |_, _, value| {
        let mut account: Fields = decode(ACCOUNTS, 1, value)?;
        if account.remove(PAUSES).is_none() { Ok(value.to_vec()) } else { encode(ACCOUNTS, 1, &account) }
    })?;
    for table in [DAY_LOGS, DAY_SUMMARIES] {
        for (key, _) in txn.scan(table, &[], None, usize::MAX)? {
            txn.remove_bytes(table, key);
        }
    }
    Ok(())
}

/// Reduces a version of a schedule to its days of the week.
fn simplify(version: &mut Value) {
    let Value::Object(fields) = version else { return };
    let is_by_weekdays = fields.remove("frequency").is_none();
    fields.remove("goal");
    if let Some(weekdays) = fields.get_mut("weekdays")
        && !is_by_weekdays
        && !weekdays.is_null()
    {
        *weekdays = json!([1, 2, 3, 4, 5, 6, 7]);
    }
}

fn count_losses(txn: &WriteTxn<'_, '_>) -> Result<LossCounts, Error> {
    let mut added = ADDED_FIELDS.map(|(_, what)| (what, 0));
    let (mut frequencies, mut goals) = (0, 0);
    for (_, value) in txn.scan(HABITS, &[], None, usize::MAX)? {
        let habit: Fields = decode(HABITS, 2, &value)?;
        for ((_, count), (field, _)) in added.iter_mut().zip(ADDED_FIELDS) {
            *count += u64::from(habit.contains_key(field));
        }
        let versions = habit.get("schedule").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let count = |field: &str| versions.iter().filter(|version| version.get(field).is_some()).count();
        frequencies += u64::try_from(count("frequency")).unwrap_or(0);
        goals += u64::try_from(count("goal")).unwrap_or(0);
    }
    let mut paused_accounts = 0;
    for (_, value) in txn.scan(ACCOUNTS, &[], None, usize::MAX)? {
        let account: Fields = decode(ACCOUNTS, 1, &value)?;
        paused_accounts += u64::from(account.contains_key(PAUSES));
    }
    let logs = u64::try_from(txn.scan(DAY_LOGS, &[], None, usize::MAX)?.len()).unwrap_or(u64::MAX);
    let mut losses = added.to_vec();
    losses.extend([
        ("frequencies other than days of the week", frequencies),
        ("goals with amounts", goals),
        ("pauses of all habits of a user", paused_accounts),
        ("days with amounts, notes or skips", logs),
    ]);
    Ok(losses)
}
