//! Importing a file that Atlas or its predecessor exported.
//!
//! The file is read and checked outside of any transaction; a preview then plans the import in a read transaction, so that it
//! holds up nobody, and an import plans and applies it in one write transaction.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::io;

use jiff::Timestamp;

use crate::app::habits::export_seal::is_sealed;
use crate::app::habits::import_source::ImportSource;
use crate::app::identity::active_account::require_active_account;
use crate::app::{App, Error};
use crate::domain::accounts::audit::{Actor, AuditAction};
use crate::domain::habits::completion::last_begun_day;
use crate::domain::habits::data_export::{MAX_COMPLETIONS, VERSION};
use crate::domain::habits::day_log::DayLog;
use crate::domain::habits::habit::{MAX_ACTIVE_HABITS, MAX_HABITS};
use crate::domain::habits::habit_year::HabitYear;
use crate::domain::habits::import_file::ImportFile;
use crate::domain::habits::import_record::{ImportRecord, RecordedHabit, RecordedLog, RecordedPauses, is_undoable};
use crate::domain::habits::import_report::{CompletionNotes, HabitMatch, HabitOutcome, ImportReport};
use crate::domain::habits::imported_habit::{ImportNote, ImportedHabit};
use crate::domain::habits::pauses::MAX_PAUSES;
use crate::domain::{Account, AccountId, Client, Day, Habit, HabitId, Pauses, Refusal, Schedule, Title, Zone};
use crate::exchange::convert::to_import_file;
use crate::exchange::error::ExchangeError;
use crate::exchange::recognize::{self, MAX_FOREIGN_BYTES};
use crate::exchange::table_columns::TableColumns;
use crate::store::tables::{accounts, audit, completions, day_logs, habits, imports};
use crate::store::{Reader, WriteTxn};

/// Longest name of a foreign environment that a message repeats.
const MAX_QUOTED_CHARS: usize = 60;

/// A file that was read completely.
#[derive(Debug, Clone)]
pub struct CheckedFile {
    pub content: ImportFile,
    /// Whether another data file wrote it, or it was changed since.
    pub is_foreign: bool,
}

/// Why a file was not read.
#[derive(Debug, thiserror::Error)]
pub enum ImportFileError {
    /// It is larger than [`MAX_FILE_BYTES`](crate::domain::habits::data_export::MAX_FILE_BYTES).
    #[error("the file is too large")]
    TooLarge,
    #[error("This compressed file is incomplete. Export or download it again.")]
    Truncated,
    /// A file of another program.
    #[error(transparent)]
    Foreign(#[from] ExchangeError),
    #[error(transparent)]
    NotAnExport(serde_json::Error),
}

/// Reads a file of Atlas or of another habit tracker, and verifies its seal. `columns` are those of a table. Days are those of `zone`. This takes a while for large files, so run it on a thread for blocking work.
///
/// # Errors
/// [`ImportFileError`].
pub fn read_file(
    app: &App,
    source: &ImportSource,
    columns: Option<TableColumns>,
    zone: &Zone,
) -> Result<CheckedFile, ImportFileError> {
    let explain = |error: serde_json::Error| match error.io_error_kind() {
        Some(io::ErrorKind::FileTooLarge) => ImportFileError::TooLarge,
        Some(_) => ImportFileError::Truncated,
        None => ImportFileError::NotAnExport(error),
    };
    let open = || source.open().map_err(|error| explain(serde_json::Error::io(error)));
    let content = match ImportFile::read(open()?).map_err(explain) {
        Ok(content) => content,
        Err(error @ ImportFileError::NotAnExport(_)) => {
            let content = read_foreign_file(app, source, columns, zone)?.ok_or(error)?;
            return Ok(CheckedFile { content, is_foreign: true });
        }
        Err(error) => return Err(error),
    };
    let is_own = match &content.seal {
        Some(seal) => is_sealed(&app.keys, open()?, seal).map_err(explain)?,
        None => false,
    };
    Ok(CheckedFile { content, is_foreign: !is_own })
}

/// Reads a file of another habit tracker; `None` when it is none.
fn read_foreign_file(
    app: &App,
    source: &ImportSource,
    columns: Option<TableColumns>,
    zone: &Zone,
) -> Result<Option<ImportFile>, ImportFileError> {
    let bytes = source.read_up_to(MAX_FOREIGN_BYTES).map_err(|error| match error.kind() {
        io::ErrorKind::FileTooLarge => ImportFileError::TooLarge,
        _ => ImportFileError::Truncated,
    })?;
    Ok(recognize::read(&bytes, zone, columns)?.map(|file| to_import_file(&file, app.clock.now(), zone)))
}

/// What importing the file would change. Nothing is changed, and no write waits. Blocks while the data file is read.
///
/// # Errors
/// As for [`import_data`].
pub fn preview_import(app: &App, me: &Account, file: &CheckedFile) -> Result<ImportReport, Error> {
    check_file(app, file)?;
    let today = last_begun_day(app.clock.now());
    app.store.read(|txn| Ok(plan_import(txn, me.id, me.zone(), today, file)?.report))
}

/// Adds what the file has and the account lacks, in one transaction. Existing habits stay as they are, so importing the
/// same file twice adds nothing.
///
/// # Errors
/// [`Refusal::InvalidFields`] when the file has an unknown version, was exported from another environment, is foreign where that
/// is not allowed, or exceeds the limits; nothing is changed then.
pub async fn import_data(app: &App, me: &Account, file: CheckedFile, client: &Client) -> Result<ImportReport, Error> {
    check_file(app, &file)?;
    let today = last_begun_day(app.clock.now());
    let (me, zone) = (me.id, me.zone().clone());
    let entry = app.audit_entry(Actor::User(me), AuditAction::DataImported, None, client)?;
    let (id, now) = (app.generate_import_id()?, app.clock.now());
    app.store
        .write(move |txn| {
            let mut plan = plan_import(txn, me, &zone, today, &file)?;
            plan.apply(txn, me)?;
            let (program, pauses) = (file.content.program, plan.recorded_pauses);
            if let Some(record) = ImportRecord::new(id, now, program, plan.recorded, pauses) {
                imports::add(txn, me, &record)?;
                plan.report.import = Some(id);
            }
            audit::add(txn, &entry);
            Ok(plan.report)
        })
        .await
}

fn check_file(app: &App, file: &CheckedFile) -> Result<(), Refusal> {
    let CheckedFile { content, is_foreign } = file;
    if !(1..=VERSION).contains(&content.schema_version) {
        let message =
            format!("This file is version {}. Atlas can import versions 1 and {VERSION}.", content.schema_version);
        return Err(Refusal::field("schemaVersion", message));
    }
    let here = app.store.stamp().environment.to_string();
    if let Some(there) = content.environment.as_deref().filter(|there| *there != here) {
        let there: String = there.chars().take(MAX_QUOTED_CHARS).collect();
        let message = format!(
            "This file was exported from {there}, but this is {here}. Data can only be imported into the environment it was exported from."
        );
        return Err(Refusal::field("environment", message));
    }
    if *is_foreign && !app.accepts_foreign_imports {
        let message = format!(
            "This file wasn't exported from {here}, or it was changed since. To allow such files here, an operator can set imports.foreign = true."
        );
        return Err(Refusal::field("seal", message));
    }
    if content.habit_count > MAX_HABITS {
        let message = format!("The file has {} habits. The limit is {MAX_HABITS}.", content.habit_count);
        return Err(Refusal::field("habits", message));
    }
    if content.completion_count > MAX_COMPLETIONS {
        let message =
            format!("The file has {} completed days. The limit is {MAX_COMPLETIONS}.", content.completion_count);
        return Err(Refusal::field("completions", message));
    }
    Ok(())
}

/// What an import writes.
struct ImportPlan {
    habits: Vec<Habit>,
    /// By year, so that each row is read and written once.
    years: BTreeMap<(i16, HabitId), HabitYear>,
    logs: BTreeMap<(Day, HabitId), DayLog>,
    /// The pauses of all habits, if the file has some that the account lacks.
    pauses: Option<Pauses>,
    /// What is added, for undoing it.
    recorded: BTreeMap<HabitId, RecordedHabit>,
    recorded_pauses: Option<RecordedPauses>,
    report: ImportReport,
}

impl ImportPlan {
    fn apply(&self, txn: &mut WriteTxn<'_, '_>, me: AccountId) -> Result<(), Error> {
        for habit in &self.habits {
            habits::put(txn, me, habit)?;
        }
        for ((year, id), days) in &self.years {
            completions::put(txn, me, *year, *id, days);
        }
        for ((day, id), log) in &self.logs {
            day_logs::put(txn, me, *day, *id, log)?;
        }
        if let Some(pauses) = &self.pauses
            && let Some(account) = accounts::find_account(txn, me)?
        {
            accounts::put(txn, &Account { pauses: pauses.clone(), ..account })?;
        }
        Ok(())
    }
}

fn plan_import(
    reader: &impl Reader,
    me: AccountId,
    zone: &Zone,
    last_day: Day,
    file: &CheckedFile,
) -> Result<ImportPlan, Error> {
    require_active_account(reader, me)?;
    let CheckedFile { content, is_foreign } = file;
    let known = habits::list_all(reader, me)?;
    let mut report = ImportReport {
        is_foreign: *is_foreign,
        program: content.program,
        left_out: content.left_out.clone(),
        skipped: content.skipped.clone(),
        completions: CompletionNotes { unreadable: content.unreadable_completions, ..CompletionNotes::default() },
        ..ImportReport::default()
    };
    // The first day of every habit that the file's completions may belong to.
    let mut starts: BTreeMap<HabitId, Day> = known.iter().map(|habit| (habit.id, habit.schedule.start())).collect();
    let mut added = Vec::new();
    let next_position = known.iter().filter(|habit| habit.is_active()).map(|habit| habit.position + 1).max();
    let mut positions = next_position.unwrap_or(0)..;
    let mut in_order: Vec<&ImportedHabit> = content.habits.iter().collect();
    in_order.sort_by_key(|habit| (habit.sort_order, habit.created_at));
    let same_names = match_names(content, &known);
    let mut targets = BTreeMap::new();
    for imported in in_order {
        let (id, is_same_name) = same_names.get(&imported.id).map_or((imported.id, false), |id| (*id, true));
        let is_known = starts.contains_key(&id);
        let start = *starts.entry(id).or_insert_with(|| {
            let habit = imported.to_habit(positions.next().unwrap_or(u32::MAX), zone);
            report.repairs.extend_from_slice(&imported.repairs);
            let start = habit.schedule.start();
            added.push(habit);
            start
        });
        let known = known.iter().find(|habit| habit.id == id);
        let outcome = match (is_known, is_same_name) {
            (_, true) => HabitMatch::SameName,
            (true, false) => HabitMatch::Known,
            (false, false) => HabitMatch::Added,
        };
        let title = known.map_or(&imported.title, |habit| &habit.title).clone();
        let habit = HabitOutcome { id, title, outcome, completions_added: 0, completions_known: 0, day_logs_added: 0 };
        if let Entry::Vacant(entry) = targets.entry(imported.id) {
            let stored = known.or_else(|| added.iter().find(|habit| habit.id == id));
            let schedule = stored.map(|habit| habit.schedule.clone());
            let brings_amounts = imported.schedule.as_ref().is_some_and(Schedule::has_amounts);
            entry.insert(ImportTarget { id, start, schedule, brings_amounts, outcome: report.habits.len() });
            report.habits.push(habit);
        }
    }
    report.changes.habits_added = added.len();
    report.changes.habits_known = content.habits.len() - added.len();
    check_habit_count(&known, &added)?;
    let mut recorded: BTreeMap<HabitId, RecordedHabit> = BTreeMap::new();
    for habit in &added {
        recorded.entry(habit.id).or_default().updated_at = Some(habit.updated_at);
    }
    let years = plan_completions(reader, me, last_day, content, &targets, &mut recorded, &mut report)?;
    let logs = plan_logs(reader, me, last_day, content, &targets, &years, &mut report)?;
    for ((day, id), log) in &logs {
        let before = day_logs::find_log(reader, me, *day, *id)?;
        recorded.entry(*id).or_default().logs.insert(*day, RecordedLog::between(&before, log));
    }
    if !is_undoable(&recorded) {
        report.is_too_large_to_undo = true;
        recorded.clear();
    }
    let known_pauses = accounts::find_account(reader, me)?.map(|account| account.pauses).unwrap_or_default();
    let pauses = plan_pauses(&known_pauses, content, &mut report);
    let recorded_pauses = pauses.clone().map(|after| RecordedPauses { before: known_pauses, after });
    Ok(ImportPlan { habits: added, years, logs, pauses, recorded, recorded_pauses, report })
}

/// The account's pauses of all habits with those of the file, if these are new and not too many.
fn plan_pauses(known: &Pauses, file: &ImportFile, report: &mut ImportReport) -> Option<Pauses> {
    let mut merged = known.clone();
    merged.extend(&file.pauses);
    if merged.are_too_many() {
        let message = format!("With this file, you'd have more than {MAX_PAUSES} pauses, so none of them was added.");
        report.left_out.push(ImportNote { habit: "All habits".to_owned(), field: "pauses", message });
        return None;
    }
    report.pauses_added = merged.iter().filter(|pause| known.iter().all(|known| known != *pause)).count();
    (merged != *known).then_some(merged)
}

/// Where the days of a habit of the file go.
struct ImportTarget {
    id: HabitId,
    start: Day,
    /// The schedule in the account.
    schedule: Option<Schedule>,
    /// Whether the file has amounts for the habit.
    brings_amounts: bool,
    /// The index of the habit in the report.
    outcome: usize,
}

impl ImportTarget {
    /// Whether amounts decide if the habit is done on that day.
    fn counts_amounts(&self, day: Day) -> bool {
        let rule = self.schedule.as_ref().and_then(|schedule| schedule.rule_on(day));
        rule.is_some_and(|rule| rule.goal.has_amounts())
    }
}

/// The habits of another program's file that the account has under another id and the same name; each is matched once. An
/// active habit comes before an archived one.
fn match_names(file: &ImportFile, known: &[Habit]) -> BTreeMap<HabitId, HabitId> {
    let is_in_file = |id: HabitId| file.habits.iter().any(|habit| habit.id == id);
    let name = |title: &Title| title.as_str().to_lowercase();
    let mut free: BTreeMap<String, HabitId> = BTreeMap::new();
    let (active, archived): (Vec<&Habit>, Vec<&Habit>) = known.iter().partition(|habit| habit.is_active());
    for habit in active.into_iter().chain(archived).filter(|habit| !is_in_file(habit.id)) {
        free.entry(name(&habit.title)).or_insert(habit.id);
    }
    let is_known = |id: HabitId| known.iter().any(|habit| habit.id == id);
    let unknown = file.habits.iter().filter(|habit| file.program.is_some() && !is_known(habit.id));
    let mut matched = BTreeMap::new();
    for habit in unknown {
        matched.extend(free.remove(&name(&habit.title)).map(|id| (habit.id, id)));
    }
    matched
}

fn check_habit_count(known: &[Habit], added: &[Habit]) -> Result<(), Refusal> {
    let active = known.iter().chain(added).filter(|habit| habit.is_active()).count();
    if active > MAX_ACTIVE_HABITS {
        let message = format!("With this file, you'd have {active} active habits. The limit is {MAX_ACTIVE_HABITS}.");
        return Err(Refusal::field("habits", message));
    }
    let all = known.len() + added.len();
    if all > MAX_HABITS {
        let message =
            format!("With this file, you'd have {all} habits, including archived ones. The limit is {MAX_HABITS}.");
        return Err(Refusal::field("habits", message));
    }
    Ok(())
}

/// The day logs of the habits in `targets`, merged with those that exist. What the account knows stays, except that a day that is
/// completed in `years` is no longer skipped.
fn plan_logs(
    reader: &impl Reader,
    me: AccountId,
    last_day: Day,
    file: &ImportFile,
    targets: &BTreeMap<HabitId, ImportTarget>,
    years: &BTreeMap<(i16, HabitId), HabitYear>,
    report: &mut ImportReport,
) -> Result<BTreeMap<(Day, HabitId), DayLog>, Error> {
    let mut logs: BTreeMap<(Day, HabitId), DayLog> = BTreeMap::new();
    for (day, habit, log) in day_logs::list_all(reader, me)? {
        if log.is_skipped && years.get(&(day.year(), habit)).is_some_and(|year| year.is_done(day)) {
            logs.insert((day, habit), DayLog { is_skipped: false, ..log });
        }
    }
    for imported in &file.day_logs {
        let Some(target) = targets.get(&imported.habit) else {
            report.completions.of_skipped_habits += usize::from(file.skipped_ids.contains(&imported.habit));
            continue;
        };
        if imported.date > last_day {
            report.completions.in_future += 1;
            continue;
        }
        let key = (imported.date, target.id);
        let known = match logs.get(&key) {
            Some(log) => log.clone(),
            None => day_logs::find_log(reader, me, imported.date, target.id)?,
        };
        let is_done = match years.get(&(imported.date.year(), target.id)) {
            Some(year) => year.is_done(imported.date),
            None => completions::find_habit_year(reader, me, imported.date.year(), target.id)?.is_done(imported.date),
        };
        let merged = known.clone().merged_with(&imported.log, is_done);
        if merged == known {
            report.day_logs.known += 1;
        } else {
            report.day_logs.added += 1;
            report.day_logs.repaired += usize::from(imported.is_repaired);
            if let Some(habit) = report.habits.get_mut(target.outcome) {
                habit.day_logs_added += 1;
            }
            logs.insert(key, merged);
        }
    }
    Ok(logs)
}

/// The completions of the habits in `targets`, added to those that exist.
fn plan_completions(
    reader: &impl Reader,
    me: AccountId,
    last_day: Day,
    file: &ImportFile,
    targets: &BTreeMap<HabitId, ImportTarget>,
    recorded: &mut BTreeMap<HabitId, RecordedHabit>,
    report: &mut ImportReport,
) -> Result<BTreeMap<(i16, HabitId), HabitYear>, Error> {
    let mut years: BTreeMap<(i16, HabitId), HabitYear> = BTreeMap::new();
    let (changes, notes) = (&mut report.changes, &mut report.completions);
    for completion in &file.completions {
        let Some(target) = targets.get(&completion.habit) else {
            let is_skipped = file.skipped_ids.contains(&completion.habit);
            *(if is_skipped { &mut notes.of_skipped_habits } else { &mut changes.completions_without_habit }) += 1;
            continue;
        };
        if completion.date > last_day {
            notes.in_future += 1;
            continue;
        }
        if file.program.is_some() && target.counts_amounts(completion.date) {
            // The day is done by its amount, if the file has one.
            notes.of_amount_habits += usize::from(!target.brings_amounts);
            continue;
        }
        let key = (completion.date.year(), target.id);
        let year = match years.entry(key) {
            Entry::Occupied(year) => year.into_mut(),
            Entry::Vacant(entry) => entry.insert(completions::find_habit_year(reader, me, key.0, key.1)?),
        };
        let when = completion.completed_at.unwrap_or(Timestamp::UNIX_EPOCH);
        let is_added = year.complete(completion.date, when);
        if is_added {
            recorded.entry(target.id).or_default().done.insert(completion.date);
        }
        *(if is_added { &mut changes.completions_added } else { &mut changes.completions_known }) += 1;
        notes.before_habit += usize::from(is_added && completion.date < target.start);
        if let Some(habit) = report.habits.get_mut(target.outcome) {
            *(if is_added { &mut habit.completions_added } else { &mut habit.completions_known }) += 1;
        }
    }
    let before: usize = completions::find_all(reader, me)?.values().map(|history| history.days().count()).sum();
    let all = before + changes.completions_added;
    if all > MAX_COMPLETIONS {
        let message = format!("With this file, you'd have {all} completed days. The limit is {MAX_COMPLETIONS}.");
        return Err(Refusal::field("completions", message).into());
    }
    Ok(years)
}
