//! Keeping habits: making, changing, ordering and putting them away.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::{App, Error};
use crate::domain::habit::{MOST_ACTIVE, Plan};
use crate::domain::{AccountId, Description, Habit, HabitId, Refusal, ReminderTimes, Title, Weekdays};
use crate::store::{Read, habits};

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
/// [`Error::Broken`] when the file cannot be read.
pub fn active(app: &App, me: AccountId) -> Result<Vec<Habit>, Error> {
    app.store.read(|view| Ok(habits::active(view, me)?))
}

/// Makes a habit; it goes last in the order. `since` is when it began, now unless a test says otherwise.
///
/// # Errors
/// [`Refusal::Invalid`] when the person keeps as many as one can.
pub async fn create(app: &App, me: AccountId, plan: Plan, since: Option<Timestamp>) -> Result<Habit, Error> {
    let id = app.mint_habit()?;
    let created_at = since.unwrap_or_else(|| app.clock.now());
    app.store
        .write(move |draft| {
            let active = habits::active(draft, me)?;
            if active.len() >= MOST_ACTIVE {
                let message = format!("You keep {MOST_ACTIVE} habits already, which is the most. Put one away first.");
                return Err(Refusal::field("title", message).into());
            }
            let position = active.iter().map(|habit| habit.position + 1).max().unwrap_or(0);
            let habit = Habit { id, plan, position, created_at, archived_at: None };
            habits::put(draft, me, &habit);
            Ok(habit)
        })
        .await
}

/// Changes a habit.
///
/// # Errors
/// [`Refusal::NoSuchHabit`] for one that is unknown, somebody else's or archived.
pub async fn change(app: &App, me: AccountId, id: HabitId, change: Change) -> Result<Habit, Error> {
    app.store
        .write(move |draft| {
            let mut habit = kept(draft, me, id)?;
            let plan = &mut habit.plan;
            plan.title = change.title.unwrap_or_else(|| plan.title.clone());
            plan.description = change.description.unwrap_or_else(|| plan.description.clone());
            plan.weekdays = change.weekdays.unwrap_or(plan.weekdays);
            plan.reminder_times = change.reminder_times.unwrap_or_else(|| plan.reminder_times.clone());
            habits::put(draft, me, &habit);
            Ok(habit)
        })
        .await
}

/// Puts a habit away; what was done stays.
///
/// # Errors
/// [`Refusal::NoSuchHabit`].
pub async fn archive(app: &App, me: AccountId, id: HabitId) -> Result<(), Error> {
    let now = app.clock.now();
    app.store
        .write(move |draft| {
            let habit = kept(draft, me, id)?;
            habits::put(draft, me, &Habit { archived_at: Some(now), ..habit });
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
                habits::put(draft, me, &Habit { position, ..habit.clone() });
            }
            Ok(())
        })
        .await
}

/// An active habit of this person.
pub(super) fn kept(read: &impl Read, me: AccountId, id: HabitId) -> Result<Habit, Error> {
    let habit = habits::get(read, me, id)?.filter(Habit::is_active);
    habit.ok_or_else(|| Refusal::NoSuchHabit.into())
}
