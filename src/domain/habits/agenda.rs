//! The list of one day: the habits that are due, and which of them are completed.

use crate::domain::{Day, Habit};

/// A habit on the list of a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgendaItem {
    pub habit: Habit,
    pub done: bool,
    /// The length of the current streak.
    pub streak: u32,
}

/// The list of one day, in the user's order. Completed habits come last if the user prefers that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agenda {
    pub day: Day,
    pub items: Vec<AgendaItem>,
}

impl Agenda {
    /// Builds the list of `day` from habits in the user's order. `status_of` returns whether a habit was completed on that day
    /// and the length of its streak.
    pub fn new(habits: Vec<Habit>, day: Day, completed_last: bool, status_of: impl Fn(&Habit) -> (bool, u32)) -> Self {
        let (mut items, mut completed) = (Vec::with_capacity(habits.len()), Vec::with_capacity(habits.len()));
        for habit in habits.into_iter().filter(|habit| habit.is_due(day)) {
            let (done, streak) = status_of(&habit);
            let list = if completed_last && done { &mut completed } else { &mut items };
            list.push(AgendaItem { habit, done, streak });
        }
        items.append(&mut completed);
        Self { day, items }
    }

    pub fn completed_count(&self) -> usize {
        self.items.iter().filter(|item| item.done).count()
    }

    /// Whether something is due and all of it is completed.
    pub fn is_complete(&self) -> bool {
        !self.items.is_empty() && self.items.iter().all(|item| item.done)
    }
}
