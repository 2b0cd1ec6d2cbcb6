//! The habits of a person.

use super::counts::{self, Count};
use super::record::Key;
use super::schema::HABITS;
use super::{Draft, Error, Page, Read, Turn, View, accounts};
use crate::domain::{Account, AccountId, Habit, HabitId, habit};

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
    if let Some(habits) = read.known().and_then(|(known, moment)| known.habits(account, moment)) {
        return Ok(habits.to_vec());
    }
    let rows = read.under(&HABITS, &account.encode(), usize::MAX)?;
    let mut habits: Vec<Habit> = rows.into_iter().map(|(_, habit)| habit).collect();
    habit::sort(&mut habits);
    if let Some((known, moment)) = read.known() {
        known.keep_habits(account, moment, &habits);
    }
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

/// A page of everybody's habits.
pub type Owned = Page<(AccountId, HabitId), (Account, Habit)>;

/// A page of everybody's habits with their owners: the newest people's first, and of each the newest first. `active` takes
/// those that are kept or those that were put away; `words`, in lower case, are in the title, the description, or the
/// owner's name or address.
///
/// # Errors
/// [`Error`] when the file cannot be read.
pub fn page(view: &View, words: &str, active: Option<bool>, turn: &Turn<(AccountId, HabitId)>) -> Result<Owned, Error> {
    let mut owner: Option<Account> = None;
    view.page(&HABITS, &[], turn, |(account, _), bytes| {
        let habit = HABITS.value(bytes)?;
        if active.is_some_and(|active| active != habit.is_active()) {
            return Ok(None);
        }
        if owner.as_ref().map(|owner| owner.id) != Some(account) {
            owner = accounts::get(view, account)?;
        }
        let Some(owner) = &owner else { return Ok(None) };
        let about = habit.description.as_ref().map_or("", |text| text.as_str());
        let texts = [habit.title.as_str(), about, owner.name(), owner.email.as_str()];
        let wanted = words.is_empty() || texts.iter().any(|text| accounts::contains(text, words));
        Ok(wanted.then(|| (owner.clone(), habit)))
    })
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
