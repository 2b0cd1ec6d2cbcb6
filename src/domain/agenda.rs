//! A day's list: the habits that are due, and which of them are done.

use super::{Day, Habit};

/// One habit on a day's list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// The habit.
    pub habit: Habit,
    /// Whether it was done that day.
    pub done: bool,
    /// How many planned days in a row were done.
    pub streak: u32,
}

/// What one person has to do on one day, in the person's own order; what is done last, for those who like it so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agenda {
    /// The day.
    pub day: Day,
    /// The habits due that day.
    pub items: Vec<Item>,
}

impl Agenda {
    /// The list of `day` from habits in the person's order. `look` tells of a habit whether it was done that day and how
    /// long its streak is.
    pub fn of(habits: Vec<Habit>, day: Day, done_sinks: bool, look: impl Fn(&Habit) -> (bool, u32)) -> Self {
        let (mut items, mut sunk) = (Vec::with_capacity(habits.len()), Vec::with_capacity(habits.len()));
        for habit in habits.into_iter().filter(|habit| habit.is_due(day)) {
            let (done, streak) = look(&habit);
            let list = if done_sinks && done { &mut sunk } else { &mut items };
            list.push(Item { habit, done, streak });
        }
        items.append(&mut sunk);
        Self { day, items }
    }

    /// How many are done.
    pub fn done(&self) -> usize {
        self.items.iter().filter(|item| item.done).count()
    }

    /// Whether something was due and all of it is done.
    pub fn is_complete(&self) -> bool {
        !self.items.is_empty() && self.items.iter().all(|item| item.done)
    }
}
