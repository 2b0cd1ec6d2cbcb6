//! The histories of habits, judged by what each habit asked for.

use std::collections::BTreeMap;

use crate::domain::habits::judgment::judge;
use crate::domain::{Account, Day, Habit, HabitId, History};
use crate::store::tables::histories;
use crate::store::{Error, Reader};

/// The history of each of the account's `habits` that has one, as of `today`. A limit is kept on days without an entry, so a habit
/// with one always has a history.
///
/// # Errors
/// [`Error::File`]; [`Error::Corrupt`].
pub(super) fn load_all(
    txn: &impl Reader,
    me: &Account,
    habits: &[Habit],
    today: Day,
) -> Result<BTreeMap<HabitId, History>, Error> {
    let mut histories = histories::find_all(txn, me.id)?;
    for habit in habits.iter().filter(|habit| habit.schedule.has_amounts()) {
        let history = histories.remove(&habit.id).unwrap_or_default();
        histories.insert(habit.id, judge(&habit.schedule, history, today, me.preferences.week_start));
    }
    Ok(histories)
}
