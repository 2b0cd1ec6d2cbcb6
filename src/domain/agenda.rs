//! A day's list: the habits that are due, and which of them are done.

use super::{Day, Habit, Zone};

/// One habit on a day's list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// The habit.
    pub habit: Habit,
    /// Whether it was done that day.
    pub done: bool,
}

/// What one person has to do on one day: open habits first, done ones after, each in the person's own order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agenda {
    /// The day.
    pub day: Day,
    /// The habits due that day.
    pub items: Vec<Item>,
}

impl Agenda {
    /// The list of `day` from the person's active habits in their order.
    pub fn of(habits: Vec<Habit>, day: Day, zone: &Zone, is_done: impl Fn(&Habit) -> bool) -> Self {
        let due = habits.into_iter().filter(|habit| habit.is_due(day, zone));
        let mut items: Vec<Item> = due.map(|habit| Item { done: is_done(&habit), habit }).collect();
        items.sort_by_key(|item| item.done);
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
