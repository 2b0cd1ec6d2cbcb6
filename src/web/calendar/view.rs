//! The calendar page: a month as a table of links, the open day, and the streaks.
//!
//! The open day is in the document once. On phones the style sheet lays it over the month if the address names the day,
//! and the script turns it into a dialog.

use maud::{Markup, html};

use crate::app::habits::calendar::{CalendarMonth, OpenDay};
use crate::domain::accounts::preferences::DayGrouping;
use crate::domain::calendar::month::{self, Month};
use crate::domain::calendar::weekdays::short_name;
use crate::domain::habits::insights::CompletionRate;
use crate::domain::habits::intensity::Intensity;
use crate::domain::habits::streak::Streak;
use crate::domain::{Day, Habit};
use crate::web::notes::input::NoteFormInput;
use crate::web::notes::part_view::day_notes;
use crate::web::today::view::{RefusedCompletion, RowOptions, list, progress};
use crate::web::ui::closed_day::explain;
use crate::web::ui::date::{DateStyle, format_date};
use crate::web::ui::form::alert;
use crate::web::ui::habit_mark::{habit_color, habit_mark};
use crate::web::ui::layout::{Frame, NavItem, document};
use crate::web::ui::page_head::page_head;

/// The address of a month, or of a day next to it.
pub fn address(month: Month, day: Option<Day>) -> String {
    match day {
        Some(day) => format!("/calendar?month={month}&date={day}"),
        None => format!("/calendar?month={month}"),
    }
}

/// What a form was refused with, and the note that is edited.
#[derive(Debug, Clone, Copy, Default)]
pub struct RefusedInput<'a> {
    pub completion: Option<&'a RefusedCompletion>,
    pub note: Option<&'a NoteFormInput>,
}

/// The page. `has_date` says that the address names the open day.
pub fn page(frame: &Frame<'_>, calendar: &CalendarMonth, has_date: bool, refused: RefusedInput<'_>) -> Markup {
    let name = format_date(calendar.month.first(), DateStyle::Month);
    document(
        frame,
        &format!("Calendar, {name}"),
        NavItem::Calendar,
        &html! {
            div.calendar {
                (page_head("Calendar", &this_month(calendar)))
                section.month aria-labelledby="month" {
                    (month_header(calendar, &name))
                    div.month-frame data-slide=(slide(calendar.month)) { div.month-grid { (grid(calendar)) } }
                }
                @match &calendar.day {
                    Some(day) => (open_day(calendar, day, has_date, refused)),
                    None => section.day-panel {
                        @if let Some(refused) = refused.completion { (alert(&refused.message)) }
                        p.hint { "Select a day to see its habits." }
                    },
                }
                (streaks(&calendar.streaks))
            }
        },
    )
}

/// A link back to the current month, from every other one.
fn this_month(calendar: &CalendarMonth) -> Markup {
    html! { @if calendar.month != Month::containing(calendar.today) { a.month-now href="/calendar" { "This month" } } }
}

fn month_header(calendar: &CalendarMonth, name: &str) -> Markup {
    let (previous, next) = (calendar.month.previous(), calendar.month.next());
    html! {
        header.month-head {
            h2 #month { (name) }
            // The first and the last month that Atlas knows are their own neighbors.
            @if previous != calendar.month {
                a.step.step-back rel="prev" href=(address(previous, None)) { span.unseen { "Previous month" } }
            }
            @if next != calendar.month {
                a.step.step-on rel="next" href=(address(next, None)) { span.unseen { "Next month" } }
            }
        }
    }
}

/// One of three names for the grid, which adjacent months never share. The style sheet slides from one to the other.
fn slide(month: Month) -> i8 {
    month.first().date().month() % 3
}

fn grid(calendar: &CalendarMonth) -> Markup {
    html! {
        table.grid aria-labelledby="month" {
            thead { tr { @for weekday in month::weekday_order(calendar.week_start) { th scope="col" { (short_name(weekday)) } } } }
            tbody {
                @for week in calendar.month.weeks(calendar.week_start) {
                    tr { @for day in week { td { @if let Some(day) = day { (cell(calendar, day)) } } } }
                }
            }
        }
    }
}

fn cell(calendar: &CalendarMonth, day: Day) -> Markup {
    let rate = calendar.rates.get(&day).copied().unwrap_or_default();
    let CompletionRate { scheduled, completed } = rate;
    let intensity = Intensity::from_rate(rate);
    let is_open = calendar.day.as_ref().is_some_and(|open| open.agenda.day == day);
    let count_id = format!("count-{day}");
    let is_skipped = calendar.skipped.contains(&day);
    let note_id = calendar.noted.contains(&day).then(|| format!("note-{day}"));
    let count = (scheduled > 0 || is_skipped).then_some(count_id.as_str());
    let described_by: Vec<&str> = count.into_iter().chain(note_id.as_deref()).collect();
    html! {
        a.cell.is-open[is_open].is-ahead[day > calendar.today] id={ "day-" (day) } href=(address(calendar.month, Some(day)))
            data-date-key=(day) data-level=[intensity.map(Intensity::level)]
            data-complete=[(intensity == Some(Intensity::Whole)).then_some("true")]
            aria-current=[(day == calendar.today).then_some("date")]
            aria-label={ "Open daily view for " (format_date(day, DateStyle::Long)) } aria-describedby=[(!described_by.is_empty()).then(|| described_by.join(" "))] {
            span.cell-day { (day.date().day()) }
        }
        // Outside of the link, because the visible text of a link must be part of its name. Screen readers get the
        // words.
        @if is_skipped {
            span.cell-count id=(count_id) {
                span data-cell-count aria-hidden="true" { "–" }
                span.unseen data-cell-label { "Skipped" }
            }
        } @else if scheduled > 0 {
            span.cell-count id=(count_id) {
                span data-cell-count aria-hidden="true" { (completed) "/" (scheduled) }
                span.unseen data-cell-label { (completed) " of " (scheduled) " done" }
            }
        }
        @if let Some(id) = note_id { span.cell-note id=(id) { span.unseen { "Has a note" } } }
    }
}

fn open_day(calendar: &CalendarMonth, open: &OpenDay, has_date: bool, refused: RefusedInput<'_>) -> Markup {
    let agenda = &open.agenda;
    let from = address(calendar.month, has_date.then_some(agenda.day));
    let completion = refused.completion;
    html! {
        section.day-panel.is-sheet[has_date].is-complete[agenda.is_complete()] data-day=(agenda.day) aria-labelledby="open-day" {
            div.sheet {
                header.sheet-head {
                    div {
                        h2 #open-day tabindex="-1" { (format_date(agenda.day, DateStyle::Full)) }
                    }
                    @if has_date { a.close href=(address(calendar.month, None)) { "Close" } }
                }
                @if let Some(refused) = completion.filter(|refused| !refused.is_on_list(agenda)) { (alert(&refused.message)) }
                @if agenda.items.is_empty() {
                    p.hint { (if agenda.day < calendar.today { "Nothing was scheduled for this day." } else { "Nothing is scheduled for this day." }) }
                } @else {
                    (progress(agenda, "All done for this day"))
                    @if let Some(refusal) = &open.closed { p.hint #closed-note { (explain(refusal)) } }
                    (list(agenda, &RowOptions { from: &from, today: None, past: None, grouping: DayGrouping::Nothing, closed_note: open.closed.as_ref().map(|_| "closed-note"), refused: completion }))
                }
                (day_notes(agenda.day, &open.notes, &open.without_note, &from, refused.note))
            }
        }
    }
}

/// The streaks as paragraphs with the roles of a table. Each row has a title and two numbers.
fn streaks(streaks: &[(Habit, Streak)]) -> Markup {
    html! {
        section.streaks data-testid="streaks-panel" aria-labelledby="streaks" {
            h2 #streaks { "Streaks" }
            @if streaks.is_empty() {
                p.hint { "Complete a habit on one of its days to start your first streak." }
            } @else {
                div.streak-table role="table" aria-labelledby="streaks" {
                    div.streak-row.streak-names role="row" {
                        span role="columnheader" { "Habit" }
                        span role="columnheader" { "Current" }
                        span role="columnheader" { "Longest" }
                    }
                    @for (habit, streak) in streaks {
                        div.streak-row role="row" data-color=[habit_color(habit)] {
                            (habit_mark(habit))
                            p.streak-title role="rowheader" dir="auto" { (habit.title) }
                            p role="cell" { (streak.current) }
                            p role="cell" { (streak.longest) }
                        }
                    }
                }
            }
        }
    }
}
