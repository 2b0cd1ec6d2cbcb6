//! What admins see: one overview, and a page for each list. They need no script.

pub mod activity;
pub mod configuration;
pub mod habits;
pub mod mail;
pub mod overview;
pub mod snapshots;
pub mod users;

use jiff::Timestamp;
use maud::{Markup, html};

use super::layout::{Frame, Here, document};

/// The admin pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Room {
    Overview,
    Users,
    Habits,
    Activity,
    Trail,
    Mail,
    Snapshots,
    Configuration,
}

/// Where each admin page is and what it is called.
const ROOMS: [(Room, &str, &str); 8] = [
    (Room::Overview, "/admin", "Overview"),
    (Room::Users, "/admin/users", "Users"),
    (Room::Habits, "/admin/habits", "Habits"),
    (Room::Activity, "/admin/activity", "Activity"),
    (Room::Trail, "/admin/audit", "Audit trail"),
    (Room::Mail, "/admin/mail", "Mail"),
    (Room::Snapshots, "/admin/snapshots", "Snapshots"),
    (Room::Configuration, "/admin/configuration", "Configuration"),
];

/// An admin page with the ways to the others.
fn page(frame: &Frame<'_>, room: Room, title: &str, main: &Markup) -> Markup {
    document(
        frame,
        title,
        Here::Admin,
        &html! {
            div.admin {
                nav.rooms aria-label="Admin" {
                    ul { @for (is, to, label) in ROOMS { li { a href=(to) aria-current=[(is == room).then_some("page")] { (label) } } } }
                }
                (main)
            }
        },
    )
}

/// An instant, to the minute.
fn time(at: Timestamp) -> Markup {
    html! { time datetime=(at.strftime("%Y-%m-%dT%H:%M:%SZ")) { (at.strftime("%Y-%m-%d %H:%M UTC")) } }
}

/// The same, to the second.
fn moment(at: Timestamp) -> Markup {
    html! { time datetime=(at.strftime("%Y-%m-%dT%H:%M:%SZ")) { (at.strftime("%Y-%m-%d %H:%M:%S UTC")) } }
}

/// Facts with their names.
fn facts(rows: &[(&str, Markup)]) -> Markup {
    html! {
        dl.facts { @for (name, value) in rows { div { dt { (name) } dd { (value) } } } }
    }
}

/// A way to look for something: a field and, where there is one, a choice.
fn search(action: &str, typed: &str, label: &str, choice: Option<&Markup>) -> Markup {
    html! {
        form.search method="get" action=(action) role="search" {
            div.field {
                label for="search" { (label) }
                input #search name="search" type="search" value=[(!typed.is_empty()).then_some(typed)] autocomplete="off" autocapitalize="none" spellcheck="false" maxlength="200";
            }
            @if let Some(choice) = choice { (choice) }
            button.button.plain type="submit" { "Search" }
        }
    }
}

/// Where a list goes on.
#[derive(Debug, Clone, Default)]
pub struct Further {
    /// The address of the next page.
    pub next: Option<String>,
    /// The address of the first page, when this is another one.
    pub first: Option<String>,
}

fn further(further: &Further, empty: bool) -> Markup {
    html! {
        @if empty {
            p.empty-line {
                @if further.next.is_some() { "Nothing among those looked through so far." } @else { "Nothing to show." }
            }
        }
        @if further.next.is_some() || further.first.is_some() {
            nav.further aria-label="Pages" {
                @if let Some(first) = &further.first { a.button.plain href=(first) { "Newest" } }
                @if let Some(next) = &further.next { a.button.plain href=(next) rel="next" { "Older" } }
            }
        }
    }
}

/// A number with its thousands apart.
fn number(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    #[test]
    fn thousands_stand_apart() {
        assert_eq!(super::number(0), "0");
        assert_eq!(super::number(999), "999");
        assert_eq!(super::number(1_000), "1,000");
        assert_eq!(super::number(1_234_567), "1,234,567");
    }
}
