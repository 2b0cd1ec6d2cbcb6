//! The list of habits in another order than the one the user chose.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use crate::app::habits::judged_histories;
use crate::app::{App, Error};
use crate::domain::habits::day_ranges::DayRange;
use crate::domain::habits::grouped::by_group;
use crate::domain::habits::sort::{ListSort, SortFigure};
use crate::domain::habits::streak::current_streak;
use crate::domain::habits::streak_runs::StreakUnit;
use crate::domain::habits::strength_history::current_strength;
use crate::domain::{Account, Habit, HabitId};
use crate::store::tables::habits;

/// The active habits, sorted within their groups, which stay in the user's order, and the figure of each that they are sorted by.
///
/// # Errors
/// [`Error::Unavailable`] when the file cannot be read.
pub fn list_sorted(
    app: &App,
    me: &Account,
    sort: ListSort,
) -> Result<(Vec<Habit>, BTreeMap<HabitId, SortFigure>), Error> {
    let (today, week_start) = (app.today(me), me.preferences.week_start);
    app.store.read(|txn| {
        let (active, mut figures) = (habits::list_active(txn, me.id)?, BTreeMap::new());
        if sort.has_figures() {
            let mut done = judged_histories::load_all(txn, me, &active, today, DayRange { first: today, last: today })?;
            for habit in &active {
                let history = done.remove(&habit.id).unwrap_or_default();
                let figure = match sort {
                    ListSort::Streak => {
                        let length = current_streak(&habit.schedule, &history, today, week_start);
                        SortFigure::Streak(length, StreakUnit::of_rule(habit.schedule.rule_as_of(today)))
                    }
                    _ => SortFigure::Strength(current_strength(&habit.schedule, &history, today)),
                };
                figures.insert(habit.id, figure);
            }
        }
        let order = |one: &Habit, other: &Habit| match sort {
            ListSort::Manual => Ordering::Equal,
            ListSort::Name => one.title.as_str().to_lowercase().cmp(&other.title.as_str().to_lowercase()),
            ListSort::Streak | ListSort::Strength => SortFigure::compare(figures.get(&other.id), figures.get(&one.id)),
        };
        let mut groups = by_group(&active);
        for group in &mut groups {
            group.habits.sort_by(|one, other| order(one, other));
        }
        let sorted = groups.into_iter().flat_map(|group| group.habits).cloned().collect();
        Ok((sorted, figures))
    })
}
