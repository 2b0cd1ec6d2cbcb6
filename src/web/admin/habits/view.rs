//! The list of all users' habits: titles and schedules, never completions.

use maud::{Markup, html};

use crate::domain::{Account, Habit};
use crate::web::admin::view::{AdminPage, PageLinks, format_number, page, pagination, search_form};
use crate::web::ui::form::options;
use crate::web::ui::layout::Frame;

/// The values of the status filter with their labels.
pub const STATUSES: [(&str, &str); 3] = [("active", "Active"), ("archived", "Archived"), ("all", "All")];

/// The list of habits that match the filters `query` and `status`. `total` counts all habits.
pub fn habits_page(
    frame: &Frame<'_>,
    (query, status): (&str, &str),
    habits: &[(Account, Habit)],
    total: u64,
    links: &PageLinks,
) -> Markup {
    let filter = html! {
        div.field {
            label for="status" { "Status" }
            select #status name="status" { (options(STATUSES, status)) }
        }
    };
    let main = html! {
        h1 { "Habits" }
        p.lead { (format_number(total)) " total, newest users first." }
        (search_form("/admin/habits", query, "Title or owner contains", Some(&filter)))
        ul.records {
            @for (owner, habit) in habits {
                li {
                    strong { (habit.title) }
                    span { (habit.schedule.weekdays().summary()) }
                    @if !habit.is_active() { strong.badge { "Archived" } }
                    span.hint { "by " a href={ "/admin/users/" (owner.id) } { (owner.name()) } " · " (owner.email) }
                }
            }
        }
        (pagination(links, habits.is_empty()))
        p { a.more href="/api/admin/exports/habits?for=spreadsheet" { "Download all as CSV" } }
    };
    page(frame, AdminPage::Habits, "All habits", &main)
}
