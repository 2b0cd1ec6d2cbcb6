//! The admin dashboard: how the environment is, and the ways to everything else.

use jiff::Timestamp;
use maud::{Markup, html};

use super::activity::{self, Request};
use super::{Room, facts, number, page, time};
use crate::domain::{Account, Environment, FileId};
use crate::pages::form::alert;
use crate::pages::layout::Frame;

/// How the environment is.
#[derive(Debug, Clone)]
pub struct Health {
    /// Its name.
    pub environment: Environment,
    /// Its data file.
    pub file: FileId,
    /// When that was made.
    pub made_at: Timestamp,
    /// Its size in bytes.
    pub bytes: u64,
    /// The schema it is in.
    pub schema: u32,
    /// Whether it can be read and written.
    pub works: bool,
    /// For how many seconds the server has been running.
    pub uptime: u64,
    /// The version of the server.
    pub version: &'static str,
    /// Mail that waits to be sent.
    pub waiting: u64,
}

/// What the dashboard shows.
#[derive(Debug)]
pub struct Overview<'a> {
    /// What somebody has to mend, in one sentence each.
    pub alerts: &'a [String],
    /// How the environment is.
    pub health: Health,
    /// People: all, those whose address is confirmed, those who are switched off.
    pub people: (u64, u64, u64),
    /// Habits: all, and those that were put away.
    pub habits: (u64, u64),
    /// The newest people.
    pub newest: &'a [Account],
    /// The last requests.
    pub requests: &'a [Request],
}

/// The dashboard.
pub fn show(frame: &Frame<'_>, overview: &Overview<'_>) -> Markup {
    let (total, verified, disabled) = overview.people;
    let (habits, archived) = overview.habits;
    let main = html! {
        h1 { "Admin dashboard" }
        @for what in overview.alerts { (alert(what)) }
        section #health aria-labelledby="health-title" {
            h2 #health-title { "Health status" }
            (health(&overview.health))
            p { a.more href="/admin/snapshots" { "Snapshots and releases" } }
        }
        section #users aria-labelledby="users-title" {
            h2 #users-title { "Users" }
            (facts(&[
                ("All", html! { (number(total)) }),
                ("Confirmed", html! { (number(verified)) }),
                ("Not confirmed", html! { (number(total.saturating_sub(verified))) }),
                ("Switched off", html! { (number(disabled)) }),
            ]))
            (super::users::list(overview.newest))
            p { a.more href="/admin/users" { "All users" } }
        }
        section #habits aria-labelledby="habits-title" {
            h2 #habits-title { "Habits" }
            (facts(&[
                ("All", html! { (number(habits)) }),
                ("Kept", html! { (number(habits.saturating_sub(archived))) }),
                ("Put away", html! { (number(archived)) }),
            ]))
            p { a.more href="/admin/habits" { "All habits" } }
        }
        section #activity aria-labelledby="activity-title" {
            h2 #activity-title { "Activity" }
            (activity::list(overview.requests))
            p.links { a.more href="/admin/activity" { "The last requests" } a.more href="/admin/audit" { "Who did what" } }
        }
        section #export aria-labelledby="export-title" {
            h2 #export-title { "Export" }
            p { "Everything as a table for a spreadsheet. Whoever takes one along is noted in the audit trail." }
            div.actions {
                a.button.plain href="/api/admin/exports/users" download { "Users as CSV" }
                a.button.plain href="/api/admin/exports/habits" download { "Habits as CSV" }
            }
        }
    };
    page(frame, Room::Overview, "Admin", &main)
}

fn health(health: &Health) -> Markup {
    let waiting = match health.waiting {
        0 => html! { "Nothing waits" },
        n => html! { (number(n)) " waiting" },
    };
    facts(&[
        ("Environment", html! { (health.environment) }),
        ("Data file", html! { @if health.works { "Reads and writes" } @else { strong { "Cannot be written" } } }),
        ("Size", html! { (size(health.bytes)) }),
        ("Schema", html! { (health.schema) }),
        ("Version", html! { (health.version) }),
        ("Running for", html! { (duration(health.uptime)) }),
        ("Mail", html! { a href="/admin/mail?standing=waiting" { (waiting) } }),
        ("File made", time(health.made_at)),
        ("File id", html! { code { (health.file) } }),
    ])
}

pub(super) fn size(bytes: u64) -> String {
    let tenths = |unit: u64, name: &str| format!("{}.{} {name}", bytes / unit, bytes % unit / (unit / 10));
    match bytes {
        0..1_000_000 => format!("{} kB", bytes.div_ceil(1_000)),
        1_000_000..1_000_000_000 => tenths(1_000_000, "MB"),
        _ => tenths(1_000_000_000, "GB"),
    }
}

pub(super) fn duration(seconds: u64) -> String {
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => "less than a minute".to_owned(),
        (0, 0, minutes) => format!("{minutes} min"),
        (0, hours, minutes) => format!("{hours} h {minutes} min"),
        (days, hours, _) => format!("{days} d {hours} h"),
    }
}
