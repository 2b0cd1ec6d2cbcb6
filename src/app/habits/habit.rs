//! Creating, editing, ordering, archiving, restoring and deleting habits.

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::app::habits::judged_histories;
use crate::app::identity::active_account::require_active_account;
use crate::app::{App, Error};
use crate::domain::accounts::audit::{Actor, AuditAction};
use crate::domain::habits::completion::CompletionWindow;
use crate::domain::habits::edit_preview::{CurrentFigures, EditPreview};
use crate::domain::habits::grouped::{HabitGroup, by_group, is_same_group};
use crate::domain::habits::habit::{HabitPlan, MAX_ACTIVE_HABITS, MAX_HABITS};
use crate::domain::habits::schedule_change::{ScheduleChange, ScheduleLimits};
use crate::domain::{
    Account, AccountId, Amount, Client, Day, Description, Emoji, GroupName, Habit, HabitColor, HabitId, Refusal,
    ReminderTimes, Tags, TimeOfDay, Title, Unit,
};
use crate::store::tables::{audit, completions, day_logs, habits, imports};
use crate::store::{Reader, WriteTxn};

/// Changes to a habit. Fields that are `None` stay as they are.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct HabitChange {
    pub title: Option<Title>,
    /// The inner `None` clears the description.
    pub description: Option<Option<Description>>,
    pub schedule: ScheduleChange,
    /// The inner `None` clears the unit.
    pub unit: Option<Option<Unit>>,
    /// The inner `None` is one.
    pub step: Option<Option<Amount>>,
    pub reminder_times: Option<ReminderTimes>,
    /// The inner `None` clears the color.
    pub color: Option<Option<HabitColor>>,
    /// The inner `None` clears the emoji.
    pub emoji: Option<Option<Emoji>>,
    pub tags: Option<Tags>,
    /// The inner `None` takes the habit out of its group.
    pub group: Option<Option<GroupName>>,
    /// The inner `None` is any time of day.
    pub time_of_day: Option<Option<TimeOfDay>>,
}

impl HabitChange {
    /// Whether nothing changes.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    fn apply(self, habit: &mut Habit, limits: ScheduleLimits) -> Result<(), Refusal> {
        self.schedule.apply(&mut habit.schedule, limits)?;
        if let Some(title) = self.title {
            habit.title = title;
        }
        if let Some(description) = self.description {
            habit.description = description;
        }
        if let Some(unit) = self.unit {
            habit.unit = unit;
        }
        if let Some(step) = self.step {
            habit.step = step;
        }
        if let Some(times) = self.reminder_times {
            habit.reminder_times = times;
        }
        if let Some(color) = self.color {
            habit.color = color;
        }
        if let Some(emoji) = self.emoji {
            habit.emoji = emoji;
        }
        if let Some(tags) = self.tags {
            habit.tags = tags;
        }
        if let Some(group) = self.group {
            habit.group = group;
        }
        if let Some(time) = self.time_of_day {
            habit.time_of_day = time;
        }
        Ok(())
    }
}

/// The days that `me` can choose as of now.
fn schedule_limits(app: &App, me: &Account) -> ScheduleLimits {
    ScheduleLimits { window: CompletionWindow::at(app.clock.now(), me.zone()), backfill: me.preferences.backfill }
}

/// The active habits, in the user's order.
///
/// # Errors
/// [`Error::Unavailable`] when the file cannot be read.
pub fn list_active(app: &App, me: AccountId) -> Result<Vec<Habit>, Error> {
    app.store.read(|txn| Ok(habits::list_active(txn, me)?))
}

/// Succeeds for an active habit of this account.
///
/// # Errors
/// [`Refusal::HabitNotFound`].
pub fn require_habit(app: &App, me: AccountId, id: HabitId) -> Result<(), Error> {
    app.store.read(|txn| require_active(txn, me, id).map(drop))
}

/// Creates a habit, last in the order. It begins today unless a seed or a test passes another day and instant in
/// `since`.
///
/// # Errors
/// [`Refusal::InvalidFields`] when the user has reached the limit of habits.
pub async fn create_habit(
    app: &App,
    me: &Account,
    plan: HabitPlan,
    since: Option<(Day, Timestamp)>,
) -> Result<Habit, Error> {
    let limits = schedule_limits(app, me);
    limits.check_new(plan.starts_on, plan.ends_on).map_err(Refusal::from)?;
    let new = NewHabit { id: app.generate_habit_id()?, plan, since: since.unwrap_or_else(|| begin_now(app, me)) };
    let me = me.id;
    app.store.write(move |txn| new.create(txn, me)).await
}

/// Creates a habit that begins today, unless the user has an active one with its title: a form that is sent twice creates
/// one habit.
///
/// # Errors
/// As for [`create_habit`].
pub async fn create_habit_once(app: &App, me: &Account, plan: HabitPlan) -> Result<Habit, Error> {
    let new = NewHabit { id: app.generate_habit_id()?, plan, since: begin_now(app, me) };
    let me = me.id;
    app.store
        .write(move |txn| {
            let active = habits::list_active(txn, me)?;
            match active.into_iter().find(|habit| habit.title == new.plan.title) {
                Some(habit) => Ok(habit),
                None => new.create(txn, me),
            }
        })
        .await
}

fn begin_now(app: &App, me: &Account) -> (Day, Timestamp) {
    (app.today(me), app.clock.now())
}

/// A habit to create.
struct NewHabit {
    id: HabitId,
    plan: HabitPlan,
    /// Its first day, and when it is created.
    since: (Day, Timestamp),
}

impl NewHabit {
    fn create(self, txn: &mut WriteTxn<'_, '_>, me: AccountId) -> Result<Habit, Error> {
        require_active_account(txn, me)?;
        let mut habits = habits::list_all(txn, me)?;
        if habits.len() >= MAX_HABITS {
            let message = format!(
                "You've reached the limit of {MAX_HABITS} habits, including archived ones. Delete one from your archive first."
            );
            return Err(Refusal::field("title", message).into());
        }
        habits.retain(Habit::is_active);
        let position = next_position(&habits)?;
        let (day, created_at) = self.since;
        let habit = Habit::new(self.id, self.plan, position, day, created_at);
        habits::put(txn, me, &habit)?;
        Ok(habit)
    }
}

/// The position after the last active habit, unless the limit is reached.
fn next_position(active: &[Habit]) -> Result<u32, Error> {
    if active.len() >= MAX_ACTIVE_HABITS {
        let message = format!("You've reached the limit of {MAX_ACTIVE_HABITS} active habits. Archive one first.");
        return Err(Refusal::field("title", message).into());
    }
    Ok(active.iter().map(|habit| habit.position + 1).max().unwrap_or(0))
}

/// Changes a habit. A new schedule applies from the chosen day; earlier days keep their schedule.
///
/// # Errors
/// [`Refusal::HabitNotFound`] for a habit that doesn't exist, belongs to another user, or is archived;
/// [`Refusal::InvalidFields`] for days that can't be chosen.
pub async fn update_habit(app: &App, me: &Account, id: HabitId, change: HabitChange) -> Result<Habit, Error> {
    let (now, limits, me) = (app.clock.now(), schedule_limits(app, me), me.id);
    app.store
        .write(move |txn| {
            let mut habit = require_active(txn, me, id)?;
            change.apply(&mut habit, limits)?;
            habit.updated_at = now;
            habits::put(txn, me, &habit)?;
            Ok(habit)
        })
        .await
}

/// What a change of a habit's schedule would change in its figures. Nothing is saved.
///
/// # Errors
/// As for [`update_habit`].
pub fn preview_change(app: &App, me: &Account, id: HabitId, change: &ScheduleChange) -> Result<EditPreview, Error> {
    let (limits, week_start) = (schedule_limits(app, me), me.preferences.week_start);
    let today = limits.window.today;
    app.store.read(|txn| {
        let before = require_active(txn, me.id, id)?;
        let mut after = before.clone();
        change.apply(&mut after.schedule, limits)?;
        let figures = |habit: &Habit| {
            let history = judged_histories::load_one(txn, me, habit, today, today)?;
            Ok::<_, Error>(CurrentFigures::new(&habit.schedule, &history, today, week_start))
        };
        Ok(EditPreview { before: figures(&before)?, after: figures(&after)? })
    })
}

/// Archives a habit. Its completions stay. It is no longer scheduled from today, or from tomorrow if it is completed
/// today.
///
/// # Errors
/// [`Refusal::HabitNotFound`].
pub async fn archive_habit(app: &App, me: &Account, id: HabitId) -> Result<Habit, Error> {
    let (now, today, me) = (app.clock.now(), app.today(me), me.id);
    app.store.write(move |txn| archive(txn, me, id, today, now)).await
}

pub(super) fn archive(
    txn: &mut WriteTxn<'_, '_>,
    me: AccountId,
    id: HabitId,
    today: Day,
    now: Timestamp,
) -> Result<Habit, Error> {
    let mut habit = require_active(txn, me, id)?;
    let done = completions::find_habit_year(txn, me, today.year(), id)?.is_done(today);
    habit.schedule.pause_from(if done { today.add_days(1) } else { today });
    (habit.archived_at, habit.updated_at) = (Some(now), now);
    habits::put(txn, me, &habit)?;
    Ok(habit)
}

/// The archived habits, the last archived first.
///
/// # Errors
/// [`Error::Unavailable`] when the file cannot be read.
pub fn list_archived(app: &App, me: AccountId) -> Result<Vec<Habit>, Error> {
    let mut habits = app.store.read(|txn| habits::list_all(txn, me))?;
    habits.retain(|habit| !habit.is_active());
    habits.sort_by_key(|habit| std::cmp::Reverse(habit.archived_at));
    Ok(habits)
}

/// Where a restored habit goes in the order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RestoredPlace {
    /// Where it was when it was archived, or last if another habit has taken that place.
    Former,
    Last,
}

/// Restores a habit from the archive. It is scheduled again from today.
///
/// # Errors
/// [`Refusal::HabitNotFound`] for a habit that is not archived; [`Refusal::InvalidFields`] when the limit is reached.
pub async fn restore_habit(app: &App, me: &Account, id: HabitId, place: RestoredPlace) -> Result<Habit, Error> {
    let (now, today, me) = (app.clock.now(), app.today(me), me.id);
    app.store.write(move |txn| restore(txn, me, id, place, today, now)).await
}

pub(super) fn restore(
    txn: &mut WriteTxn<'_, '_>,
    me: AccountId,
    id: HabitId,
    place: RestoredPlace,
    today: Day,
    now: Timestamp,
) -> Result<Habit, Error> {
    let mut habit = require_archived(txn, me, id)?;
    let active = habits::list_active(txn, me)?;
    let last = next_position(&active)?;
    let is_taken = active.iter().any(|other| other.position == habit.position);
    if place == RestoredPlace::Last || is_taken {
        habit.position = last;
    }
    habit.schedule.resume_from(today);
    (habit.archived_at, habit.updated_at) = (None, now);
    habits::put(txn, me, &habit)?;
    Ok(habit)
}

/// Permanently deletes an archived habit and its completions.
///
/// # Errors
/// [`Refusal::HabitNotFound`] for a habit that is not archived.
pub async fn delete_habit(app: &App, me: AccountId, id: HabitId, client: &Client) -> Result<(), Error> {
    let entry = app.audit_entry(Actor::User(me), AuditAction::HabitDeleted, None, client)?;
    app.store
        .write(move |txn| {
            require_archived(txn, me, id)?;
            completions::remove_habit(txn, me, id)?;
            day_logs::remove_habit(txn, me, id)?;
            imports::remove_habit(txn, me, id)?;
            habits::remove(txn, me, id)?;
            audit::add(txn, &entry);
            Ok(())
        })
        .await
}

/// On how many days an archived habit was done, as far as its history goes.
///
/// # Errors
/// [`Refusal::HabitNotFound`] for a habit that is not archived; [`Error::Unavailable`] when the file cannot be read.
pub fn count_archived_days(app: &App, me: AccountId, id: HabitId) -> Result<usize, Error> {
    app.store.read(|txn| {
        require_archived(txn, me, id)?;
        Ok(completions::find_all(txn, me)?.get(&id).map_or(0, |history| history.days().count()))
    })
}

/// Puts the active habits into this order.
///
/// # Errors
/// [`Refusal::OrderMismatch`] when `order` doesn't have as many different ids as there are active habits;
/// [`Refusal::HabitNotFound`] when one of them is no active habit.
pub async fn reorder_habits(app: &App, me: AccountId, order: Vec<HabitId>) -> Result<(), Error> {
    app.store
        .write(move |txn| {
            let active = habits::list_active(txn, me)?;
            if order.iter().collect::<BTreeSet<_>>().len() != order.len() || order.len() != active.len() {
                return Err(Refusal::OrderMismatch.into());
            }
            let find = |id: &HabitId| active.iter().find(|habit| habit.id == *id).ok_or(Refusal::HabitNotFound);
            let ordered = order.iter().map(find).collect::<Result<Vec<_>, _>>()?;
            save_order(txn, me, ordered)
        })
        .await
}

/// Stores the positions of habits that are in a new order.
fn save_order<'a>(
    txn: &mut WriteTxn<'_, '_>,
    me: AccountId,
    ordered: impl IntoIterator<Item = &'a Habit>,
) -> Result<(), Error> {
    for (position, habit) in (0..).zip(ordered) {
        habits::put(txn, me, &Habit { position, ..habit.clone() })?;
    }
    Ok(())
}

/// Moves a habit one place up or down in its group. At either end it stays.
///
/// # Errors
/// [`Refusal::HabitNotFound`] for a habit that is not active.
pub async fn move_habit(app: &App, me: AccountId, id: HabitId, up: bool) -> Result<Habit, Error> {
    app.store
        .write(move |txn| {
            let mut active = habits::list_active(txn, me)?;
            let from = active.iter().position(|habit| habit.id == id).ok_or(Refusal::HabitNotFound)?;
            let group = active.get(from).and_then(|habit| habit.group.clone());
            let mut places = (0..active.len()).filter(|place| {
                active.get(*place).is_some_and(|habit| is_same_group(habit.group.as_ref(), group.as_ref()))
            });
            let to =
                if up { places.take_while(|place| *place < from).last() } else { places.find(|place| *place > from) };
            if let Some(to) = to {
                active.swap(from, to);
            }
            save_order(txn, me, &active)?;
            require_active(txn, me, id)
        })
        .await
}

/// Moves a group with all its habits one place up or down among the groups. At either end it stays.
///
/// # Errors
/// [`Refusal::HabitNotFound`] when no active habit is in the group.
pub async fn move_group(app: &App, me: AccountId, name: GroupName, up: bool) -> Result<(), Error> {
    app.store
        .write(move |txn| {
            let active = habits::list_active(txn, me)?;
            let mut groups = by_group(&active);
            let is_moved = |group: &HabitGroup<'_>| group.name.is_some_and(|known| known.is_same(&name));
            let from = groups.iter().position(is_moved).ok_or(Refusal::HabitNotFound)?;
            let to = if up { from.checked_sub(1) } else { Some(from + 1) };
            // Habits without a group stay first.
            if let Some(to) = to.filter(|to| groups.get(*to).is_some_and(|group| group.name.is_some())) {
                groups.swap(from, to);
            }
            save_order(txn, me, groups.into_iter().flat_map(|group| group.habits))
        })
        .await
}

/// Loads an archived habit of this account.
pub(super) fn require_archived(txn: &impl Reader, me: AccountId, id: HabitId) -> Result<Habit, Error> {
    let habit = habits::find_habit(txn, me, id)?.filter(|habit| !habit.is_active());
    habit.ok_or_else(|| Refusal::HabitNotFound.into())
}

/// Loads an active habit of this account.
pub(super) fn require_active(txn: &impl Reader, me: AccountId, id: HabitId) -> Result<Habit, Error> {
    let habit = habits::find_habit(txn, me, id)?.filter(Habit::is_active);
    habit.ok_or_else(|| Refusal::HabitNotFound.into())
}
