//! The Today page, and the list of a day's habits that the calendar shows, too.

use std::borrow::Cow;

use maud::{Markup, PreEscaped, html};

use crate::domain::habits::agenda::{Agenda, AgendaItem};
use crate::domain::{Habit, HabitId};
use crate::web::ui::date::{DateStyle, format_date};
use crate::web::ui::form::alert;
use crate::web::ui::layout::{Frame, NavItem, document};
use crate::web::ui::render::Reserve;

/// A completion that was refused.
#[derive(Debug, Clone)]
pub struct RefusedCompletion {
    pub habit: Option<HabitId>,
    /// The message for the person.
    pub message: String,
}

impl RefusedCompletion {
    /// Whether its habit is on the list. The row shows the message then.
    pub fn is_on_list(&self, agenda: &Agenda) -> bool {
        agenda.items.iter().any(|item| self.habit == Some(item.habit.id))
    }
}

/// What led to the page, if it was not a plain visit.
#[derive(Debug, Clone, Copy)]
pub enum TodayNotice<'a> {
    None,
    Refused(&'a RefusedCompletion),
    /// The person tried to open an admin page.
    AdminRequired,
}

/// The list of a day. `has_habits` distinguishes an empty day from an empty account.
pub fn page(frame: &Frame<'_>, agenda: &Agenda, has_habits: bool, notice: TodayNotice<'_>) -> Markup {
    let refused = if let TodayNotice::Refused(refused) = notice { Some(refused) } else { None };
    document(
        frame,
        "Today",
        NavItem::Today,
        &html! {
            div.day.is-complete[agenda.is_complete()] data-day=(agenda.day) {
                header.day-head {
                    h1 { "Today" }
                    p.date { time datetime=(agenda.day) { (format_date(agenda.day, DateStyle::Full)) } }
                }
                @if matches!(notice, TodayNotice::AdminRequired) { (alert("Only admins can open that page.")) }
                @if let Some(refused) = refused.filter(|refused| !refused.is_on_list(agenda)) { (alert(&refused.message)) }
                @if agenda.items.is_empty() {
                    (empty_day(has_habits))
                } @else {
                    (progress(agenda, "All done for today"))
                    (list(agenda, &RowOptions { from: "/today", is_today: true, closed_note: None, refused }))
                }
            }
        },
    )
}

/// How much of the day is done. `all_done` is shown when everything is. The script keeps all of it current.
pub fn progress(agenda: &Agenda, all_done: &str) -> Markup {
    let (done, total) = (agenda.completed_count(), agenda.items.len());
    html! {
        div.strip {
            p.strip-count data-count { (done) " of " (total) " done" }
            div.strip-bar {
                label.unseen for="day-progress" { "Progress" }
                progress #day-progress max=(total) value=(done) { (done) "/" (total) }
            }
            p.strip-complete data-complete=(all_done) hidden[!agenda.is_complete()] {
                @if agenda.is_complete() { (all_done) }
            }
        }
    }
}

/// What all rows of a list have in common.
#[derive(Debug, Clone, Copy)]
pub struct RowOptions<'a> {
    /// The address of the page. Without JavaScript a completion returns to it.
    pub from: &'a str,
    /// Whether the list is headed "Today". An outdated one is refused.
    pub is_today: bool,
    /// The id of the text that explains why the day cannot be changed, if it cannot.
    pub closed_note: Option<&'a str>,
    /// The completion that was refused, if one was.
    pub refused: Option<&'a RefusedCompletion>,
}

/// Estimated size of a row, in bytes.
const ROW_BYTES: usize = 1_024;

/// The habits of a day, one row each. Each row is a form that works without JavaScript; the script updates rows
/// instantly.
pub fn list(agenda: &Agenda, options: &RowOptions<'_>) -> Markup {
    let (yes, no) = (PreEscaped("true"), PreEscaped("false"));
    let is_open = options.closed_note.is_none();
    html! {
        ul.completions {
            (Reserve(agenda.items.len() * ROW_BYTES))
            @for AgendaItem { habit, done, streak } in &agenda.items {
                @let refused = options.refused.filter(|refused| refused.habit == Some(habit.id));
                li.completion-row {
                    form method=[is_open.then_some("post")] action=[is_open.then_some("/today")] data-completion[is_open] {
                        @if is_open {
                            input type="hidden" name="habitId" value=(habit.id);
                            input type="hidden" name="date" value=(agenda.day);
                            input type="hidden" name="completed" value=(if *done { no } else { yes });
                            input type="hidden" name="from" value=(options.from);
                            @if options.is_today { input type="hidden" name="today" value=(agenda.day); }
                        }
                        button.completion type="submit" role="checkbox"
                            aria-checked=(if *done { yes } else { no }) aria-describedby=[description_id(habit, options, refused)] disabled[!is_open] {
                            span.box aria-hidden="true" {}
                            span.completion-text {
                                span.completion-title { (habit.title) }
                                @if let Some(description) = &habit.description { span.completion-about { (description) } }
                            }
                            // Its width is reserved, so that a new streak or a mark does not move the rows below.
                            span.completion-status {
                                @if *streak > 1 { span.completion-streak { (streak) "-day streak" } }
                            }
                        }
                        p.fault id={ "fault-" (habit.id) } role=[refused.map(|_| "alert")] hidden[refused.is_none()] {
                            @if let Some(refused) = refused { (refused.message) }
                        }
                    }
                }
            }
        }
    }
}

/// The id of the text that explains why a completion cannot be changed, or was refused.
fn description_id<'a>(
    habit: &Habit,
    options: &RowOptions<'a>,
    refused: Option<&RefusedCompletion>,
) -> Option<Cow<'a, str>> {
    options.closed_note.map(Cow::Borrowed).or_else(|| refused.map(|_| Cow::Owned(format!("fault-{}", habit.id))))
}

fn empty_day(has_habits: bool) -> Markup {
    html! {
        div.empty {
            @if has_habits {
                h2 { "Nothing scheduled today" }
                p { "Enjoy the day off." }
                p.actions { a.button.plain href="/habits" { "View habits" } }
            } @else {
                h2 { "Start with one small thing" }
                p { "Add something you want to do regularly, like reading ten pages. It'll appear here on the days you choose." }
                p.actions { a.button href="/habits" { "New habit" } }
            }
        }
    }
}
