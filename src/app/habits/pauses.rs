//! Pausing a habit, or all habits of a user, for a range of days.

use crate::app::habits::completions::CompletionOutcome;
use crate::app::habits::habit::require_active;
use crate::app::{App, Error};
use crate::domain::accounts::preferences::Backfill;
use crate::domain::habits::completion::CompletionWindow;
use crate::domain::habits::pauses::MAX_PAUSES;
use crate::domain::{Account, HabitId, Pause, Pauses, Refusal};
use crate::store::tables::{accounts, habits};

/// What is paused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PauseScope {
    AllHabits,
    Habit(HabitId),
}

/// A change of pauses. Each is idempotent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PauseChange {
    /// Pauses these days, too.
    Add(Pause),
    /// Ends the pause on these days.
    Remove(Pause),
    /// Ends the current pause, today included.
    Resume,
}

/// The pauses of a habit or of all habits.
///
/// # Errors
/// [`Refusal::HabitNotFound`]; [`Error::Unavailable`] when the file cannot be read.
pub fn list_pauses(app: &App, me: &Account, scope: PauseScope) -> Result<Pauses, Error> {
    app.store.read(|txn| match scope {
        PauseScope::AllHabits => Ok(me.pauses.clone()),
        PauseScope::Habit(id) => Ok(require_active(txn, me.id, id)?.pauses),
    })
}

/// Changes the pauses of a habit or of all habits, and returns them.
///
/// # Errors
/// [`Refusal::HabitNotFound`]; [`Refusal::InvalidFields`] for past days that the user's settings don't let them change, and when
/// there would be too many pauses.
pub async fn change_pauses(
    app: &App,
    me: &Account,
    scope: PauseScope,
    change: PauseChange,
) -> Result<(CompletionOutcome, Pauses), Error> {
    let now = app.clock.now();
    let window = CompletionWindow::at(now, me.zone());
    let (me, backfill) = (me.id, me.preferences.backfill);
    app.store
        .write(move |txn| match scope {
            PauseScope::AllHabits => {
                let mut account = accounts::find_account(txn, me)?.ok_or(Refusal::WrongCredentials)?;
                let changed = apply(&account.pauses, change, window, backfill)?;
                if let Some(pauses) = &changed {
                    account.pauses.clone_from(pauses);
                    accounts::put(txn, &account)?;
                }
                Ok((outcome(changed.is_some(), change), account.pauses))
            }
            PauseScope::Habit(id) => {
                let mut habit = require_active(txn, me, id)?;
                let changed = apply(&habit.pauses, change, window, backfill)?;
                if let Some(pauses) = &changed {
                    habit.pauses.clone_from(pauses);
                    habit.updated_at = now;
                    habits::put(txn, me, &habit)?;
                }
                Ok((outcome(changed.is_some(), change), habit.pauses))
            }
        })
        .await
}

/// The changed pauses, if anything changes.
fn apply(
    before: &Pauses,
    change: PauseChange,
    window: CompletionWindow,
    backfill: Backfill,
) -> Result<Option<Pauses>, Refusal> {
    let today = window.today;
    let mut after = before.clone();
    match change {
        PauseChange::Add(pause) => after.add(pause),
        PauseChange::Remove(pause) => after.remove(pause),
        PauseChange::Resume => {
            if let Some(current) = before.find(today) {
                after.remove(Pause { first: today, ..current });
            }
        }
    }
    if !after.agree_before(before, window.first_open_day(backfill)) {
        return Err(Refusal::field("first", Refusal::DayClosed(backfill).to_string()));
    }
    if after.are_too_many() && !matches!(change, PauseChange::Resume) {
        return Err(Refusal::field("first", format!("You can have up to {MAX_PAUSES} pauses. Remove one first.")));
    }
    Ok((after != *before).then_some(after))
}

fn outcome(is_changed: bool, change: PauseChange) -> CompletionOutcome {
    match change {
        _ if !is_changed => CompletionOutcome::Noop,
        PauseChange::Add(_) => CompletionOutcome::Created,
        PauseChange::Remove(_) | PauseChange::Resume => CompletionOutcome::Deleted,
    }
}
