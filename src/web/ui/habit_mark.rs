//! The mark of a habit: its emoji. The color comes from `data-color` on an element around it; see `assets/css/habit-colors.css`.

use maud::{Markup, html};

use crate::domain::{Habit, HabitColor};

/// The habit's emoji in front of its title, or nothing. It is decoration: assistive technology reads the title only.
pub fn habit_mark(habit: &Habit) -> Markup {
    html! { @if let Some(emoji) = &habit.emoji { span.habit-mark aria-hidden="true" { (emoji) } } }
}

/// The value of `data-color` for a habit that has a color: `data-color=[habit_color(habit)]`.
pub fn habit_color(habit: &Habit) -> Option<&'static str> {
    habit.color.map(HabitColor::as_str)
}
