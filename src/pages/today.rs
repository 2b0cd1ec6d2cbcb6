//! The day: what is due, one tick each.

use std::borrow::Cow;

use maud::{Markup, PreEscaped, html};

use super::form::alert;
use super::layout::{Frame, Here, document};
use super::plain::Room;
use crate::domain::agenda::{Agenda, Item};
use crate::domain::{Day, Habit, HabitId};

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
                    (list(agenda, &Rows { from: "/today", shut: None, refused }))
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
    /// The address the list stands at; ticking without the script leads back to it.
    pub from: &'a str,
    /// The id of the words that say why nothing can be ticked, where that is so.
    pub shut: Option<&'a str>,
    /// The tick that was refused, if one was.
    pub refused: Option<&'a Refused>,
}

/// About what a row takes, in bytes.
const ROW: usize = 1_024;

/// The habits of a day, one row each. A button posts by itself; the script makes it instant.
pub fn list(agenda: &Agenda, rows: &Rows<'_>) -> Markup {
    let (yes, no) = (PreEscaped("true"), PreEscaped("false"));
    let is_open = rows.shut.is_none();
    html! {
        ul.ticks {
            (Room(agenda.items.len() * ROW))
            @for Item { habit, done, streak } in &agenda.items {
                @let refused = rows.refused.filter(|refused| refused.habit == Some(habit.id));
                li.tick-row {
                    form method=[is_open.then_some("post")] action=[is_open.then_some("/today")] data-tick[is_open] {
                        @if is_open {
                            input type="hidden" name="habitId" value=(habit.id);
                            input type="hidden" name="date" value=(agenda.day);
                            input type="hidden" name="completed" value=(if *done { no } else { yes });
                            input type="hidden" name="from" value=(rows.from);
                        }
                        button.tick type="submit" role="checkbox"
                            aria-checked=(if *done { yes } else { no }) aria-describedby=[described(habit, rows, refused)] disabled[!is_open] {
                            span.box aria-hidden="true" {}
                            span.tick-text {
                                span.tick-title { (habit.title) }
                                @if *streak > 1 { span.tick-streak { (streak) " in a row" } }
                                @if let Some(about) = &habit.description { span.tick-about { (about) } }
                            }
                        }
                        p.fault id={ "fault-" (habit.id) } role=[refused.map(|_| "alert")] hidden[refused.is_none()] {
                            @if let Some(refused) = refused { (refused.why) }
                        }
                    }
                }
            }
        }
    }
}

/// The id of the words that say why a habit cannot be ticked, or was not.
fn described<'a>(habit: &Habit, rows: &Rows<'a>, refused: Option<&Refused>) -> Option<Cow<'a, str>> {
    rows.shut.map(Cow::Borrowed).or_else(|| refused.map(|_| Cow::Owned(format!("fault-{}", habit.id))))
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
