//! Keeping habits: making, changing, ordering them, putting them away and taking them back.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::accounts::demand;
use super::{App, Error};
use crate::domain::habit::{MOST, MOST_ACTIVE, Plan};
use crate::domain::{Account, AccountId, Day, Description, Habit, HabitId, Refusal, ReminderTimes, Title, Weekdays};
use crate::store::{Read, completions, habits};

/// What is to be different about a habit; what is `None` stays.
#[derive(Debug, Default, Clone)]
pub struct Change {
    /// A new title.
    pub title: Option<Title>,
    /// A new description; the inner `None` clears it.
    pub description: Option<Option<Description>>,
    /// New weekdays, in place of the old ones.
    pub weekdays: Option<Weekdays>,
    /// New reminder times, in place of the old ones.
    pub reminder_times: Option<ReminderTimes>,
}

/// The active habits, in the person's own order.
///
/// # Errors
/// [`Error::Unavailable`] when the file cannot be read.
pub fn active(app: &App, me: AccountId) -> Result<Vec<Habit>, Error> {
    app.store.read(|view| Ok(habits::active(view, me)?))
}

/// Makes a habit that begins on `since`, today unless a seed or a test says otherwise; it goes last in the order.
///
/// # Errors
/// [`Refusal::Invalid`] when the person keeps, or has in all, as many as one can.
pub async fn create(app: &App, me: &Account, plan: Plan, since: Option<(Day, Timestamp)>) -> Result<Habit, Error> {
    let id = app.mint_habit()?;
    let (day, created_at) = since.unwrap_or_else(|| (app.today(me), app.clock.now()));
    let me = me.id;
    app.store
        .write(move |draft| {
            demand(draft, me)?;
            let mut habits = habits::all(draft, me)?;
            if habits.len() >= MOST {
                let message = format!(
                    "You have {MOST} habits already, the archive counted, which is the most. Delete one from the archive first."
                );
                return Err(Refusal::field("title", message).into());
            }
            habits.retain(Habit::is_active);
            let position = free_position(&habits)?;
            let habit = Habit::new(id, plan, position, day, created_at);
            habits::put(draft, me, &habit)?;
            Ok(habit)
        })
        .await
}

/// The place after the last active habit, if there is room for one more.
fn free_position(active: &[Habit]) -> Result<u32, Error> {
    if active.len() >= MOST_ACTIVE {
        let message = format!("You keep {MOST_ACTIVE} habits already, which is the most. Put one away first.");
        return Err(Refusal::field("title", message).into());
    }
    Ok(active.iter().map(|habit| habit.position + 1).max().unwrap_or(0))
}

/// Changes a habit. New weekdays count from today on; what was planned before stays planned.
///
/// # Errors
/// [`Refusal::NoSuchHabit`] for one that is unknown, somebody else's or archived.
pub async fn change(app: &App, me: &Account, id: HabitId, change: Change) -> Result<Habit, Error> {
    let (now, today, me) = (app.clock.now(), app.today(me), me.id);
    app.store
        .write(move |draft| {
            let mut habit = kept(draft, me, id)?;
            if let Some(title) = change.title {
                habit.title = title;
            }
            if let Some(description) = change.description {
                habit.description = description;
            }
            if let Some(weekdays) = change.weekdays {
                habit.schedule.change(today, weekdays);
            }
            if let Some(times) = change.reminder_times {
                habit.reminder_times = times;
            }
            habit.updated_at = now;
            habits::put(draft, me, &habit)?;
            Ok(habit)
        })
        .await
}

/// Puts a habit away; what was done stays, and nothing is planned from today on, or from tomorrow if today is done.
///
/// # Errors
/// [`Refusal::NoSuchHabit`].
pub async fn archive(app: &App, me: &Account, id: HabitId) -> Result<Habit, Error> {
    let (now, today, me) = (app.clock.now(), app.today(me), me.id);
    app.store
        .write(move |draft| {
            let mut habit = kept(draft, me, id)?;
            let done = completions::of_habit(draft, me, today.year(), id)?.is_done(today);
            habit.schedule.pause(if done { today.plus(1) } else { today });
            (habit.archived_at, habit.updated_at) = (Some(now), now);
            habits::put(draft, me, &habit)?;
            Ok(habit)
        })
        .await
}

/// The habits that were put away, the latest first.
///
/// # Errors
/// [`Error::Unavailable`] when the file cannot be read.
pub fn archived(app: &App, me: AccountId) -> Result<Vec<Habit>, Error> {
    let mut habits = app.store.read(|view| habits::all(view, me))?;
    habits.retain(|habit| !habit.is_active());
    habits.sort_by_key(|habit| std::cmp::Reverse(habit.archived_at));
    Ok(habits)
}

/// Takes a habit out of the archive; it goes last in the order and is planned again from today on.
///
/// # Errors
/// [`Refusal::NoSuchHabit`] for one that is not in the archive; [`Refusal::Invalid`] when there is no room.
pub async fn restore(app: &App, me: &Account, id: HabitId) -> Result<Habit, Error> {
    let (now, today, me) = (app.clock.now(), app.today(me), me.id);
    app.store
        .write(move |draft| {
            let mut habit = put_away(draft, me, id)?;
            habit.position = free_position(&habits::active(draft, me)?)?;
            habit.schedule.resume(today);
            (habit.archived_at, habit.updated_at) = (None, now);
            habits::put(draft, me, &habit)?;
            Ok(habit)
        })
        .await
}

/// Deletes a habit and everything that was done for it, for good. Only from the archive, and only with its title typed.
///
/// # Errors
/// [`Refusal::NoSuchHabit`] for one that is not in the archive; [`Refusal::Invalid`] when the title is another.
pub async fn delete(app: &App, me: AccountId, id: HabitId, typed: &str) -> Result<(), Error> {
    let typed = typed.trim().to_owned();
    app.store
        .write(move |draft| {
            let habit = put_away(draft, me, id)?;
            if habit.title.as_str() != typed {
                return Err(Refusal::field("confirm", "Type the habit's title exactly as it stands above.").into());
            }
            completions::remove_habit(draft, me, id)?;
            habits::remove(draft, me, id)?;
            Ok(())
        })
        .await
}

/// Puts the active habits into this order.
///
/// # Errors
/// [`Refusal::NoSuchHabit`] when one is not among the active ones; [`Refusal::OrderMismatch`] when they are not exactly those.
pub async fn reorder(app: &App, me: AccountId, order: Vec<HabitId>) -> Result<(), Error> {
    app.store
        .write(move |draft| {
            let active = habits::active(draft, me)?;
            if order.iter().collect::<BTreeSet<_>>().len() != order.len() || order.len() != active.len() {
                return Err(Refusal::OrderMismatch.into());
            }
            for (position, id) in (0..).zip(&order) {
                let habit = active.iter().find(|habit| habit.id == *id).ok_or(Refusal::NoSuchHabit)?;
                habits::put(draft, me, &Habit { position, ..habit.clone() })?;
            }
            Ok(())
        })
        .await
}

/// Moves a habit one place up or down; at either end it stays where it is.
///
/// # Errors
/// [`Refusal::NoSuchHabit`] when it is not among the active ones.
pub async fn shift(app: &App, me: AccountId, id: HabitId, up: bool) -> Result<Habit, Error> {
    app.store
        .write(move |draft| {
            let mut active = habits::active(draft, me)?;
            let from = active.iter().position(|habit| habit.id == id).ok_or(Refusal::NoSuchHabit)?;
            let to = if up { from.saturating_sub(1) } else { (from + 1).min(active.len() - 1) };
            active.swap(from, to);
            for (position, habit) in (0..).zip(&mut active) {
                habit.position = position;
                habits::put(draft, me, habit)?;
            }
            kept(draft, me, id)
        })
        .await
}

/// A habit of this person that is in the archive.
fn put_away(read: &impl Read, me: AccountId, id: HabitId) -> Result<Habit, Error> {
    let habit = habits::get(read, me, id)?.filter(|habit| !habit.is_active());
    habit.ok_or_else(|| Refusal::NoSuchHabit.into())
}

/// An active habit of this person.
pub(super) fn kept(read: &impl Read, me: AccountId, id: HabitId) -> Result<Habit, Error> {
    let habit = habits::get(read, me, id)?.filter(Habit::is_active);
    habit.ok_or_else(|| Refusal::NoSuchHabit.into())
}
