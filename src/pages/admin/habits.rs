//! Everybody's habits, as admins see them: titles and plans, never what was done.

use maud::{Markup, html};

use super::{Further, Room, further, number, page, search};
use crate::domain::{Account, Habit};
use crate::pages::form::options;
use crate::pages::layout::Frame;

/// What can be chosen: the word in the address and the label.
pub const STATUSES: [(&str, &str); 3] = [("active", "Kept"), ("archived", "Put away"), ("all", "All")];

/// The list: what was searched for, what was found, how many there are in all.
pub fn all(
    frame: &Frame<'_>,
    (typed, status): (&str, &str),
    habits: &[(Account, Habit)],
    total: u64,
    way: &Further,
) -> Markup {
    let choice = html! {
        div.field {
            label for="status" { "Which" }
            select #status name="status" { (options(STATUSES, status)) }
        }
    };
    let main = html! {
        h1 { "Habits" }
        p.lead { (number(total)) " in all, those of the newest people first." }
        (search("/admin/habits", typed, "Title or owner contains", Some(&choice)))
        ul.records {
            @for (owner, habit) in habits {
                li {
                    strong { (habit.title) }
                    span { (habit.schedule.weekdays().summary()) }
                    @if !habit.is_active() { strong.mark { "Put away" } }
                    span.hint { "of " a href={ "/admin/users/" (owner.id) } { (owner.name()) } " · " (owner.email) }
                }
            }
        }
        (further(way, habits.is_empty()))
        p { a.more href="/api/admin/exports/habits" download { "All of them as CSV" } }
    };
    page(frame, Room::Habits, "Habits of everybody", &main)
}
