//! Changing several habits at once: all of them or none.

use std::collections::BTreeSet;

use crate::app::habits::habit::{RestoredPlace, archive, require_active, require_archived, restore};
use crate::app::{App, Error};
use crate::domain::{Account, GroupName, HabitColor, HabitId, Tags};
use crate::store::tables::habits;

/// Changes to each of the habits. Fields that are `None` stay as they are.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct BulkChange {
    /// The inner `None` clears the color.
    pub color: Option<Option<HabitColor>>,
    /// The inner `None` takes the habits out of their groups.
    pub group: Option<Option<GroupName>>,
    pub added_tags: Tags,
    pub removed_tags: Tags,
}

/// Changes active habits.
///
/// # Errors
/// [`Refusal::HabitNotFound`](crate::domain::Refusal::HabitNotFound) when one is no active habit of the user;
/// [`Refusal::InvalidFields`](crate::domain::Refusal::InvalidFields) when one would have too many tags.
pub async fn change_habits(app: &App, me: &Account, ids: BTreeSet<HabitId>, change: BulkChange) -> Result<(), Error> {
    let (now, me) = (app.clock.now(), me.id);
    app.store
        .write(move |txn| {
            for id in ids {
                let mut habit = require_active(txn, me, id)?;
                if let Some(color) = change.color {
                    habit.color = color;
                }
                if let Some(group) = &change.group {
                    habit.group.clone_from(group);
                }
                let tags = habit.tags.without(&change.removed_tags).with(&change.added_tags);
                habit.tags = tags.map_err(crate::domain::Refusal::from)?;
                habit.updated_at = now;
                habits::put(txn, me, &habit)?;
            }
            Ok(())
        })
        .await
}

/// Archives active habits, as [`archive_habit`](crate::app::habits::habit::archive_habit) does.
///
/// # Errors
/// As for [`change_habits`].
pub async fn archive_habits(app: &App, me: &Account, ids: BTreeSet<HabitId>) -> Result<(), Error> {
    let (now, today, me) = (app.clock.now(), app.today(me), me.id);
    app.store
        .write(move |txn| {
            for id in ids {
                archive(txn, me, id, today, now)?;
            }
            Ok(())
        })
        .await
}

/// Restores a habit and those that were archived together with it.
///
/// # Errors
/// Those of [`restore_habit`](crate::app::habits::habit::restore_habit).
pub async fn undo_archive(app: &App, me: &Account, id: HabitId) -> Result<(), Error> {
    let (now, today, me) = (app.clock.now(), app.today(me), me.id);
    app.store
        .write(move |txn| {
            let archived_at = require_archived(txn, me, id)?.archived_at;
            for habit in habits::list_all(txn, me)?.iter().filter(|habit| habit.archived_at == archived_at) {
                restore(txn, me, habit.id, RestoredPlace::Former, today, now)?;
            }
            Ok(())
        })
        .await
}
