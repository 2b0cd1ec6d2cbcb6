//! The button that skips a day of a habit, or undoes that. Its form posts to `/today`; assets/skips.js sends it as JSON.

use maud::{Markup, html};

use crate::domain::habits::agenda::HabitProgress;
use crate::domain::{Day, Habit, Window};

/// What the button says besides "Skip", or "Undo skip".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SkipLabel {
    /// In the row of a habit, which assistive technology hears with the button.
    InRow,
    /// On the page of a habit: "Skip today".
    Today,
}

/// What a row says of a day that counts neither way, or on which the habit may rest.
pub fn neutral_label(progress: &HabitProgress) -> Option<&'static str> {
    match progress {
        HabitProgress { is_paused: true, .. } => Some("Paused"),
        HabitProgress { is_skipped: true, .. } => Some("Skipped"),
        HabitProgress { resting: Some(window), .. } => Some(match window {
            Window::CalendarWeek => "Done for this week",
            Window::CalendarMonth => "Done for this month",
            Window::RollingDays(_) => "Done for now",
        }),
        _ => None,
    }
}

/// A button named `skip`, whose value is the habit, the day, and the new state.
pub fn skip_button(habit: &Habit, day: Day, is_skipped: bool, label: SkipLabel) -> Markup {
    let text = match (is_skipped, label) {
        (true, _) => "Undo skip",
        (false, SkipLabel::InRow) => "Skip",
        (false, SkipLabel::Today) => "Skip today",
    };
    let next = if is_skipped { "false" } else { "true" };
    let name = (label == SkipLabel::InRow).then(|| format!("{text}: {}", habit.title.as_str()));
    html! {
        button.quiet.skip-day type="submit" name="skip" value={ (habit.id) ":" (day) ":" (next) } aria-label=[name] { (text) }
    }
}
