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
                @if let Some(refused) = refused.filter(|refused| !stands_in_a_row(refused, agenda)) { (alert(&refused.why)) }
                @if agenda.items.is_empty() {
                    (nothing(has_habits))
                } @else {
                    (strip(agenda))
                    ul.ticks {
                        @for item in &agenda.items {
                            (row(item, agenda.day, refused.filter(|refused| refused.habit == Some(item.habit.id))))
                        }
                    }
                }
            }
        },
    )
}

/// Whether the refusal is about a habit on the list; then its row says so.
fn stands_in_a_row(refused: &Refused, agenda: &Agenda) -> bool {
    agenda.items.iter().any(|item| refused.habit == Some(item.habit.id))
}

/// How far the day is. The script keeps it current.
fn strip(agenda: &Agenda) -> Markup {
    let (done, all) = (agenda.done(), agenda.items.len());
    html! {
        div.strip {
            p.strip-count { span { "Done" } " " strong data-count { (done) "/" (all) } }
            div.strip-bar {
                label for="day-progress" { "Progress" }
                progress #day-progress max=(all) value=(done) {}
            }
            p.strip-complete data-complete hidden[!agenda.is_complete()] { "All of today is ticked" }
        }
    }
}

/// One habit. The button posts by itself; the script makes it instant.
fn row(item: &Item, day: Day, refused: Option<&Refused>) -> Markup {
    let habit = &item.habit;
    let fault = format!("fault-{}", item.habit.id);
    html! {
        li.tick-row {
            form method="post" action="/today" data-tick {
                input type="hidden" name="habitId" value=(item.habit.id);
                input type="hidden" name="date" value=(day);
                input type="hidden" name="completed" value=(if item.done { "false" } else { "true" });
                button.tick type="submit" role="checkbox" aria-checked=(if item.done { "true" } else { "false" })
                    aria-describedby=[refused.map(|_| &fault)] {
                    span.box aria-hidden="true" {}
                    span.tick-text {
                        span.tick-title { (habit.title.as_str()) }
                        @if let Some(about) = &habit.description { span.tick-about { (about.as_str()) } }
                    }
                }
                p.fault id=(fault) role=[refused.map(|_| "alert")] hidden[refused.is_none()] { @if let Some(refused) = refused { (refused.why) } }
            }
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
