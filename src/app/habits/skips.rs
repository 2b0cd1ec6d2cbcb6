//! Skipping days of habits. A skipped day is neither done nor missed, so a day is never both completed and skipped.

use jiff::Timestamp;

use crate::app::habits::completions::CompletionOutcome;
use crate::app::habits::habit::require_active;
use crate::app::{App, Error};
use crate::domain::habits::completion::{check_editable, last_begun_day};
use crate::domain::{Account, AccountId, Day, HabitId, Refusal, Zone};
use crate::store::WriteTxn;
use crate::store::tables::{completions, daily_completions, day_logs, habits};

/// Skips `day`, or undoes that, as done by the user just now, at the instant `now`. Skipping a completed day removes the completion.
/// Idempotent, also for concurrent calls.
///
/// A completion that was made earlier and arrives later, from an offline device, doesn't change the day anymore.
///
/// # Errors
/// [`Refusal::HabitNotFound`]; [`Refusal::NotScheduled`] for a day to skip on which nothing is scheduled; or the refusal of
/// [`check_editable`].
pub async fn set_skipped(
    app: &App,
    me: &Account,
    habit: HabitId,
    day: Day,
    skipped: bool,
    now: Timestamp,
) -> Result<CompletionOutcome, Error> {
    let (me, zone, backfill) = (me.id, me.zone().clone(), me.preferences.backfill);
    app.store
        .write(move |txn| {
            let mut habit = require_active(txn, me, habit)?;
            if skipped && !habit.schedule.matches_day(day) {
                return Err(Refusal::NotScheduled.into());
            }
            check_editable(&habit, day, skipped, now, &zone, backfill)?;
            let mut log = day_logs::find_log(txn, me, day, habit.id)?;
            if log.is_skipped == skipped {
                return Ok(CompletionOutcome::Noop);
            }
            log.is_skipped = skipped;
            day_logs::put(txn, me, day, habit.id, &log)?;
            if skipped {
                remove_completion(txn, me, day, habit.id, now)?;
            }
            habit.recent_changes.record(day, now, now);
            habits::put(txn, me, &habit)?;
            Ok(if skipped { CompletionOutcome::Created } else { CompletionOutcome::Deleted })
        })
        .await
}

/// The habits that are skipped on `day`, including archived ones.
///
/// # Errors
/// [`Error::Unavailable`] when the file cannot be read.
pub fn list_skipped_on(app: &App, me: AccountId, day: Day) -> Result<Vec<HabitId>, Error> {
    if day > last_begun_day(app.clock.now()) {
        return Ok(Vec::new());
    }
    app.store.read(|txn| {
        let logs = day_logs::list_day(txn, me, day)?;
        Ok(logs.into_iter().filter(|(_, log)| log.is_skipped).map(|(habit, _)| habit).collect())
    })
}

fn remove_completion(
    txn: &mut WriteTxn<'_, '_>,
    me: AccountId,
    day: Day,
    habit: HabitId,
    now: Timestamp,
) -> Result<(), Error> {
    let mut year = completions::find_habit_year(txn, me, day.year(), habit)?;
    if year.undo(day) {
        completions::put(txn, me, day.year(), habit, &year);
        daily_completions::record(txn, day, Day::at(now, &Zone::UTC), false)?;
    }
    Ok(())
}
