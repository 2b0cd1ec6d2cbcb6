//! Looking back: what the last ninety days say, and one habit's year.

use std::collections::BTreeMap;

use super::{App, Error};
use crate::domain::insights::{self, Insights, Tally};
use crate::domain::review::Review;
use crate::domain::{Account, AccountId, Day, Habit, HabitId, History, Refusal, Schedule};
use crate::store::{Read, completions, habits};

/// What the last ninety days say, over all habits that are kept and for each of them.
#[derive(Debug, Clone)]
pub struct Overview {
    /// All of them together.
    pub insights: Insights,
    /// Each, in the person's own order.
    pub habits: Vec<(Habit, Tally)>,
}

/// Looks at the habits `me` keeps now.
///
/// # Errors
/// [`Error::Unavailable`] when the file cannot be read.
pub fn overview(app: &App, me: &Account) -> Result<Overview, Error> {
    let today = app.today(me);
    app.store.read(|view| {
        let mut done = window(view, me.id, today)?;
        let look = |habit: Habit| {
            let history = done.remove(&habit.id).unwrap_or_default();
            (habit, history)
        };
        let kept: Vec<(Habit, History)> = habits::active(view, me.id)?.into_iter().map(look).collect();
        let plans: Vec<(&Schedule, &History)> = kept.iter().map(|(habit, done)| (&habit.schedule, done)).collect();
        let insights = insights::insights(&plans, today);
        let each = |(habit, done): (Habit, History)| {
            let tally = insights::last_days(&habit.schedule, &done, today);
            (habit, tally)
        };
        Ok(Overview { insights, habits: kept.into_iter().map(each).collect() })
    })
}

/// What was done in the years that the last ninety days lie in, so that a long past costs nothing.
fn window(view: &impl Read, me: AccountId, today: Day) -> Result<BTreeMap<HabitId, History>, Error> {
    let mut done: BTreeMap<HabitId, History> = BTreeMap::new();
    for year in today.plus(1 - insights::WINDOW).year()..=today.year() {
        for (habit, days) in completions::of_year(view, me, year)? {
            done.entry(habit).or_default().insert(year, days);
        }
    }
    Ok(done)
}

/// A year of one habit, kept or put away; which year, when none is asked for, [`Review::of`] says.
///
/// # Errors
/// [`Refusal::NoSuchHabit`] for one that is unknown or somebody else's.
pub fn review(app: &App, me: &Account, id: HabitId, year: Option<i16>) -> Result<Review, Error> {
    let today = app.today(me);
    app.store.read(|view| {
        let habit = habits::get(view, me.id, id)?.ok_or(Refusal::NoSuchHabit)?;
        let history = completions::of_account(view, me.id)?.remove(&id).unwrap_or_default();
        Ok(Review::of(habit, &history, year, today))
    })
}
