//! The entries of a day on a habit's page: what was recorded, and the form that records more. assets/timer.js adds a timer for habits
//! in minutes.

use maud::{Markup, html};

use crate::app::habits::entries::DayEntries;
use crate::domain::habits::day_log::AmountEntry;
use crate::domain::{Day, EntryId, Habit, Unit, Zone};
use crate::web::assets::embedded::address;
use crate::web::today::amount_row::{describe, with_unit};
use crate::web::ui::closed_day::explain;
use crate::web::ui::date::{DateStyle, format_date};

/// A form for an entry that was refused, as it was sent.
#[derive(Debug, Clone)]
pub struct RefusedEntry<'a> {
    /// The entry to change; `None` for a new one.
    pub id: Option<EntryId>,
    pub amount: &'a str,
    pub time: &'a str,
    /// The message for the person.
    pub message: String,
}

/// What the part shows.
#[derive(Debug, Clone, Copy)]
pub struct EntriesPart<'a> {
    pub day: &'a DayEntries,
    pub zone: &'a Zone,
    pub refused: Option<&'a RefusedEntry<'a>>,
}

/// The part of the page.
pub fn entries_part(part: &EntriesPart<'_>) -> Markup {
    let DayEntries { habit, day, today, entries, progress, closed } = part.day;
    let name = if day == today { "Today".to_owned() } else { format_date(*day, DateStyle::Weekday) };
    html! {
        section.part.entries #entries aria-labelledby="entries-title" {
            header.entries-head {
                h2 #entries-title tabindex="-1" { (name) }
                p.entries-sum { (describe(habit, progress)) }
                (day_links(habit, *day, *today))
            }
            @if !entries.is_empty() {
                ol.entry-list { @for entry in entries { (entry_row(part, entry)) } }
            }
            @if let Some(refusal) = closed {
                p.hint { (explain(refusal)) }
            } @else if habit.is_active() {
                (add_form(part))
            }
        }
        @if is_timed(habit) { script type="module" src=(address("timer.js")) {} }
    }
}

fn is_timed(habit: &Habit) -> bool {
    habit.unit.as_ref().is_some_and(Unit::is_minutes)
}

fn day_links(habit: &Habit, day: Day, today: Day) -> Markup {
    let link = |day: Day| format!("/habits/{}?day={day}#entries", habit.id);
    html! {
        nav.entry-days aria-label="Day" {
            @if day > habit.schedule.start() { a.step.step-back rel="prev" href=(link(day.yesterday())) { span.unseen { "Day before" } } }
            @if day < today { a.step.step-on rel="next" href=(link(day.add_days(1))) { span.unseen { "Day after" } } }
        }
    }
}

/// The time of an entry on its own day; empty if it was recorded on another one.
fn time_of(entry: &AmountEntry, day: Day, zone: &Zone) -> String {
    let at = entry.recorded_at.to_zoned(zone.time_zone().clone());
    if at.date() == day.date() { at.strftime("%H:%M").to_string() } else { String::new() }
}

fn entry_row(part: &EntriesPart<'_>, entry: &AmountEntry) -> Markup {
    let DayEntries { habit, day, closed, .. } = part.day;
    let time = time_of(entry, *day, part.zone);
    let refused = part.refused.filter(|refused| refused.id == Some(entry.id));
    let (amount, typed_time) = match refused {
        Some(refused) => (refused.amount.to_owned(), refused.time.to_owned()),
        None => (entry.amount.to_string(), time.clone()),
    };
    let line = html! {
        span.entry-time { @if time.is_empty() { "later" } @else { (time) } }
        span.entry-amount { (with_unit(entry.amount, habit)) }
    };
    let prefix = format!("entry-{}-", entry.id);
    html! {
        li.entry {
            @if closed.is_some() || !habit.is_active() { p.entry-line { (line) } } @else {
                details open[refused.is_some()] {
                    summary.entry-line { (line) span.entry-edit { "Edit" } }
                    form.entry-form method="post" action={ "/habits/" (habit.id) "/entries" } novalidate {
                        input type="hidden" name="date" value=(day);
                        input type="hidden" name="entry" value=(entry.id);
                        (fields(&prefix, &amount, &typed_time, refused))
                        button.button.plain type="submit" name="action" value="change" { "Save" }
                        button.quiet type="submit" name="action" value="remove" formnovalidate { "Remove" }
                    }
                }
            }
        }
    }
}

fn add_form(part: &EntriesPart<'_>) -> Markup {
    let DayEntries { habit, day, today, .. } = part.day;
    let refused = part.refused.filter(|refused| refused.id.is_none());
    let amount = refused.map_or_else(|| habit.one_tap().to_string(), |refused| refused.amount.to_owned());
    html! {
        form.entry-form method="post" action={ "/habits/" (habit.id) "/entries" } novalidate {
            input type="hidden" name="date" value=(day);
            (fields("new-entry-", &amount, refused.map_or("", |refused| refused.time), refused))
            button.button type="submit" name="action" value="add" { "Add" }
            @if is_timed(habit) && day == today {
                button.quiet.timer type="button" data-timer=(habit.id) data-date=(day) hidden { "Start timer" }
            }
        }
    }
}

fn fields(prefix: &str, amount: &str, time: &str, refused: Option<&RefusedEntry<'_>>) -> Markup {
    let fault_id = format!("{prefix}fault");
    let described_by = refused.map(|_| fault_id.as_str());
    html! {
        div.field {
            label for={ (prefix) "amount" } { "Amount" }
            input id={ (prefix) "amount" } name="amount" inputmode="decimal" autocomplete="off" value=(amount)
                aria-describedby=[described_by] aria-invalid=[refused.map(|_| "true")] autofocus[refused.is_some()];
        }
        div.field {
            label for={ (prefix) "time" } { "Time" }
            input id={ (prefix) "time" } name="time" type="time" autocomplete="off" value=[(!time.is_empty()).then_some(time)];
        }
        @if let Some(refused) = refused { p.fault id=(fault_id) role="alert" { (refused.message) } }
    }
}
