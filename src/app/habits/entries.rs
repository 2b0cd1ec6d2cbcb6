//! Amounts recorded for days of habits. A day's entries add up, and its goal judges their sum.

use jiff::Timestamp;

use crate::app::habits::completions::CompletionOutcome;
use crate::app::habits::habit::require_active;
use crate::app::{App, Error};
use crate::domain::habits::amount_progress::AmountProgress;
use crate::domain::habits::completion::{CompletionWindow, check_editable};
use crate::domain::habits::day_log::{AmountEntry, DayLog, EntryAdded, MAX_ENTRIES};
use crate::domain::habits::goal::Goal;
use crate::domain::{Account, AccountId, Amount, Day, EntryId, Habit, HabitId, Refusal, Unit, Zone};
use crate::store::tables::{day_logs, habits, histories};

/// The day of a habit to which an entry belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HabitDay {
    pub habit: HabitId,
    pub day: Day,
}

/// An amount to record.
#[derive(Debug, Clone)]
pub struct NewEntry {
    pub on: HabitDay,
    /// Chosen by the device, so that an entry that arrives twice counts once. `None` is a new one.
    pub id: Option<EntryId>,
    pub amount: Amount,
    /// When the user recorded it. On an offline device, that was before it arrived.
    pub made_at: Timestamp,
    /// The time of the day, as `HH:MM`, if it isn't the time when it was recorded.
    pub time: Option<String>,
}

/// Adds an entry under the rules of the time when it was made, and returns its id. The day is no longer skipped. An entry that the
/// day has already is a [`CompletionOutcome::Noop`].
///
/// # Errors
/// [`Refusal::HabitNotFound`]; [`Refusal::InvalidFields`] of the field `amount` for zero, for a day that is done or not, and for one
/// that has [`MAX_ENTRIES`]; or the refusal of [`check_editable`].
pub async fn add_entry(app: &App, me: &Account, new: NewEntry) -> Result<(CompletionOutcome, EntryId), Error> {
    let NewEntry { on: HabitDay { habit, day }, id, amount, made_at, time } = new;
    let id = match id {
        Some(id) => id,
        None => app.generate_entry_id()?,
    };
    let amount = amount.require_positive("amount").map_err(Refusal::from)?;
    let time = parse_time(time.as_deref(), day, me.zone(), made_at)?;
    let (me, zone, backfill) = (me.id, me.zone().clone(), me.preferences.backfill);
    app.store
        .write(move |txn| {
            let habit = require_active(txn, me, habit)?;
            // A limit can be exceeded on days on which nothing is scheduled, too.
            let must_be_scheduled = !goal_on(&habit, day)?.is_limit();
            check_editable(&habit, day, must_be_scheduled, made_at, &zone, backfill)?;
            let mut log = day_logs::find_log(txn, me, day, habit.id)?;
            match log.add(AmountEntry { id, amount, recorded_at: time.unwrap_or(made_at) }) {
                EntryAdded::Added => {}
                EntryAdded::Known => return Ok((CompletionOutcome::Noop, id)),
                EntryAdded::Full => {
                    let message = format!("A day can have up to {MAX_ENTRIES} entries. Edit one of them instead.");
                    return Err(Refusal::field("amount", message).into());
                }
            }
            log.is_skipped = false;
            day_logs::put(txn, me, day, habit.id, &log)?;
            Ok((CompletionOutcome::Created, id))
        })
        .await
}

/// Changes the amount of an entry, and its time if one is given.
///
/// # Errors
/// [`Refusal::HabitNotFound`]; [`Refusal::EntryNotFound`]; [`Refusal::InvalidFields`] of the field `amount` for zero; or the refusal
/// of [`check_editable`].
pub async fn change_entry(
    app: &App,
    me: &Account,
    on: HabitDay,
    id: EntryId,
    amount: Amount,
    time: Option<String>,
) -> Result<CompletionOutcome, Error> {
    let amount = amount.require_positive("amount").map_err(Refusal::from)?;
    let time = parse_time(time.as_deref(), on.day, me.zone(), app.clock.now())?;
    edit_log(app, me, on, move |log| {
        let entry = log.entries.iter_mut().find(|entry| entry.id == id).ok_or(Refusal::EntryNotFound)?;
        let changed = AmountEntry { amount, recorded_at: time.unwrap_or(entry.recorded_at), ..*entry };
        if *entry == changed {
            return Ok(CompletionOutcome::Noop);
        }
        *entry = changed;
        Ok(CompletionOutcome::Created)
    })
    .await
}

/// Removes an entry. Idempotent.
///
/// # Errors
/// [`Refusal::HabitNotFound`], or the refusal of [`check_editable`].
pub async fn remove_entry(app: &App, me: &Account, on: HabitDay, id: EntryId) -> Result<CompletionOutcome, Error> {
    let remove = move |log: &mut DayLog| match log.remove(id) {
        Some(_) => Ok(CompletionOutcome::Deleted),
        None => Ok(CompletionOutcome::Noop),
    };
    edit_log(app, me, on, remove).await
}

/// Stores the log of a day that the user may edit now, if `edit` changes it.
async fn edit_log(
    app: &App,
    me: &Account,
    HabitDay { habit, day }: HabitDay,
    edit: impl FnOnce(&mut DayLog) -> Result<CompletionOutcome, Refusal> + Send + 'static,
) -> Result<CompletionOutcome, Error> {
    let (now, me, zone, backfill) = (app.clock.now(), me.id, me.zone().clone(), me.preferences.backfill);
    app.store
        .write(move |txn| {
            let habit = require_active(txn, me, habit)?;
            check_editable(&habit, day, false, now, &zone, backfill)?;
            let mut log = day_logs::find_log(txn, me, day, habit.id)?;
            let outcome = edit(&mut log)?;
            if outcome != CompletionOutcome::Noop {
                day_logs::put(txn, me, day, habit.id, &log)?;
            }
            Ok(outcome)
        })
        .await
}

/// The entries of a day by habit, archived habits included, each habit's in the order in which they were added.
///
/// # Errors
/// [`Error::Unavailable`] when the file cannot be read.
pub fn list_entries_on(app: &App, me: AccountId, day: Day) -> Result<Vec<(HabitId, AmountEntry)>, Error> {
    app.store.read(|txn| {
        let logs = day_logs::list_day(txn, me, day)?;
        Ok(logs.into_iter().flat_map(|(habit, log)| log.entries.into_iter().map(move |entry| (habit, entry))).collect())
    })
}

/// The unit of a habit's amounts.
///
/// # Errors
/// [`Refusal::HabitNotFound`] for a habit that doesn't exist or belongs to another user.
pub fn find_unit(app: &App, me: AccountId, id: HabitId) -> Result<Option<Unit>, Error> {
    let habit = app.store.read(|txn| Ok::<_, Error>(habits::find_habit(txn, me, id)?))?;
    Ok(habit.ok_or(Refusal::HabitNotFound)?.unit)
}

/// The instant of a time of `day`. The time must have come by `now`.
///
/// # Errors
/// [`Refusal::InvalidFields`] of the field `time`.
fn parse_time(time: Option<&str>, day: Day, zone: &Zone, now: Timestamp) -> Result<Option<Timestamp>, Refusal> {
    let Some(text) = time.map(str::trim).filter(|text| !text.is_empty()) else { return Ok(None) };
    let invalid = || Refusal::field("time", "Enter a time such as 07:30.");
    let time = jiff::civil::Time::strptime("%H:%M", text).map_err(|_| invalid())?;
    let at = day.date().to_datetime(time).to_zoned(zone.time_zone().clone()).map_err(|_| invalid())?.timestamp();
    if at > now {
        return Err(Refusal::field("time", "That time hasn't come yet."));
    }
    Ok(Some(at))
}

/// The entries of a habit's day, with all that its page shows about them.
#[derive(Debug, Clone)]
pub struct DayEntries {
    pub habit: Habit,
    pub day: Day,
    pub today: Day,
    /// In the order in which they were added.
    pub entries: Vec<AmountEntry>,
    pub progress: AmountProgress,
    /// Why they can't be changed, if they can't.
    pub closed: Option<Refusal>,
}

/// The entries of a habit on `day`, or on today; `None` when that day is done or not.
///
/// # Errors
/// [`Refusal::HabitNotFound`] for a habit that doesn't exist or belongs to another user.
pub fn load_day(app: &App, me: &Account, id: HabitId, day: Option<Day>) -> Result<Option<DayEntries>, Error> {
    let window = CompletionWindow::at(app.clock.now(), me.zone());
    let day = day.filter(|day| *day <= window.today).unwrap_or(window.today);
    app.store.read(|txn| {
        let habit = habits::find_habit(txn, me.id, id)?.ok_or(Refusal::HabitNotFound)?;
        if !habit.schedule.has_amounts() {
            return Ok(None);
        }
        let histories = histories::find_all(txn, me.id)?;
        let history = histories.get(&id).cloned().unwrap_or_default();
        let Some(progress) = AmountProgress::new(&habit, &history, day, me.preferences.week_start) else {
            return Ok(None);
        };
        let entries = day_logs::find_log(txn, me.id, day, id)?.entries;
        let closed = if habit.is_active() { window.check_open(day, me.preferences.backfill).err() } else { None };
        Ok(Some(DayEntries { habit, day, today: window.today, entries, progress, closed }))
    })
}

/// The goal of a day whose amounts count.
///
/// # Errors
/// [`Refusal::InvalidFields`] of the field `amount` for a day that is done or not.
fn goal_on(habit: &Habit, day: Day) -> Result<Goal, Refusal> {
    let goal = habit.schedule.rule_on(day).map(|rule| rule.goal).filter(|goal| goal.has_amounts());
    goal.ok_or_else(|| Refusal::field("amount", "This day is done or not. Mark it as done instead."))
}
