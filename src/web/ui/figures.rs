//! Figures about completed days: large numbers, and rates in words.

use maud::{Markup, html};

use crate::domain::habits::insights::CompletionRate;

/// A large number with a label above and details below it.
pub struct Figure<'a> {
    pub label: &'a str,
    pub value: String,
    pub detail: String,
}

/// Shows figures side by side.
pub fn figures(figures: &[Figure<'_>]) -> Markup {
    html! {
        dl.figures {
            @for figure in figures {
                div.figure { dt { (figure.label) } dd.figure-number { (figure.value) } dd.figure-detail { (figure.detail) } }
            }
        }
    }
}

/// Writes a rate as a ratio: "6 of 7".
pub fn format_ratio(rate: CompletionRate) -> String {
    format!("{} of {}", rate.completed, rate.scheduled)
}

/// Writes a rate as "86%", or a dash if nothing was scheduled.
pub fn format_percent(rate: CompletionRate) -> String {
    if rate.scheduled == 0 { "–".to_owned() } else { format!("{}%", rate.percent()) }
}
