//! The button of a habit whose amounts count: pressing it adds the amount of one tap. assets/amounts.js sends it as JSON and draws
//! the new sum.

use maud::{Markup, html};

use crate::domain::habits::agenda::HabitProgress;
use crate::domain::habits::amount_progress::AmountProgress;
use crate::domain::habits::goal::GoalPeriod;
use crate::domain::{Amount, Goal, Habit};
use crate::web::today::skip_control::neutral_label;
use crate::web::ui::habit_mark::habit_mark;

/// What the button of a row needs besides its habit.
#[derive(Debug, Clone, Copy)]
pub struct RowButton<'a> {
    pub title_id: &'a str,
    /// The listed day.
    pub day: &'a str,
    /// The id of the text that explains why nothing can be changed, or why a change was refused.
    pub description_id: Option<&'a str>,
    pub is_open: bool,
    /// Whether the row says that the day has a note.
    pub has_note: bool,
}

/// "8 glasses", or "8" for a habit without a unit.
pub fn with_unit(amount: Amount, habit: &Habit) -> String {
    match &habit.unit {
        Some(unit) => format!("{amount} {}", unit.as_str()),
        None => amount.to_string(),
    }
}

/// What follows the sum: " of 8 glasses", " of 20 km this week", or " today" for something to quit.
pub fn sum_suffix(habit: &Habit, amount: &AmountProgress) -> String {
    let period = match amount.per {
        GoalPeriod::Day => "",
        GoalPeriod::Week => " this week",
        GoalPeriod::Month => " this month",
    };
    if amount.goal == Goal::quit() {
        " today".to_owned()
    } else {
        format!(" of {}{period}", with_unit(amount.target, habit))
    }
}

/// "3 of 8 glasses"; for something to quit, the days since the last time.
pub fn describe(habit: &Habit, amount: &AmountProgress) -> String {
    if amount.goal == Goal::quit() && amount.sum.is_zero() {
        return match amount.days_since {
            0 => "none so far".to_owned(),
            1 => "1 day since".to_owned(),
            days => format!("{days} days since"),
        };
    }
    format!("{}{}", amount.sum, sum_suffix(habit, amount))
}

/// "Skipped" or "Paused", or the current streak.
pub fn row_status(progress: &HabitProgress) -> Markup {
    html! {
        @if let Some(label) = neutral_label(progress) { span.completion-skipped { (label) } }
        @else if progress.streak > 1 {
            span.completion-streak data-days=(progress.streak) { (progress.streak) "-" (progress.streak_unit.as_str()) " streak" }
        }
    }
}

/// The button named `add`, whose value is the habit, the day, and the amount.
pub fn amount_button(habit: &Habit, progress: &HabitProgress, amount: &AmountProgress, row: &RowButton<'_>) -> Markup {
    let one_tap = habit.one_tap();
    html! {
        button.completion.amount type="submit" name="add" value={ (habit.id) ":" (row.day) ":" (one_tap) }
            data-done=(if progress.done { "true" } else { "false" }) data-limit[amount.goal.is_limit()] data-undecided[progress.is_undecided] data-exceeded[amount.is_exceeded()]
            data-skipped[progress.is_skipped] data-resting[progress.resting.is_some()] data-note[row.has_note] aria-describedby=[row.description_id] disabled[!row.is_open] {
            span.box aria-hidden="true" {}
            (habit_mark(habit))
            span.completion-text {
                span.completion-title id=(row.title_id) dir="auto" { (habit.title) }
                span.unseen { "add " (one_tap) "," }
                span.amount-sum data-sum=(amount.sum.thousandths()) data-target=(amount.target.thousandths())
                    data-suffix=(sum_suffix(habit, amount)) { (describe(habit, amount)) }
            }
            span.completion-status { (row_status(progress)) }
            @if row.has_note { span.unseen data-noted { "Has a note" } }
            progress.amount-bar aria-hidden="true" max="100" value=(amount.percent()) {}
        }
    }
}
