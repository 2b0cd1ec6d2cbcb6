//! Exporting a user's data as a file.

use std::collections::BTreeMap;

use crate::app::habits::export_seal::compute_seal;
use crate::app::{App, Error, audit};
use crate::domain::accounts::audit::{Actor, AuditAction};
use crate::domain::habits::completion::last_begun_day;
use crate::domain::habits::data_export::{
    Achievements, DataExport, ExportedCompletion, ExportedDayLog, ExportedHabit, HabitReminder, Reminders, VERSION,
};
use crate::domain::habits::day_log::DayLog;
use crate::domain::{Account, Client, Day, Habit, HabitId, History};
use crate::exchange::outgoing::to_exchange_file;
use crate::exchange::{day_table, loop_backup, loop_tables};
use crate::store::tables::{day_logs, habits, histories};

/// All data of a user as of now, sealed. The export is recorded in the audit trail first.
///
/// # Errors
/// [`Error::Busy`], [`Error::Unavailable`].
pub async fn export_data(app: &App, me: &Account, client: &Client) -> Result<DataExport, Error> {
    audit::record(app, Actor::User(me.id), AuditAction::DataExported, client).await?;
    let (habits, done, logs) = read_all(app, me)?;
    let (now, mut exported) = (app.clock.now(), Vec::new());
    let last_day = last_begun_day(now);
    for (habit, history) in &done {
        exported.extend(history.days().take_while(|date| *date <= last_day).map(|date| ExportedCompletion {
            habit_id: *habit,
            date,
            completed_at: history.completed_at(date),
        }));
    }
    exported.sort_by_key(|completion| (completion.date, completion.habit_id));
    let mut export = DataExport {
        schema_version: VERSION,
        generated_at: format!("{now:.3}"),
        user_id: me.id.to_string(),
        environment: app.store.stamp().environment.to_string(),
        time_zone: me.zone().name().to_owned(),
        preferences: me.preferences,
        pauses: me.pauses.clone(),
        reminders: Reminders {
            habit_reminders: habits.iter().flat_map(export_reminders).collect(),
            ..Reminders::default()
        },
        habits: habits.iter().map(export_habit).collect(),
        completions: exported,
        day_logs: logs.into_iter().filter(|(date, ..)| *date <= last_day).map(export_log).collect(),
        achievements: Achievements::default(),
        seal: None,
    };
    let unsealed = serde_json::to_vec(&export).map_err(Error::broken)?;
    export.seal = Some(compute_seal(&app.keys, unsealed.as_slice()).map_err(Error::broken)?);
    Ok(export)
}

/// The habits and days of a user in the format of another program. The export is recorded in the audit trail first.
///
/// # Errors
/// [`Error::Busy`], [`Error::Unavailable`].
pub async fn export_for(app: &App, me: &Account, program: ExportFormat, client: &Client) -> Result<Vec<u8>, Error> {
    audit::record(app, Actor::User(me.id), AuditAction::DataExported, client).await?;
    let (habits, done, logs) = read_all(app, me)?;
    let file = to_exchange_file(&habits, &done, &logs, last_begun_day(app.clock.now()));
    match program {
        ExportFormat::LoopBackup => Ok(loop_backup::write(&file)),
        ExportFormat::LoopTables => loop_tables::write(&file).map_err(Error::broken),
        ExportFormat::DayTable => day_table::write(&file).map_err(Error::broken),
    }
}

/// The format of an export for another program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExportFormat {
    /// The full backup of Loop Habit Tracker.
    LoopBackup,
    /// The tables of Loop Habit Tracker.
    LoopTables,
    /// One table for spreadsheets.
    DayTable,
}

type HabitData = (Vec<Habit>, BTreeMap<HabitId, History>, Vec<(Day, HabitId, DayLog)>);

/// Everything that is known of a user's habits, as of one instant.
fn read_all(app: &App, me: &Account) -> Result<HabitData, Error> {
    app.store.read(|txn| {
        Ok((habits::list_all(txn, me.id)?, histories::find_all(txn, me.id)?, day_logs::list_all(txn, me.id)?))
    })
}

fn export_log((date, habit_id, log): (Day, HabitId, DayLog)) -> ExportedDayLog {
    ExportedDayLog { habit_id, date, log }
}

fn export_habit(habit: &Habit) -> ExportedHabit {
    ExportedHabit {
        id: habit.id,
        title: habit.title.clone(),
        description: habit.description.clone(),
        sort_order: habit.position,
        archived_at: habit.archived_at,
        created_at: habit.created_at,
        updated_at: habit.updated_at,
        active_weekdays: habit.schedule.weekdays(),
        schedule: habit.schedule.clone(),
        color: habit.color,
        emoji: habit.emoji.clone(),
        tags: habit.tags.clone(),
        group: habit.group.clone(),
        time_of_day: habit.time_of_day,
        unit: habit.unit.clone(),
        step: habit.step,
        pauses: habit.pauses.clone(),
    }
}

fn export_reminders(habit: &Habit) -> impl Iterator<Item = HabitReminder> + '_ {
    habit.reminder_times.minutes().iter().map(|minutes| HabitReminder {
        habit_id: habit.id,
        time_minutes: *minutes,
        enabled: true,
    })
}
