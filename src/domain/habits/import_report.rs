//! What an import changed, and what it could not take over as it was.

use serde::Serialize;

use crate::domain::habits::imported_habit::ImportNote;
use crate::domain::{HabitId, ImportId, Title};

/// The result of an import, or of a preview.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ImportReport {
    pub changes: ImportSummary,
    /// The other habit tracker that wrote the file.
    pub program: Option<&'static str>,
    /// Every habit of the file, in its order.
    pub habits: Vec<HabitOutcome>,
    /// What another habit tracker knows and Atlas cannot keep.
    pub left_out: Vec<ImportNote>,
    /// Whether this data file did not write the file, or it was changed since.
    pub is_foreign: bool,
    /// What was repaired in the added habits.
    pub repairs: Vec<ImportNote>,
    /// Habits that were left out.
    pub skipped: Vec<ImportNote>,
    pub completions: CompletionNotes,
    pub day_logs: DayLogChanges,
    /// How many pauses of all habits were added.
    pub pauses_added: usize,
    /// The import adds more than is kept for undoing it.
    pub is_too_large_to_undo: bool,
    /// The import by which it can be undone; `None` in a preview and when nothing was added.
    pub import: Option<ImportId>,
}

/// Days whose notes, skips and amounts were taken over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct DayLogChanges {
    pub added: usize,
    /// Days about which the account knows as much.
    pub known: usize,
    /// Days whose note was shortened or cleaned, or that have amounts which were left out.
    pub repaired: usize,
}

/// What becomes of one habit of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HabitOutcome {
    pub id: HabitId,
    /// The title in the account.
    pub title: Title,
    pub outcome: HabitMatch,
    pub completions_added: usize,
    pub completions_known: usize,
    /// Days whose notes, skips, or amounts are new.
    pub day_logs_added: usize,
}

/// How a habit of a file relates to the account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum HabitMatch {
    Added,
    /// The account has it already.
    Known,
    /// The account has a habit of this name, which gets the days.
    SameName,
}

/// What an import changed, or would change in a preview.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ImportSummary {
    pub habits_added: usize,
    /// Habits that exist already and stay unchanged.
    pub habits_known: usize,
    pub completions_added: usize,
    /// Completions that exist already.
    pub completions_known: usize,
    /// Completions whose habit is not in the file.
    pub completions_without_habit: usize,
}

/// Completions that were left out or don't count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CompletionNotes {
    /// Left out, because the day has not begun anywhere.
    pub in_future: usize,
    /// Left out, because the date cannot be read.
    pub unreadable: usize,
    /// Left out with their habit.
    pub of_skipped_habits: usize,
    /// Left out, because the habit in the account counts amounts and the file has none for it.
    pub of_amount_habits: usize,
    /// Added, although the habit began later. They are shown and count in no streak and no rate.
    pub before_habit: usize,
}
