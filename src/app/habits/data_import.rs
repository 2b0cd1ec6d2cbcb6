//! Importing a file that Atlas exported.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use sha2::{Digest, Sha256};

use crate::app::identity::active_account::require_active_account;
use crate::app::{App, Error};
use crate::domain::accounts::audit::{Actor, AuditAction};
use crate::domain::habits::data_export::{DataExport, ExportedHabit, ImportSummary, VERSION};
use crate::domain::habits::habit::{MAX_ACTIVE_HABITS, MAX_HABITS};
use crate::domain::habits::habit_year::HabitYear;
use crate::domain::habits::recent_changes::RecentChanges;
use crate::domain::{Account, AccountId, Client, Day, Habit, HabitId, Refusal, Schedule, Zone};
use crate::store::tables::{audit, completions, habits};
use crate::store::{self, WriteTxn};

/// Longest name of a foreign environment that a message repeats.
const MAX_QUOTED_CHARS: usize = 60;

/// Adds what the file has and the account lacks, in one transaction. Existing habits stay as they are, so importing the
/// same file twice adds nothing. With `preview` nothing is changed, and the summary says what would be.
///
/// # Errors
/// [`Refusal::InvalidFields`] when the file has an unknown version, was exported from another environment, or exceeds
/// the limits; nothing is changed then.
pub async fn import_data(
    app: &App,
    me: &Account,
    file: DataExport,
    preview: bool,
    client: &Client,
) -> Result<ImportSummary, Error> {
    check_file(app, &file)?;
    let (me, zone) = (me.id, me.zone().clone());
    let entry = app.audit_entry(Actor::User(me), AuditAction::DataImported, None, client)?;
    let decided = app
        .store
        .write(move |txn| match require_active_account(txn, me).and_then(|()| add(txn, me, &zone, &file)) {
            // An aborted transaction leaves nothing behind, which is what a preview needs.
            Ok(summary) if preview => Err(Aborted::Preview(summary)),
            Ok(summary) => {
                audit::add(txn, &entry);
                Ok(summary)
            }
            Err(error) => Err(Aborted::Failed(error)),
        })
        .await;
    match decided {
        Ok(summary) | Err(Aborted::Preview(summary)) => Ok(summary),
        Err(Aborted::Failed(error)) => Err(error),
    }
}

fn check_file(app: &App, file: &DataExport) -> Result<(), Refusal> {
    if !(1..=VERSION).contains(&file.schema_version) {
        let message =
            format!("This file is version {}. Atlas can import versions 1 and {VERSION}.", file.schema_version);
        return Err(Refusal::field("schemaVersion", message));
    }
    let here = app.store.stamp().environment.to_string();
    if let Some(there) = file.environment.as_deref().filter(|there| *there != here) {
        let there: String = there.chars().take(MAX_QUOTED_CHARS).collect();
        let message = format!(
            "This file was exported from {there}, but this is {here}. Data can only be imported into the environment it was exported from."
        );
        return Err(Refusal::field("environment", message));
    }
    if file.habits.len() > MAX_HABITS {
        let message = format!("The file has {} habits. The limit is {MAX_HABITS}.", file.habits.len());
        return Err(Refusal::field("habits", message));
    }
    Ok(())
}

/// Why the transaction was aborted.
enum Aborted {
    Preview(ImportSummary),
    Failed(Error),
}

impl From<store::Error> for Aborted {
    fn from(error: store::Error) -> Self {
        Self::Failed(error.into())
    }
}

fn add(txn: &mut WriteTxn<'_, '_>, me: AccountId, zone: &Zone, file: &DataExport) -> Result<ImportSummary, Error> {
    let mut summary = ImportSummary::default();
    let known: BTreeSet<HabitId> = habits::list_all(txn, me)?.iter().map(|habit| habit.id).collect();
    let mut active = habits::list_active(txn, me)?;
    let mut position = active.iter().map(|habit| habit.position + 1).max().unwrap_or(0);
    let mut ids = BTreeMap::new();
    let mut in_order: Vec<&ExportedHabit> = file.habits.iter().collect();
    in_order.sort_by_key(|habit| (habit.sort_order, habit.created_at));
    for habit in in_order {
        let id = to_habit_id(&habit.id);
        if known.contains(&id) || ids.insert(habit.id.as_str(), id).is_some() {
            ids.insert(&habit.id, id);
            summary.habits_known += 1;
            continue;
        }
        let habit = to_habit(id, habit, file, zone, position);
        position += 1;
        summary.habits_added += 1;
        habits::put(txn, me, &habit)?;
        active.extend(habit.is_active().then_some(habit));
    }
    if active.len() > MAX_ACTIVE_HABITS {
        let message =
            format!("With this file, you'd have {} active habits. The limit is {MAX_ACTIVE_HABITS}.", active.len());
        return Err(Refusal::field("habits", message).into());
    }
    let all = known.len() + summary.habits_added;
    if all > MAX_HABITS {
        let message =
            format!("With this file, you'd have {all} habits, including archived ones. The limit is {MAX_HABITS}.");
        return Err(Refusal::field("habits", message).into());
    }
    add_completions(txn, me, file, &ids, &mut summary)?;
    Ok(summary)
}

fn to_habit(id: HabitId, habit: &ExportedHabit, file: &DataExport, zone: &Zone, position: u32) -> Habit {
    let schedule = habit.schedule.clone().unwrap_or_else(|| {
        let mut schedule = Schedule::new(Day::at(habit.created_at, zone), habit.active_weekdays);
        if let Some(end) = habit.archived_at {
            schedule.pause_from(Day::at(end, zone));
        }
        schedule
    });
    Habit {
        id,
        title: habit.title.clone(),
        description: habit.description.clone(),
        reminder_times: file.reminder_times(&habit.id),
        schedule,
        position,
        created_at: habit.created_at,
        updated_at: habit.updated_at.unwrap_or(habit.created_at),
        archived_at: habit.archived_at,
        recent_changes: RecentChanges::default(),
    }
}

fn add_completions(
    txn: &mut WriteTxn<'_, '_>,
    me: AccountId,
    file: &DataExport,
    ids: &BTreeMap<&str, HabitId>,
    summary: &mut ImportSummary,
) -> Result<(), Error> {
    // Grouped by year, so that each row is read and written once.
    let mut years: BTreeMap<(i16, HabitId), HabitYear> = BTreeMap::new();
    for completion in &file.completions {
        let Some(id) = ids.get(completion.habit_id.as_str()).copied() else {
            summary.completions_without_habit += 1;
            continue;
        };
        let key = (completion.date.year(), id);
        let year = match years.entry(key) {
            Entry::Occupied(year) => year.into_mut(),
            Entry::Vacant(entry) => entry.insert(completions::find_habit_year(txn, me, key.0, id)?),
        };
        let when = completion.completed_at.unwrap_or(Timestamp::UNIX_EPOCH);
        if year.complete(completion.date, when) {
            summary.completions_added += 1;
        } else {
            summary.completions_known += 1;
        }
    }
    for ((year, id), days) in &years {
        completions::put(txn, me, *year, *id, days);
    }
    Ok(())
}

/// Keeps an id of Atlas. Any other text is hashed, so that the same habit is recognized again.
fn to_habit_id(text: &str) -> HabitId {
    text.parse().unwrap_or_else(|_| {
        let digest = Sha256::digest(text.as_bytes());
        let mut bytes = [0; 16];
        for (byte, digested) in bytes.iter_mut().zip(digest.iter()) {
            *byte = *digested;
        }
        HabitId::from_bytes(bytes)
    })
}
