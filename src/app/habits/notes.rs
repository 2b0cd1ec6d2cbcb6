//! Notes about days of habits. A note changes no figure, so any day that has begun can have one. Only the user who wrote it reads it.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;

use crate::app::{App, Error};
use crate::domain::habits::completion::{CompletionWindow, last_begun_day};
use crate::domain::habits::day_log::Note;
use crate::domain::id::InvalidId;
use crate::domain::text_search::TextSearch;
use crate::domain::{Account, AccountId, Day, Habit, HabitId, Refusal};
use crate::store::tables::{completions, day_logs, habits};
use crate::store::{Reader, WriteTxn};

/// The most notes that are read for one page of a search. A page that ends here has a next one.
const SCAN_LIMIT: usize = 2_000;

/// A note to save.
#[derive(Debug, Clone)]
pub struct NoteChange {
    pub habit: HabitId,
    pub day: Day,
    /// `None` removes the note.
    pub note: Option<Note>,
    /// What the user saw as the note of that day. A note that is neither this nor the new one isn't replaced. `None` replaces any.
    pub replaces: Option<Option<Note>>,
}

/// What a change did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoteOutcome {
    Created,
    Updated,
    Deleted,
    /// The day has this note already, or has none to remove.
    Noop,
}

impl NoteOutcome {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Updated => "updated",
            Self::Deleted => "deleted",
            Self::Noop => "noop",
        }
    }
}

/// Saves or removes the note of a day of a habit, active or archived. Idempotent, also for concurrent calls.
///
/// # Errors
/// [`Refusal::HabitNotFound`]; [`Refusal::InvalidFields`] of the field `date` for a day that hasn't begun, that is before the habit,
/// or that has a note which the user hasn't seen.
pub async fn set_note(app: &App, me: &Account, change: NoteChange, now: Timestamp) -> Result<NoteOutcome, Error> {
    let (me, window) = (me.id, CompletionWindow::at(now, me.zone()));
    app.store.write(move |txn| change.apply(txn, me, window)).await
}

impl NoteChange {
    fn apply(self, txn: &mut WriteTxn<'_, '_>, me: AccountId, window: CompletionWindow) -> Result<NoteOutcome, Error> {
        let Self { habit, day, note, replaces } = self;
        let habit = habits::find_habit(txn, me, habit)?.ok_or(Refusal::HabitNotFound)?;
        if day > window.today {
            return Err(Refusal::field("date", "You can't write notes for future days.").into());
        }
        let mut log = day_logs::find_log(txn, me, day, habit.id)?;
        if log.note == note {
            return Ok(NoteOutcome::Noop);
        }
        let is_before_start = day < window.first_day_of(&habit) && log.is_empty();
        if is_before_start && !completions::find_habit_year(txn, me, day.year(), habit.id)?.is_done(day) {
            return Err(Refusal::field("date", "The habit hadn't started yet.").into());
        }
        match replaces {
            Some(None) if log.note.is_some() => {
                return Err(Refusal::field("date", "This day already has a note. Edit that note instead.").into());
            }
            Some(seen) if log.note.is_some() && log.note != seen => {
                let message = "This note has changed since you opened it. Copy your text, then reload the page.";
                return Err(Refusal::field("note", message).into());
            }
            _ => {}
        }
        let outcome = match (&log.note, &note) {
            (None, _) => NoteOutcome::Created,
            (Some(_), Some(_)) => NoteOutcome::Updated,
            (Some(_), None) => NoteOutcome::Deleted,
        };
        log.note = note;
        day_logs::put(txn, me, day, habit.id, &log)?;
        Ok(outcome)
    }
}

/// The notes that a list shows: those of one habit, of one day, or with the words of a search.
#[derive(Debug, Clone, Default)]
pub struct NoteFilter {
    pub habit: Option<HabitId>,
    pub day: Option<Day>,
    pub search: Option<TextSearch>,
}

/// The place of a note among all notes. Notes are listed by day, newest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct NoteKey {
    pub day: Day,
    pub habit: HabitId,
}

/// `<YYYY-MM-DD>.<habit>`, in addresses.
impl fmt::Display for NoteKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.day, self.habit)
    }
}

impl FromStr for NoteKey {
    type Err = InvalidId;
    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let (day, habit) = text.split_once('.').ok_or(InvalidId)?;
        Ok(Self { day: Day::parse(day).map_err(|_| InvalidId)?, habit: habit.parse()? })
    }
}

/// A note and what it is about.
#[derive(Debug, Clone)]
pub struct DayNote {
    pub day: Day,
    pub habit: Habit,
    pub note: Note,
}

/// A part of a list, newest first.
#[derive(Debug, Clone, Default)]
pub struct NotesPage {
    /// The habit that the filter names.
    pub habit: Option<Habit>,
    pub notes: Vec<DayNote>,
    /// The last note that was read, if there are older ones.
    pub next: Option<NoteKey>,
}

/// Up to `limit` notes, active and archived habits', that come after `cursor`.
///
/// # Errors
/// [`Refusal::HabitNotFound`] when the filter names a habit that doesn't exist or belongs to another user.
pub fn list_notes(
    app: &App,
    me: AccountId,
    filter: &NoteFilter,
    cursor: Option<NoteKey>,
    limit: usize,
) -> Result<NotesPage, Error> {
    let last_day = last_begun_day(app.clock.now());
    app.store.read(|txn| load_notes(txn, me, filter, cursor, last_day, limit))
}

/// The same in a transaction. `last_day` is the last one that has begun.
pub(super) fn load_notes(
    txn: &impl Reader,
    me: AccountId,
    filter: &NoteFilter,
    cursor: Option<NoteKey>,
    last_day: Day,
    limit: usize,
) -> Result<NotesPage, Error> {
    let habits = habits::list_all(txn, me)?;
    let find = |id: HabitId| habits.iter().find(|habit| habit.id == id).cloned();
    let habit = filter.habit.map(|id| find(id).ok_or(Refusal::HabitNotFound)).transpose()?;
    let mut page = NotesPage { habit, ..NotesPage::default() };
    let mut last = None;
    for (count, key) in list_keys(txn, me, filter, cursor, last_day)?.into_iter().enumerate() {
        if page.notes.len() == limit || count == SCAN_LIMIT {
            page.next = last;
            break;
        }
        last = Some(key);
        let note = day_logs::find_log(txn, me, key.day, key.habit)?.note;
        let note = note.filter(|note| filter.search.as_ref().is_none_or(|search| search.matches(note.as_str())));
        if let (Some(note), Some(habit)) = (note, find(key.habit)) {
            page.notes.push(DayNote { day: key.day, habit, note });
        }
    }
    Ok(page)
}

/// Where notes are, newest first, from the summaries of the days: no note is read.
fn list_keys(
    txn: &impl Reader,
    me: AccountId,
    filter: &NoteFilter,
    cursor: Option<NoteKey>,
    last_day: Day,
) -> Result<Vec<NoteKey>, Error> {
    let mut keys = Vec::new();
    for (year, habit, days) in day_logs::list_summaries(txn, me)? {
        if filter.habit.is_some_and(|wanted| wanted != habit) {
            continue;
        }
        let noted = days.days(year).filter(|(_, summary)| summary.has_note).map(|(day, _)| NoteKey { day, habit });
        keys.extend(noted.filter(|key| {
            key.day <= last_day
                && filter.day.is_none_or(|day| key.day == day)
                && cursor.is_none_or(|cursor| *key < cursor)
        }));
    }
    keys.sort_unstable_by(|one, other| other.cmp(one));
    Ok(keys)
}
