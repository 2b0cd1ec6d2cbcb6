//! The histories of habits, judged by what each habit asked for.

use std::collections::BTreeMap;

use crate::domain::habits::day_ranges::DayRange;
use crate::domain::habits::judgment::judge;
use crate::domain::habits::window_plan::{has_windows, plan_windows_in};
use crate::domain::{Account, Day, Habit, HabitId, History};
use crate::store::tables::histories;
use crate::store::{Error, Reader};

/// The history of each of the account's `habits` that has one, as of `today`. A limit is kept on days without an entry, and paused
/// days count neither way, so a habit with a limit or a pause always has a history.
///
/// Windows are planned only on the `shown` days, and only up to the one with `today`: [`History::counts`] and what goes by it can be
/// asked of those days.
///
/// # Errors
/// [`Error::File`]; [`Error::Corrupt`].
pub(super) fn load_all(
    txn: &impl Reader,
    me: &Account,
    habits: &[Habit],
    today: Day,
    shown: DayRange,
) -> Result<BTreeMap<HabitId, History>, Error> {
    let shown = DayRange { last: shown.last.min(today), ..shown };
    let mut histories = histories::find_all(txn, me.id)?;
    for habit in habits.iter().filter(|habit| needs_judging(habit, me)) {
        let history = histories.remove(&habit.id).unwrap_or_default();
        histories.insert(habit.id, judge_habit(habit, history, me, today, shown));
    }
    Ok(histories)
}

/// The history of one habit as of `today`. Windows are planned up to `last`, which may be still to come.
///
/// # Errors
/// [`Error::File`]; [`Error::Corrupt`].
pub(super) fn load_one(
    txn: &impl Reader,
    me: &Account,
    habit: &Habit,
    today: Day,
    last: Day,
) -> Result<History, Error> {
    let history = histories::find_one(txn, me.id, habit.id)?;
    let shown = DayRange { first: habit.schedule.start(), last };
    Ok(if needs_judging(habit, me) { judge_habit(habit, history, me, today, shown) } else { history })
}

fn needs_judging(habit: &Habit, me: &Account) -> bool {
    let has_pauses = !me.pauses.is_empty() || !habit.pauses.is_empty();
    has_pauses || habit.schedule.has_amounts() || has_windows(&habit.schedule)
}

fn judge_habit(habit: &Habit, history: History, me: &Account, today: Day, shown: DayRange) -> History {
    let (schedule, week_start) = (&habit.schedule, me.preferences.week_start);
    let history = judge(schedule, history, today, week_start).paused_on(&habit.all_pauses(&me.pauses), schedule);
    plan_windows_in(shown, schedule, history, today, week_start)
}
