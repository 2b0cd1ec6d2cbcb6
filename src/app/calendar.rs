//! The calendar: one look at the file gives the month, the day that is open, and the streaks.

use std::collections::BTreeMap;

use super::{App, Error, completions::list};
use crate::domain::completion::may_change;
use crate::domain::insights::Tally;
use crate::domain::month::Month;
use crate::domain::{Account, Day, Habit, HabitId, History, streak};
use crate::pages::calendar::{OpenDay, Shown};
use crate::store::{completions, habits};

/// What one person planned and did.
struct Kept {
    habits: Vec<Habit>,
    done: BTreeMap<HabitId, History>,
}

/// The month, with the list of the day that is `open`, if any is.
///
/// # Errors
/// [`Error::Unavailable`] when the file cannot be read.
pub fn look(app: &App, me: &Account, month: Month, open: Option<Day>) -> Result<Shown, Error> {
    let kept = app.store.read(|view| {
        let (habits, done) = (habits::active(view, me.id)?, completions::of_account(view, me.id)?);
        Ok::<_, Error>(Kept { habits, done })
    })?;
    let now = app.clock.now();
    let today = Day::at(now, me.zone());
    let day = open.map(|day| {
        let agenda = list(kept.habits.clone(), &kept.done, day, today, me.preferences.done_sinks);
        // Every habit on the list is planned that day, so the day alone decides, and for all of them alike.
        let shut = agenda
            .items
            .first()
            .and_then(|item| may_change(&item.habit, day, now, me.zone(), me.preferences.backfill).err());
        OpenDay { agenda, shut }
    });
    let tallies = month.days().map(|day| (day, kept.tally(day))).collect();
    Ok(Shown { month, today, week_start: me.preferences.week_start, tallies, day, streaks: kept.streaks(today) })
}

impl Kept {
    fn is_done(&self, habit: &Habit, day: Day) -> bool {
        self.done.get(&habit.id).is_some_and(|history| history.is_done(day))
    }

    /// What was planned that day by the schedule of that day, and how much of it was done.
    fn tally(&self, day: Day) -> Tally {
        let mut tally = Tally::default();
        for habit in self.habits.iter().filter(|habit| habit.is_due(day)) {
            tally.scheduled += 1;
            tally.completed += u32::from(self.is_done(habit, day));
        }
        tally
    }

    /// Every habit's streak; none at all while nothing was ever done.
    fn streaks(&self, today: Day) -> Vec<(Habit, streak::Streak)> {
        let nothing = History::default();
        let history = |habit: &Habit| self.done.get(&habit.id).unwrap_or(&nothing);
        if self.habits.iter().all(|habit| history(habit).first().is_none()) {
            return Vec::new();
        }
        let each = |habit: &Habit| (habit.clone(), streak::streak(&habit.schedule, history(habit), today));
        self.habits.iter().map(each).collect()
    }
}
