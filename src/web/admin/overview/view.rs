//! The admin dashboard: the health of the environment, and summaries that link to the other pages.

use jiff::SignedDuration;
use maud::{Markup, html};

use crate::app::admin::environment::EnvironmentHealth;
use crate::app::admin::queries::{HabitCounts, UserCounts};
use crate::domain::Account;
use crate::domain::calendar::format::format_duration;
use crate::observe::activity::RequestRecord;
use crate::web::admin::activity::view::request_list;
use crate::web::admin::users::view::user_list;
use crate::web::admin::view::{AdminPage, facts, format_number, page};
use crate::web::ui::date::utc_time;
use crate::web::ui::form::alert;
use crate::web::ui::layout::Frame;

/// What the dashboard shows.
#[derive(Debug)]
pub struct DashboardView<'a> {
    /// Problems that an operator has to fix, one sentence each.
    pub alerts: &'a [String],
    pub health: EnvironmentHealth,
    pub uptime: SignedDuration,
    pub version: &'static str,
    pub users: UserCounts,
    pub habits: HabitCounts,
    pub newest_users: &'a [Account],
    pub latest_requests: &'a [RequestRecord],
}

/// The dashboard.
pub fn dashboard(frame: &Frame<'_>, view: &DashboardView<'_>) -> Markup {
    let (users, habits) = (view.users, view.habits);
    let main = html! {
        h1 { "Admin dashboard" }
        @for message in view.alerts { (alert(message)) }
        section #health aria-labelledby="health-title" {
            h2 #health-title { "Health status" }
            (health(view))
            p { a.more href="/admin/snapshots" { "Snapshots and releases" } }
        }
        section #users aria-labelledby="users-title" {
            h2 #users-title { "Users" }
            (facts(&[
                ("Total", html! { (format_number(users.total)) }),
                ("Confirmed", html! { (format_number(users.verified)) }),
                ("Not confirmed", html! { (format_number(users.total.saturating_sub(users.verified))) }),
                ("Disabled", html! { (format_number(users.disabled)) }),
            ]))
            (user_list(view.newest_users))
            p { a.more href="/admin/users" { "All users" } }
        }
        section #habits aria-labelledby="habits-title" {
            h2 #habits-title { "Habits" }
            (facts(&[
                ("Total", html! { (format_number(habits.total)) }),
                ("Active", html! { (format_number(habits.total.saturating_sub(habits.archived))) }),
                ("Archived", html! { (format_number(habits.archived)) }),
            ]))
            p { a.more href="/admin/habits" { "All habits" } }
        }
        section #activity aria-labelledby="activity-title" {
            h2 #activity-title { "Activity" }
            (request_list(view.latest_requests))
            p.links { a.more href="/admin/activity" { "Latest requests" } a.more href="/admin/audit" { "Audit trail" } }
        }
        section #export aria-labelledby="export-title" {
            h2 #export-title { "Export" }
            p { "Download as CSV. Exports are logged." }
            div.actions {
                a.button.plain href="/api/admin/exports/users?for=spreadsheet" { "Users as CSV" }
                a.button.plain href="/api/admin/exports/habits?for=spreadsheet" { "Habits as CSV" }
            }
        }
    };
    page(frame, AdminPage::Overview, "Admin", &main)
}

fn health(view: &DashboardView<'_>) -> Markup {
    let health = &view.health;
    let queue = match health.waiting {
        0 => html! { "Queue empty" },
        count => html! { (format_number(count)) " waiting" },
    };
    facts(&[
        ("Environment", html! { (health.environment) }),
        ("Data file", html! { @if health.works { "OK" } @else { strong { "Not writable" } } }),
        ("Size", html! { (format_bytes(health.bytes)) }),
        ("Schema", html! { (health.schema) }),
        ("Version", html! { (view.version) }),
        ("Uptime", html! { (format_duration(view.uptime)) }),
        ("Mail", html! { a href="/admin/mail?standing=waiting" { (queue) } }),
        ("Created", utc_time(health.created_at)),
        ("File ID", html! { code { (health.file_id) } }),
    ])
}

/// Writes a size in kB, MB or GB.
pub fn format_bytes(bytes: u64) -> String {
    let tenths = |unit: u64, name: &str| format!("{}.{} {name}", bytes / unit, bytes % unit / (unit / 10));
    match bytes {
        0..1_000_000 => format!("{} kB", bytes.div_ceil(1_000)),
        1_000_000..1_000_000_000 => tenths(1_000_000, "MB"),
        _ => tenths(1_000_000_000, "GB"),
    }
}
