//! The habits of a person.

use super::counts::{self, Count};
use super::record::Key;
use super::schema::HABITS;
use super::{Draft, Error, Read};
use crate::domain::{AccountId, Habit, HabitId, habit};

/// One habit of `account`, archived or not. Somebody else's habit is not found.
///
/// # Errors
/// [`Error`] when the file cannot be read.
pub fn get(read: &impl Read, account: AccountId, id: HabitId) -> Result<Option<Habit>, Error> {
    read.get(&HABITS, &(account, id))
}

/// Every habit of `account`, archived ones too, in the person's own order.
///
/// # Errors
/// [`Error`] when the file cannot be read.
pub fn all(read: &impl Read, account: AccountId) -> Result<Vec<Habit>, Error> {
    let rows = read.under(&HABITS, &account.encode(), usize::MAX)?;
    let mut habits: Vec<Habit> = rows.into_iter().map(|(_, habit)| habit).collect();
    habit::sort(&mut habits);
    Ok(habits)
}

/// The active habits of `account`, in the person's own order.
///
/// # Errors
/// [`Error`] when the file cannot be read.
pub fn active(read: &impl Read, account: AccountId) -> Result<Vec<Habit>, Error> {
    let mut habits = all(read, account)?;
    habits.retain(Habit::is_active);
    Ok(habits)
}

/// Removes a habit of `account`. What was done for it is removed by [`super::completions::remove_habit`].
///
/// # Errors
/// [`Error`] when the file cannot be read.
pub fn remove(draft: &mut Draft<'_, '_>, account: AccountId, id: HabitId) -> Result<(), Error> {
    if let Some(before) = get(draft, account, id)? {
        counts::take(draft, standing(&before))?;
    }
    draft.remove(&HABITS, &(account, id));
    Ok(())
}

/// Stores a habit of `account`, in place of what was there.
///
/// # Errors
/// [`Error`] when the file cannot be read.
pub fn put(draft: &mut Draft<'_, '_>, account: AccountId, habit: &Habit) -> Result<(), Error> {
    if let Some(before) = get(draft, account, habit.id)? {
        counts::take(draft, standing(&before))?;
    }
    draft.put(&HABITS, &(account, habit.id), habit);
    counts::add(draft, standing(habit))
}

/// As what a habit is counted.
fn standing(habit: &Habit) -> &'static [Count] {
    if habit.is_active() { &[] } else { &[Count::Archived] }
}
