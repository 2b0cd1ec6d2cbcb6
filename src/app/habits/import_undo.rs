//! Undoing an import: what it added goes, and what the user changed since then stays and is named.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::app::identity::active_account::require_active_account;
use crate::app::{App, Error};
use crate::domain::accounts::audit::{Actor, AuditAction};
use crate::domain::habits::day_log::DayLog;
use crate::domain::habits::habit_year::HabitYear;
use crate::domain::habits::import_record::{ImportRecord, RecordedHabit, RecordedPauses};
use crate::domain::habits::undo_report::{KeptHabit, UndoReport};
use crate::domain::{Account, AccountId, Client, Day, Habit, HabitId, History, ImportId, Pauses, Refusal};
use crate::store::tables::{accounts, audit, completions, day_logs, habits, histories, imports};
use crate::store::{Reader, WriteTxn};

/// The imports of the last month, the newest first.
///
/// # Errors
/// [`Error::Unavailable`] when the file cannot be read.
pub fn list_imports(app: &App, me: AccountId) -> Result<Vec<ImportRecord>, Error> {
    let now = app.clock.now();
    let mut records = app.store.read(|txn| imports::list_all(txn, me))?;
    records.retain(|record| record.is_live(now));
    records.reverse();
    Ok(records)
}

/// What undoing an import would change. Nothing is changed.
///
/// # Errors
/// As for [`undo_import`].
pub fn preview_undo(app: &App, me: AccountId, id: ImportId) -> Result<UndoReport, Error> {
    let now = app.clock.now();
    app.store.read(|txn| Ok(UndoPlan::new(txn, me, id, now)?.report))
}

/// Removes what an import added and the user hasn't changed since, in one transaction.
///
/// # Errors
/// [`Refusal::ImportNotFound`] for an import that is unknown, another user's, or older than a month;
/// [`Refusal::ImportAlreadyUndone`].
pub async fn undo_import(app: &App, me: &Account, id: ImportId, client: &Client) -> Result<UndoReport, Error> {
    let (now, me) = (app.clock.now(), me.id);
    let entry = app.audit_entry(Actor::User(me), AuditAction::ImportUndone, None, client)?;
    app.store
        .write(move |txn| {
            require_active_account(txn, me)?;
            let plan = UndoPlan::new(txn, me, id, now)?;
            plan.apply(txn, me)?;
            imports::put(txn, me, &plan.record.undone(now));
            audit::add(txn, &entry);
            Ok(plan.report)
        })
        .await
}

/// What an undo writes.
struct UndoPlan {
    record: ImportRecord,
    removed_habits: Vec<HabitId>,
    years: BTreeMap<(i16, HabitId), HabitYear>,
    logs: BTreeMap<(Day, HabitId), DayLog>,
    pauses: Option<Pauses>,
    report: UndoReport,
}

impl UndoPlan {
    fn new(reader: &impl Reader, me: AccountId, id: ImportId, now: Timestamp) -> Result<Self, Error> {
        let found = imports::find_import(reader, me, id)?.filter(|record| record.is_live(now));
        let record = found.ok_or(Refusal::ImportNotFound)?;
        if record.undone_at.is_some() {
            return Err(Refusal::ImportAlreadyUndone.into());
        }
        let histories = histories::find_all(reader, me)?;
        let mut plan = Self {
            removed_habits: Vec::new(),
            years: BTreeMap::new(),
            logs: BTreeMap::new(),
            pauses: None,
            report: UndoReport::default(),
            record,
        };
        for (id, recorded) in &plan.record.habits.clone() {
            // A habit that was deleted since took everything with it.
            if let Some(habit) = habits::find_habit(reader, me, *id)? {
                let history = histories.get(id).cloned().unwrap_or_default();
                plan.undo_habit(reader, me, &habit, recorded, &history)?;
            }
        }
        if let Some(RecordedPauses { before, after }) = plan.record.pauses.clone() {
            let now = accounts::find_account(reader, me)?.map(|account| account.pauses);
            plan.report.are_pauses_kept = now.as_ref() != Some(&after);
            plan.pauses = Some(before).filter(|_| !plan.report.are_pauses_kept);
        }
        Ok(plan)
    }

    fn undo_habit(
        &mut self,
        reader: &impl Reader,
        me: AccountId,
        habit: &Habit,
        recorded: &RecordedHabit,
        history: &History,
    ) -> Result<(), Error> {
        let (mut removed, mut changed) = (BTreeSet::new(), BTreeSet::new());
        for (year, days) in recorded.done.years() {
            let mut stored = completions::find_habit_year(reader, me, year, habit.id)?;
            for day in days.filter(|day| history.is_done(*day)) {
                let last_change = habit.recent_changes.last_change(day).max(stored.completed_at(day));
                let is_changed = last_change.is_some_and(|at| at > self.record.imported_at);
                if is_changed { &mut changed } else { &mut removed }.insert(day);
                if !is_changed {
                    stored.undo(day);
                }
            }
            self.years.insert((year, habit.id), stored);
        }
        for (day, recorded) in &recorded.logs {
            let before = day_logs::find_log(reader, me, *day, habit.id)?;
            let mut log = before.clone();
            let stored = self.years.get(&(day.year(), habit.id));
            let is_done = stored.map_or_else(|| history.is_done(*day), |year| year.is_done(*day));
            if recorded.remove_from(&mut log, is_done) {
                changed.insert(*day);
            }
            if log != before {
                removed.insert(*day);
                self.logs.insert((*day, habit.id), log);
            }
        }
        self.report.days_removed += removed.len();
        self.settle_habit(habit, recorded, history, &changed);
        Ok(())
    }

    /// Removes a habit that the import added, unless the user changed something of it; what stays is named.
    fn settle_habit(&mut self, habit: &Habit, recorded: &RecordedHabit, history: &History, changed: &BTreeSet<Day>) {
        let is_done = |day: Day| match self.years.get(&(day.year(), habit.id)) {
            Some(year) => year.is_done(day),
            None => history.is_done(day),
        };
        let has_log = |day: Day| self.logs.get(&(day, habit.id)).is_none_or(|log| !log.is_empty());
        let done = history.days().filter(|day| is_done(*day));
        let logged = history.summaries().map(|(day, _)| day).filter(|day| has_log(*day));
        let left = done.chain(logged).collect::<BTreeSet<Day>>().len();
        let is_added = recorded.updated_at.is_some();
        let is_edited = is_added && recorded.updated_at != Some(habit.updated_at);
        if is_added && !is_edited && left == 0 {
            self.removed_habits.push(habit.id);
            self.report.habits_removed += 1;
            return;
        }
        let days = if is_added { left } else { changed.len() };
        if is_added || days > 0 {
            self.report.kept.push(KeptHabit { id: habit.id, title: habit.title.clone(), is_added, is_edited, days });
        }
    }

    fn apply(&self, txn: &mut WriteTxn<'_, '_>, me: AccountId) -> Result<(), Error> {
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
        for id in &self.removed_habits {
            habits::remove(txn, me, *id)?;
            imports::remove_habit(txn, me, *id)?;
        }
        Ok(())
    }
}
