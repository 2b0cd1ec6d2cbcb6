//! Ticking and unticking: facts on civil dates.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{App, Error, habits::kept};
use crate::domain::agenda::Agenda;
use crate::domain::completion::may_change;
use crate::domain::{Account, AccountId, Day, Habit, HabitId, History, streak};
use crate::store::{completions, habits};

/// What became of a tick or untick.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The day is done now.
    Created,
    /// The day is open again.
    Deleted,
    /// It was so already.
    Noop,
}

/// Ticks or unticks `day`, as somebody did at the instant `when`. Asking twice, or twice at once, makes one fact.
///
/// # Errors
/// [`Refusal::NoSuchHabit`](crate::domain::Refusal::NoSuchHabit), or what [`may_change`] says.
pub async fn set(
    app: &App,
    me: &Account,
    habit: HabitId,
    day: Day,
    done: bool,
    when: Timestamp,
) -> Result<Outcome, Error> {
    let (me, zone, backfill) = (me.id, me.zone().clone(), me.preferences.backfill);
    app.store
        .write(move |draft| {
            may_change(&kept(draft, me, habit)?, day, when, &zone, backfill)?;
            let mut year = completions::of_habit(draft, me, day.year(), habit)?;
            let changed = if done { year.tick(day, when) } else { year.untick(day) };
            if !changed {
                return Ok(Outcome::Noop);
            }
            completions::put(draft, me, day.year(), habit, &year);
            Ok(if done { Outcome::Created } else { Outcome::Deleted })
        })
        .await
}

/// The habits that were done on `day`, archived ones too.
///
/// # Errors
/// [`Error::Unavailable`] when the file cannot be read.
pub fn on_day(app: &App, me: AccountId, day: Day) -> Result<Vec<HabitId>, Error> {
    app.store.read(|view| {
        let year = completions::of_year(view, me, day.year())?;
        Ok(year.into_iter().filter(|(_, days)| days.is_done(day)).map(|(habit, _)| habit).collect())
    })
}

/// What is due on `day`, with each habit's streak as of today.
///
/// # Errors
/// [`Error::Unavailable`] when the file cannot be read.
pub fn agenda(app: &App, me: &Account, day: Day) -> Result<Agenda, Error> {
    let today = app.today(me);
    app.store.read(|view| {
        let (habits, done) = (habits::active(view, me.id)?, completions::of_account(view, me.id)?);
        Ok(list(habits, &done, day, today, me.preferences.done_sinks))
    })
}

/// The list of a day. A streak is as of today, so no other day's list tells it.
pub(super) fn list(
    habits: Vec<Habit>,
    done: &BTreeMap<HabitId, History>,
    day: Day,
    today: Day,
    done_sinks: bool,
) -> Agenda {
    let nothing = History::default();
    let look = |habit: &Habit| {
        let history = done.get(&habit.id).unwrap_or(&nothing);
        let streak = if day == today { streak::current(&habit.schedule, history, today) } else { 0 };
        (history.is_done(day), streak)
    };
    Agenda::of(habits, day, done_sinks, look)
}

/// Writes down days that were done before Atlas was asked, without the window. Days that are down already stay. For seeds.
///
/// # Errors
/// [`Error::Busy`], [`Error::Unavailable`].
pub async fn plant(app: &App, me: AccountId, habit: HabitId, days: Vec<(Day, Timestamp)>) -> Result<usize, Error> {
    app.store
        .write(move |draft| {
            let mut planted = 0;
            for (day, when) in days {
                let mut year = completions::of_habit(draft, me, day.year(), habit)?;
                if year.tick(day, when) {
                    planted += 1;
                    completions::put(draft, me, day.year(), habit, &year);
                }
            }
            Ok(planted)
        })
        .await
}
