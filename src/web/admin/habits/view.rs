//! The list of all users' habits: their schedules, and what users wrote only where the operator lets admins see it. Never
//! completions.

use maud::{Markup, html};

use crate::app::admin::queries::OwnedHabit;
use crate::web::admin::view::{AdminPage, PageLinks, format_number, page, pagination, search_form};
use crate::web::ui::form::options;
use crate::web::ui::layout::Frame;

/// The values of the status filter with their labels.
pub const STATUSES: [(&str, &str); 3] = [("active", "Active"), ("archived", "Archived"), ("all", "All")];

/// The list of habits that match the filters `query` and `status`. `total` counts all habits; `shows_texts` says whether admins
/// see titles and descriptions.
pub fn habits_page(
    frame: &Frame<'_>,
    (query, status): (&str, &str),
    habits: &[OwnedHabit],
    (total, shows_texts): (u64, bool),
    links: &PageLinks,
) -> Markup {
    let filter = html! {
        div.field {
            label for="status" { "Status" }
            select #status name="status" { (options(STATUSES, status)) }
        }
    };
    let label = if shows_texts { "Title or owner contains" } else { "Owner contains" };
    let main = html! {
        h1 { "Habits" }
        p.lead { (format_number(total)) " total, newest users first." }
        @if !shows_texts { p.hint { "Titles and descriptions are for their owners only. " code { "admin.sees_habits" } " changes that." } }
        (search_form("/admin/habits", query, label, Some(&filter)))
        ul.records {
            @for habit in habits {
                li {
                    @if let Some(texts) = &habit.texts { strong dir="auto" { (texts.title) } }
                    span { (habit.weekdays.summary()) }
                    @if habit.archived_at.is_some() { strong.badge { "Archived" } }
                    span.hint { "by " a href={ "/admin/users/" (habit.owner.id) } dir="auto" { (habit.owner.name()) } " · " (habit.owner.email) }
                }
            }
        }
        (pagination(links, habits.is_empty()))
        p { a.more href="/api/admin/exports/habits?for=spreadsheet" { "Download all as CSV" } }
    };
    page(frame, AdminPage::Habits, "All habits", &main)
}
