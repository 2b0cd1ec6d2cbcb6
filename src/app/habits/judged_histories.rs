//! The histories of habits, judged by what each habit asked for.

use std::collections::BTreeMap;

use crate::domain::habits::judgment::judge;
use crate::domain::habits::window_plan::{has_windows, plan_windows};
use crate::domain::{Account, Day, Habit, HabitId, History};
use crate::store::tables::histories;
use crate::store::{Error, Reader};

/// The history of each of the account's `habits` that has one, as of `today`. A limit is kept on days without an entry, and paused
/// days count neither way, so a habit with a limit or a pause always has a history.
///
/// # Errors
/// [`Error::File`]; [`Error::Corrupt`].
pub(super) fn load_all(
    txn: &impl Reader,
    me: &Account,
    habits: &[Habit],
    today: Day,
) -> Result<BTreeMap<HabitId, History>, Error> {
    let week_start = me.preferences.week_start;
    let mut histories = histories::find_all(txn, me.id)?;
    for habit in habits {
        let schedule = &habit.schedule;
        let has_pauses = !me.pauses.is_empty() || !habit.pauses.is_empty();
        if has_pauses || schedule.has_amounts() || has_windows(schedule) {
            let history = judge(schedule, histories.remove(&habit.id).unwrap_or_default(), today, week_start);
            let history = history.paused_on(&habit.all_pauses(&me.pauses), schedule);
            histories.insert(habit.id, plan_windows(schedule, history, today, week_start));
        }
    }
    Ok(histories)
}
