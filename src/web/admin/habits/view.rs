//! The list of all users' habits: their schedules, and what users wrote only where the operator lets admins see it. Never
//! completions.

use maud::{Markup, html};

use crate::app::admin::queries::OwnedHabit;
use crate::web::admin::list_query::{ListQuery, PageLinks};
use crate::web::admin::view::{AdminPage, format_number, page, pagination, search_form};
use crate::web::ui::date::utc_date;
use crate::web::ui::form::options;
use crate::web::ui::layout::Frame;
use crate::web::ui::page_head::page_head;
use crate::web::ui::table::{Column, TableRow, data_table};

/// The values of the status filter with their labels.
pub const STATUSES: [(&str, &str); 3] = [("active", "Active"), ("archived", "Archived"), ("all", "All")];

/// Sorts by when the owner signed up, and in an account by when the habit was created.
pub const BY_OWNER: &str = "owner";

/// What the page shows.
#[derive(Debug)]
pub struct HabitsView<'a> {
    pub list: &'a ListQuery,
    /// The filters.
    pub search: &'a str,
    pub status: &'a str,
    pub habits: &'a [OwnedHabit],
    /// All habits.
    pub total: u64,
    /// Whether admins see titles and descriptions.
    pub shows_texts: bool,
}

/// The list of habits that match the filters.
pub fn habits_page(frame: &Frame<'_>, view: &HabitsView<'_>, links: &PageLinks) -> Markup {
    let filter = html! {
        div.field {
            label for="status" { "Status" }
            select #status name="status" { (options(STATUSES, view.status)) }
        }
    };
    let label = if view.shows_texts { "Title or owner contains" } else { "Owner contains" };
    let main = html! {
        (page_head("Habits", &html! { a.more href="/api/admin/exports/habits?for=spreadsheet" { "Download all as CSV" } }))
        p.lead { (format_number(view.total)) " total, in the order their owners signed up." }
        @if !view.shows_texts { p.hint { "Titles and descriptions are for their owners only. " code { "admin.sees_habits" } " changes that." } }
        (search_form(view.list, view.search, label, Some(&filter)))
        (table(view))
        (pagination(links, view.habits.is_empty()))
    };
    page(frame, AdminPage::Habits, "All habits", &main)
}

fn table(view: &HabitsView<'_>) -> Markup {
    let columns = [
        Column::new(if view.shows_texts { "Title" } else { "Schedule" }),
        Column::new(if view.shows_texts { "Schedule" } else { "Status" }),
        Column::new("Owner"),
        Column::new("Created").labeled(),
        view.list.column("Owner joined", BY_OWNER).labeled(),
    ];
    let row = |habit: &OwnedHabit| {
        let status = html! { @if habit.archived_at.is_some() { strong.badge { "Archived" } } };
        let schedule = html! { (habit.weekdays.summary()) };
        let (head, second) = match &habit.texts {
            Some(texts) => (html! { span dir="auto" { (texts.title) } " " (status) }, schedule),
            None => (schedule, status),
        };
        let owner = html! { a href={ "/admin/users/" (habit.owner.id) } { bdi { (habit.owner.name()) } } br; span.hint { (habit.owner.email) } };
        let cells = vec![second, owner, utc_date(habit.created_at), utc_date(habit.owner.created_at)];
        TableRow { head, cells, ..TableRow::default() }
    };
    data_table("Habits", &columns, &view.habits.iter().map(row).collect::<Vec<_>>())
}
