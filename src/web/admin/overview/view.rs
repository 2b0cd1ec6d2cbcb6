//! The admin dashboard: what needs attention, how the environment does, and links to the other pages.

use jiff::{SignedDuration, Timestamp};
use maud::{Markup, html};

use super::attention::describe_attention;
use crate::app::admin::attention::Attention;
use crate::app::admin::figures::chart_days;
use crate::app::admin::overview::Overview;
use crate::domain::Day;
use crate::domain::calendar::format::format_duration;
use crate::observe::activity::RequestRecord;
use crate::web::admin::activity::view::request_table;
use crate::web::admin::users::view::user_table;
use crate::web::admin::view::{AdminPage, facts, format_bytes, format_number, page};
use crate::web::ui::daily_chart::{DailySeries, daily_chart, daily_size_chart, stacked_daily_chart};
use crate::web::ui::date::utc_time;
use crate::web::ui::layout::Frame;
use crate::web::ui::page_head::page_head;

/// What the dashboard shows.
#[derive(Debug)]
pub struct DashboardView<'a> {
    pub overview: &'a Overview,
    pub now: Timestamp,
    /// Whether snapshots are copied off-site.
    pub has_offsite: bool,
    pub uptime: SignedDuration,
    pub version: &'static str,
    pub latest_requests: &'a [RequestRecord],
}

/// The dashboard.
pub fn dashboard(frame: &Frame<'_>, view: &DashboardView<'_>) -> Markup {
    let main = html! {
        (page_head("Admin dashboard", &html! { a.more href="/admin/handbook/dashboard" { "About the figures" } }))
        (attention(&view.overview.attention))
        div.tiles {
            (users(view.overview))
            (habits(view.overview))
            (mail(view.overview))
            (snapshots(view))
            (release(view))
            (disk(view.overview))
        }
        section #health aria-labelledby="health-title" {
            h2 #health-title { "Health status" }
            (health(view))
        }
        section aria-labelledby="newest-title" {
            h2 #newest-title { "Newest sign-ups" }
            (user_table("Newest sign-ups", &view.overview.newest_users))
        }
        section #activity aria-labelledby="activity-title" {
            h2 #activity-title { "Activity" }
            (request_table(view.latest_requests))
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

fn attention(items: &[Attention]) -> Markup {
    html! {
        @if items.is_empty() {
            p.all-well { "Nothing needs your attention." }
        } @else {
            ul.attention aria-label="Needs attention" {
                @for item in items.iter().map(describe_attention) { li { span { (item.message) } a.more href=(item.path) { (item.link) } } }
            }
        }
    }
}

/// A tile: a heading that leads to the page behind it, one large number or word, and the rest in small.
fn tile(id: &str, title: &str, (path, link): (&str, &str), number: &Markup, details: &Markup) -> Markup {
    html! {
        section.tile id=(id) {
            h2 { (title) }
            p.tile-number { (number) }
            (details)
            a.more href=(path) { (link) }
        }
    }
}

fn users(overview: &Overview) -> Markup {
    let (users, figures) = (overview.users, &overview.figures);
    let new: u64 = figures.sign_ups.iter().rev().take(7).map(|(_, count)| count).sum();
    let details = html! {
        p.hint { (format_number(new)) " new and " (format_number(figures.active_users as u64)) " active in the last 7 days" }
        p.hint {
            (format_number(users.total.saturating_sub(users.verified))) " not confirmed, " (format_number(users.disabled)) " disabled"
        }
        (daily_chart("Sign-ups a day", &figures.sign_ups))
    };
    tile("users", "Users", ("/admin/users", "All users"), &html! { (format_number(users.total)) }, &details)
}

fn habits(overview: &Overview) -> Markup {
    let habits = overview.habits;
    let details = html! {
        p.hint { "active, and " (format_number(habits.archived)) " archived" }
        (daily_chart("Completions a day", &overview.figures.completions))
    };
    let active = html! { (format_number(habits.total.saturating_sub(habits.archived))) };
    tile("habits", "Habits", ("/admin/habits", "All habits"), &active, &details)
}

fn mail(overview: &Overview) -> Markup {
    let (waiting, mail) = (overview.health.waiting, overview.figures.mail_of_last_week());
    let number = html! { @if waiting == 0 { "Queue empty" } @else { (format_number(waiting)) " waiting" } };
    let details = html! {
        p.hint {
            "Last 7 days: " (format_number(mail.sent)) " sent, " (format_number(mail.failed)) " failed"
            @if mail.captured > 0 { ", " (format_number(mail.captured)) " captured" }
        }
        (mail_chart(overview))
    };
    tile("mail", "Mail", ("/admin/mail", "All mail"), &number, &details)
}

fn mail_chart(overview: &Overview) -> Markup {
    let mail = &overview.figures.mail;
    let days: Vec<Day> = mail.iter().map(|(day, _)| *day).collect();
    let is_captured = mail.iter().any(|(_, counts)| counts.captured > 0);
    let sent = DailySeries {
        name: if is_captured { "Sent or captured" } else { "Sent" },
        values: mail.iter().map(|(_, counts)| counts.sent + counts.captured).collect(),
    };
    let failed = DailySeries { name: "Failed", values: mail.iter().map(|(_, counts)| counts.failed).collect() };
    html! {
        (stacked_daily_chart("Emails a day", &days, &[sent, failed]))
        @if overview.figures.has_more_mail { p.hint { "Only the newest 20,000 emails are counted." } }
    }
}

fn snapshots(view: &DashboardView<'_>) -> Markup {
    let snapshots = &view.overview.restore_points.snapshots;
    let number = html! {
        @match snapshots.first() {
            Some(newest) => { (format_duration(view.now.duration_since(newest.taken_at))) " old" }
            None => "None yet",
        }
    };
    let sizes = view.overview.restore_points.daily_sizes(chart_days(view.now));
    let details = html! {
        @if !snapshots.is_empty() { p.hint { (snapshots.len()) @if snapshots.len() == 1 { " snapshot" } @else { " snapshots" } } }
        p.hint { @if view.has_offsite { "Copied off-site" } @else { "No off-site copies" } }
        @if !snapshots.is_empty() { (daily_size_chart("Size of each day's newest snapshot", &sizes, format_bytes)) }
    };
    tile("snapshots", "Snapshots", ("/admin/snapshots", "All snapshots"), &number, &details)
}

fn release(view: &DashboardView<'_>) -> Markup {
    let state = match view.overview.restore_points.running_release() {
        Some(release) if release.is_known_good() => "Known-good",
        Some(release) => match &release.verification {
            Some(result) if result.passed => "Passed verification",
            Some(_) => "Failed verification",
            None => "Not verified",
        },
        None => "Not recorded",
    };
    let details = html! {
        p.hint { (state) }
        p.hint { "Up for " (format_duration(view.uptime)) }
    };
    let version = html! { (view.version) };
    tile("release", "Release", ("/admin/snapshots#releases", "All releases"), &version, &details)
}

fn disk(overview: &Overview) -> Markup {
    let (file, free) = (overview.health.bytes, overview.figures.free_bytes);
    let details = html! {
        @if let Some(free) = free {
            meter.disk min="0" max=(file.saturating_add(free)) value=(file) aria-label="Data file, of the space that it and the free space take" {}
            p.hint { (format_bytes(free)) " free" }
        }
    };
    tile("disk", "Data file", ("/admin/handbook/capacity", "Capacity"), &html! { (format_bytes(file)) }, &details)
}

fn health(view: &DashboardView<'_>) -> Markup {
    let health = &view.overview.health;
    facts(&[
        ("Environment", html! { (health.environment) }),
        ("Data file", html! { @if health.works { "OK" } @else { strong { "Not writable" } } }),
        ("Schema", html! { (health.schema) }),
        ("Created", utc_time(health.created_at)),
        ("File ID", html! { code { (health.file_id) } }),
    ])
}
