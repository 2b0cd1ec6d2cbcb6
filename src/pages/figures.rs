//! Figures people look back on: big numbers, rates by weekday as bars, and the same as a table.

use maud::{Markup, html};

use crate::domain::Day;
use crate::domain::insights::Tally;
use crate::domain::weekdays::{NAMES, name};

/// One big number, what it is about, and what it is made of.
pub struct Figure<'a> {
    /// What it is about.
    pub about: &'a str,
    /// The number.
    pub number: String,
    /// What it is made of.
    pub detail: String,
}

/// Big numbers beside each other.
pub fn figures(figures: &[Figure<'_>]) -> Markup {
    html! {
        dl.figures {
            @for figure in figures {
                div.figure { dt { (figure.about) } dd.figure-number { (figure.number) } dd.figure-detail { (figure.detail) } }
            }
        }
    }
}

/// As in "6 of 7".
pub fn of(tally: Tally) -> String {
    format!("{} of {}", tally.completed, tally.scheduled)
}

/// As in "86%", and a dash when there is nothing to take a rate of.
pub fn percent(tally: Tally) -> String {
    if tally.scheduled == 0 { "–".to_owned() } else { format!("{}%", tally.percent()) }
}

/// As in "12 February 2026".
pub fn long_date(day: Day) -> String {
    day.date().strftime("%-d %B %Y").to_string()
}

/// Rates by weekday: a picture with words of its own, and a table that can be opened.
pub fn by_weekday(about: &str, weekdays: &[(i8, Tally)]) -> Markup {
    let planned = weekdays.iter().filter(|(_, tally)| tally.scheduled > 0);
    let words: Vec<String> = planned.map(|(day, tally)| format!("{} {}", name(*day), percent(*tally))).collect();
    html! {
        figure.chart-figure {
            svg.chart viewBox="0 0 320 148" role="img" aria-label={ (about) ": " (words.join(", ")) "." } {
                @for (column, (number, short)) in (0_u16..).zip(NAMES) {
                    (bar(column, short, weekdays.iter().find(|(day, _)| *day == number).map(|(_, tally)| *tally)))
                }
            }
            details.numbers {
                summary { "The same as a table" }
                (weekday_table(about, weekdays))
            }
        }
    }
}

/// A bar is a hundred units high, so its height is its percentage.
fn bar(column: u16, short: &str, tally: Option<Tally>) -> Markup {
    let tally = tally.unwrap_or_default();
    let (left, percentage) = (4 + column * 45, tally.percent());
    html! {
        text.chart-number x=(left + 20) y=(if tally.scheduled == 0 { 122 } else { 14 }) text-anchor="middle" { (percent(tally)) }
        @if tally.scheduled > 0 {
            rect.chart-track x=(left + 6) y="22" width="28" height="102" rx="3" {}
            rect.chart-bar x=(left + 7) y=(123 - percentage) width="26" height=(percentage) rx="2" {}
        }
        text.chart-label x=(left + 20) y="142" text-anchor="middle" { (short) }
    }
}

fn weekday_table(about: &str, weekdays: &[(i8, Tally)]) -> Markup {
    html! {
        table {
            caption { (about) }
            thead { tr { th scope="col" { "Weekday" } th scope="col" { "Done" } th scope="col" { "Rate" } } }
            tbody {
                @for (day, tally) in weekdays.iter().filter(|(_, tally)| tally.scheduled > 0) {
                    tr { th scope="row" { (name(*day)) } td { (of(*tally)) } td { (percent(*tally)) } }
                }
            }
        }
    }
}
