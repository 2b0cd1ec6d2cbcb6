//! The calendar: a month as a table of links, the day that is open, and the streaks.
//!
//! The open day stands in the page once. On a phone the style sheet lays it over the month when the address names it,
//! and the script makes that a dialog.

use std::collections::BTreeMap;

use maud::{Markup, html};

use super::form::alert;
use super::layout::{Frame, Here, document};
use super::today::{self, Refused, Rows};
use crate::domain::agenda::Agenda;
use crate::domain::insights::Tally;
use crate::domain::month::{self, Month};
use crate::domain::preferences::WeekStart;
use crate::domain::streak::Streak;
use crate::domain::weekdays::NAMES;
use crate::domain::{Day, Habit, Refusal};

/// What the calendar shows.
#[derive(Debug, Clone)]
pub struct Shown {
    /// The month on the page.
    pub month: Month,
    /// The day it is.
    pub today: Day,
    /// The first column.
    pub week_start: WeekStart,
    /// What was planned and done, for every day of the month.
    pub tallies: BTreeMap<Day, Tally>,
    /// The day that is open, of this month or another.
    pub day: Option<OpenDay>,
    /// Every habit's streak; empty while nothing was ever done.
    pub streaks: Vec<(Habit, Streak)>,
}

/// The day beside the month.
#[derive(Debug, Clone)]
pub struct OpenDay {
    /// Its list.
    pub agenda: Agenda,
    /// Why it cannot be ticked, if it cannot.
    pub shut: Option<Refusal>,
}

/// The address of a month, or of a day beside it.
pub fn address(month: Month, day: Option<Day>) -> String {
    match day {
        Some(day) => format!("/calendar?month={month}&date={day}"),
        None => format!("/calendar?month={month}"),
    }
}

/// The month, the day, the streaks. `by_date` says that the address names the day.
pub fn page(frame: &Frame<'_>, shown: &Shown, by_date: bool, refused: Option<&Refused>) -> Markup {
    let name = month_name(shown.month);
    document(
        frame,
        &format!("Calendar, {name}"),
        Here::Calendar,
        &html! {
            div.calendar {
                h1 { "Calendar" }
                section.month aria-labelledby="month" {
                    (month_head(shown, &name))
                    (grid(shown))
                }
                @match &shown.day {
                    Some(day) => (open_day(shown, day, by_date, refused)),
                    None => section.day-panel {
                        @if let Some(refused) = refused { (alert(&refused.why)) }
                        p.hint { "Open a day to see what was planned for it." }
                    },
                }
                (streaks(&shown.streaks))
            }
        },
    )
}

fn month_head(shown: &Shown, name: &str) -> Markup {
    let (previous, next) = (shown.month.previous(), shown.month.next());
    html! {
        header.month-head {
            h2 #month { (name) }
            @if shown.month != Month::of(shown.today) { a.month-now href="/calendar" { "This month" } }
            // Where the calendar ends, a month is its own neighbour.
            @if previous != shown.month {
                a.step.step-back rel="prev" href=(address(previous, None)) { span.unseen { "Previous month" } }
            }
            @if next != shown.month {
                a.step.step-on rel="next" href=(address(next, None)) { span.unseen { "Next month" } }
            }
        }
    }
}

fn grid(shown: &Shown) -> Markup {
    let name_of = |number: i8| NAMES.iter().find(|(known, _)| *known == number).map_or("", |(_, name)| name);
    html! {
        table.grid aria-labelledby="month" {
            thead { tr { @for number in month::weekdays(shown.week_start) { th scope="col" { (name_of(number)) } } } }
            tbody {
                @for week in shown.month.weeks(shown.week_start) {
                    tr { @for day in week { td { @if let Some(day) = day { (cell(shown, day)) } } } }
                }
            }
        }
    }
}

fn cell(shown: &Shown, day: Day) -> Markup {
    let Tally { scheduled, completed } = shown.tallies.get(&day).copied().unwrap_or_default();
    let is_complete = scheduled > 0 && completed >= scheduled;
    let is_open = shown.day.as_ref().is_some_and(|open| open.agenda.day == day);
    let count = format!("count-{day}");
    html! {
        a.cell.is-open[is_open].is-ahead[day > shown.today] id={ "day-" (day) } href=(address(shown.month, Some(day)))
            data-date-key=(day) data-complete=[is_complete.then_some("true")]
            aria-current=[(day == shown.today).then_some("date")]
            aria-label={ "Open daily view for " (day_name(day)) } aria-describedby=[(scheduled > 0).then_some(&count)] {
            span.cell-day { (day.date().day()) }
        }
        // Beside the link: what is seen in a link has to be part of its name.
        @if scheduled > 0 {
            span.cell-count id=(count) { span data-cell-count { (completed) "/" (scheduled) } span.unseen { " done" } }
        }
    }
}

fn open_day(shown: &Shown, open: &OpenDay, by_date: bool, refused: Option<&Refused>) -> Markup {
    let agenda = &open.agenda;
    let from = address(shown.month, by_date.then_some(agenda.day));
    let why = open.shut.as_ref().map(ToString::to_string);
    html! {
        section.day-panel.is-sheet[by_date].is-complete[agenda.is_complete()] data-day=(agenda.day) aria-labelledby="open-day" {
            div.sheet {
                header.sheet-head {
                    div {
                        h2 #open-day tabindex="-1" { (day_name(agenda.day)) }
                        p.date { (agenda.day.date().strftime("%A").to_string()) }
                    }
                    @if by_date { a.close href=(address(shown.month, None)) { "Close" } }
                }
                @if let Some(refused) = refused.filter(|refused| !refused.stands_in_a_row(agenda)) { (alert(&refused.why)) }
                @if agenda.items.is_empty() {
                    p.hint { (if agenda.day < shown.today { "Nothing was planned for this day." } else { "Nothing is planned for this day." }) }
                } @else {
                    (today::strip(agenda, "All of this day is ticked"))
                    @if let Some(why) = &why { p.hint #shut { (why) } }
                    (today::list(agenda, &Rows { from: &from, shut: why.as_ref().map(|_| "shut"), refused }))
                }
            }
        }
    }
}

/// Paragraphs in the roles of a table: one row names a habit and tells two numbers.
fn streaks(streaks: &[(Habit, Streak)]) -> Markup {
    html! {
        section.streaks data-testid="streaks-panel" aria-labelledby="streaks" {
            h2 #streaks { "Streaks" }
            @if streaks.is_empty() {
                p.hint { "Tick a habit on one of its days to begin your first streak." }
            } @else {
                div.streak-table role="table" aria-labelledby="streaks" {
                    div.streak-row.streak-names role="row" {
                        span role="columnheader" { "Habit" }
                        span role="columnheader" { "Current" }
                        span role="columnheader" { "Longest" }
                    }
                    @for (habit, streak) in streaks {
                        div.streak-row role="row" {
                            p.streak-title role="rowheader" { (habit.title) }
                            p role="cell" { (streak.current) }
                            p role="cell" { (streak.longest) }
                        }
                    }
                }
            }
        }
    }
}

/// As in "February 2026".
fn month_name(month: Month) -> String {
    month.first().date().strftime("%B %Y").to_string()
}

/// As in "February 5, 2026".
fn day_name(day: Day) -> String {
    day.date().strftime("%B %-d, %Y").to_string()
}
