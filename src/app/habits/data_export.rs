//! Exporting a user's data as a file.

use crate::app::{App, Error, audit};
use crate::domain::accounts::audit::{Actor, AuditAction};
use crate::domain::habits::data_export::{
    Achievements, DataExport, ExportedCompletion, ExportedHabit, HabitReminder, Reminders, VERSION,
};
use crate::domain::{Account, Client, Habit};
use crate::store::tables::{completions, habits};

/// All data of a user as of now. The export is recorded in the audit trail first.
///
/// # Errors
/// [`Error::Busy`], [`Error::Unavailable`].
pub async fn export_data(app: &App, me: &Account, client: &Client) -> Result<DataExport, Error> {
    audit::record(app, Actor::User(me.id), AuditAction::DataExported, client).await?;
    let (habits, done) =
        app.store.read(|txn| Ok::<_, Error>((habits::list_all(txn, me.id)?, completions::find_all(txn, me.id)?)))?;
    let mut exported: Vec<ExportedCompletion> = Vec::new();
    for (habit, history) in &done {
        exported.extend(history.days().map(|date| ExportedCompletion {
            habit_id: habit.to_string(),
            date,
            completed_at: history.completed_at(date),
        }));
    }
    exported.sort_by(|one, other| (one.date, &one.habit_id).cmp(&(other.date, &other.habit_id)));
    Ok(DataExport {
        schema_version: VERSION,
        generated_at: format!("{:.3}", app.clock.now()),
        user_id: me.id.to_string(),
        environment: Some(app.store.stamp().environment.to_string()),
        time_zone: Some(me.zone().name().to_owned()),
        preferences: Some(me.preferences),
        reminders: Reminders {
            habit_reminders: habits.iter().flat_map(export_reminders).collect(),
            ..Reminders::default()
        },
        habits: habits.iter().map(export_habit).collect(),
        completions: exported,
        achievements: Achievements::default(),
    })
}

fn export_habit(habit: &Habit) -> ExportedHabit {
    ExportedHabit {
        id: habit.id.to_string(),
        title: habit.title.clone(),
        description: habit.description.clone(),
        sort_order: habit.position,
        archived_at: habit.archived_at,
        created_at: habit.created_at,
        updated_at: Some(habit.updated_at),
        active_weekdays: habit.schedule.weekdays(),
        schedule: Some(habit.schedule.clone()),
    }
}

fn export_reminders(habit: &Habit) -> impl Iterator<Item = HabitReminder> + '_ {
    habit.reminder_times.minutes().iter().map(|minutes| HabitReminder {
        habit_id: habit.id.to_string(),
        time_minutes: i64::from(*minutes),
        enabled: true,
    })
}
