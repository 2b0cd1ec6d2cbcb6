//! Figures about completed days: large numbers, and rates by day of the week as a bar chart with a table.

use maud::{Markup, html};

use crate::domain::calendar::weekdays::{SHORT_NAMES, name};
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

/// A bar chart of the rates by day of the week, with a text alternative and a table that can be opened.
pub fn weekday_chart(caption: &str, rates: &[(i8, CompletionRate)]) -> Markup {
    let scheduled = rates.iter().filter(|(_, rate)| rate.scheduled > 0);
    let words: Vec<String> = scheduled.map(|(day, rate)| format!("{} {}", name(*day), format_percent(*rate))).collect();
    html! {
        figure.chart-figure {
            svg.chart viewBox="0 0 320 148" role="img" aria-label={ (caption) ": " (words.join(", ")) "." } {
                @for (column, (number, short_name)) in (0_u16..).zip(SHORT_NAMES) {
                    (bar(column, short_name, rates.iter().find(|(day, _)| *day == number).map(|(_, rate)| *rate)))
                }
            }
            details.numbers {
                summary { "Show as table" }
                (weekday_table(caption, rates))
            }
        }
    }
}

/// One bar. The track is 100 units high, so the height of a bar is its percentage.
fn bar(column: u16, short_name: &str, rate: Option<CompletionRate>) -> Markup {
    let rate = rate.unwrap_or_default();
    let (left, percentage) = (4 + column * 45, rate.percent());
    html! {
        text.chart-number x=(left + 20) y=(if rate.scheduled == 0 { 122 } else { 14 }) text-anchor="middle" { (format_percent(rate)) }
        @if rate.scheduled > 0 {
            rect.chart-track x=(left + 6) y="22" width="28" height="102" rx="3" {}
            rect.chart-bar x=(left + 7) y=(123 - percentage) width="26" height=(percentage) rx="2" {}
        }
        text.chart-label x=(left + 20) y="142" text-anchor="middle" { (short_name) }
    }
}

fn weekday_table(caption: &str, rates: &[(i8, CompletionRate)]) -> Markup {
    html! {
        table {
            caption { (caption) }
            thead { tr { th scope="col" { "Day" } th scope="col" { "Done" } th scope="col" { "Rate" } } }
            tbody {
                @for (day, rate) in rates.iter().filter(|(_, rate)| rate.scheduled > 0) {
                    tr { th scope="row" { (name(*day)) } td { (format_ratio(*rate)) } td { (format_percent(*rate)) } }
                }
            }
        }
    }
}
