//! What undoing an import removed, and what it left.

use serde::Serialize;

use crate::domain::{HabitId, Title};

/// The result of an undo, or of its preview.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct UndoReport {
    /// Habits that the import had added.
    pub habits_removed: usize,
    /// Days of habits from which something was removed.
    pub days_removed: usize,
    /// Whether the pauses of all habits stay as they are, because the user changed them after the import had added some.
    pub are_pauses_kept: bool,
    /// What stays, because the user changed it after the import.
    pub kept: Vec<KeptHabit>,
}

/// A habit that stays with what the user changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct KeptHabit {
    pub id: HabitId,
    pub title: Title,
    /// Whether the import had added the habit.
    pub is_added: bool,
    /// Whether the user edited or archived it since.
    pub is_edited: bool,
    /// Days that the user added or changed since.
    pub days: usize,
}
