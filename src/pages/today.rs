//! The day: what is due, one tick each.

use maud::{Markup, html};

use super::form::alert;
use super::layout::{Frame, Here, document};
use crate::domain::agenda::{Agenda, Item};
use crate::domain::{Day, HabitId};

/// A tick that was refused: which habit, and why.
#[derive(Debug, Clone)]
pub struct Refused {
    /// The habit.
    pub habit: Option<HabitId>,
    /// In the person's words.
    pub why: String,
}

impl Refused {
    /// Whether it is about a habit on the list; then its row says so.
    pub fn stands_in_a_row(&self, agenda: &Agenda) -> bool {
        agenda.items.iter().any(|item| self.habit == Some(item.habit.id))
    }
}

/// The list of a day. `has_habits` tells an empty day from an empty account.
pub fn page(frame: &Frame<'_>, agenda: &Agenda, has_habits: bool, refused: Option<&Refused>) -> Markup {
    document(
        frame,
        "Today",
        Here::Today,
        &html! {
            div.day.is-complete[agenda.is_complete()] data-day=(agenda.day) {
                header.day-head {
                    h1 { "Today" }
                    p.date { time datetime=(agenda.day) { (long_date(agenda.day)) } }
                }
                @if let Some(refused) = refused.filter(|refused| !refused.stands_in_a_row(agenda)) { (alert(&refused.why)) }
                @if agenda.items.is_empty() {
                    (nothing(has_habits))
                } @else {
                    (strip(agenda, "All of today is ticked"))
                    ul.ticks {
                        @for item in &agenda.items {
                            (row(item, &Rows { day: agenda.day, from: "/today", shut: None, refused }))
                        }
                    }
                }
            }
        },
    )
}

/// How far the day is, and the words for a day that is done. The script keeps it current.
pub fn strip(agenda: &Agenda, complete: &str) -> Markup {
    let (done, all) = (agenda.done(), agenda.items.len());
    html! {
        div.strip {
            p.strip-count { span { "Done" } " " strong data-count { (done) "/" (all) } }
            div.strip-bar {
                label for="day-progress" { "Progress" }
                progress #day-progress max=(all) value=(done) {}
            }
            p.strip-complete data-complete hidden[!agenda.is_complete()] { (complete) }
        }
    }
}

/// What is the same for every row of a list.
#[derive(Debug, Clone, Copy)]
pub struct Rows<'a> {
    /// The day that is ticked.
    pub day: Day,
    /// The address the list stands at; ticking without the script leads back to it.
    pub from: &'a str,
    /// The id of the words that say why nothing can be ticked, where that is so.
    pub shut: Option<&'a str>,
    /// The tick that was refused, if one was.
    pub refused: Option<&'a Refused>,
}

/// One habit on a day. The button posts by itself; the script makes it instant.
pub fn row(item: &Item, rows: &Rows<'_>) -> Markup {
    let refused = rows.refused.filter(|refused| refused.habit == Some(item.habit.id));
    let fault = format!("fault-{}", item.habit.id);
    let checked = if item.done { "true" } else { "false" };
    let why = html! {
        p.fault id=(fault) role=[refused.map(|_| "alert")] hidden[refused.is_none()] { @if let Some(refused) = refused { (refused.why) } }
    };
    html! {
        li.tick-row {
            @if let Some(shut) = rows.shut {
                button.tick type="button" role="checkbox" aria-checked=(checked) aria-describedby=(shut) disabled { (label(item)) }
                (why)
            } @else {
                form method="post" action="/today" data-tick {
                    input type="hidden" name="habitId" value=(item.habit.id);
                    input type="hidden" name="date" value=(rows.day);
                    input type="hidden" name="completed" value=(if item.done { "false" } else { "true" });
                    input type="hidden" name="from" value=(rows.from);
                    button.tick type="submit" role="checkbox" aria-checked=(checked) aria-describedby=[refused.map(|_| &fault)] { (label(item)) }
                    (why)
                }
            }
        }
    }
}

fn label(item: &Item) -> Markup {
    html! {
        span.box aria-hidden="true" {}
        span.tick-text {
            span.tick-title { (item.habit.title.as_str()) }
            @if item.streak > 1 { span.tick-streak { (item.streak) " in a row" } }
            @if let Some(about) = &item.habit.description { span.tick-about { (about.as_str()) } }
        }
    }
}

fn nothing(has_habits: bool) -> Markup {
    html! {
        div.empty {
            @if has_habits {
                h2 { "Nothing is planned for today" }
                p { "None of your habits is meant for this weekday. Enjoy the free day." }
                p.actions { a.button.plain href="/habits" { "Look at your habits" } }
            } @else {
                h2 { "Begin with one small thing" }
                p { "A habit is something you mean to do on certain weekdays, like ten pages every evening. Add it once; it shows up here on its days, and you tick it." }
                p.actions { a.button href="/habits" { "Add your first habit" } }
            }
        }
    }
}

/// As in "Thursday, 12 February 2026".
fn long_date(day: Day) -> String {
    day.date().strftime("%A, %-d %B %Y").to_string()
}
