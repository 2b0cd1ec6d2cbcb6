//! What the admin pages share: their navigation, fact lists, search and pagination. They need no JavaScript.

use maud::{Markup, html};

use crate::web::admin::list_query::{ListQuery, PageLinks};
use crate::web::ui::form::{alert, status};
use crate::web::ui::layout::{Frame, NavItem, document};

/// The admin pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AdminPage {
    Overview,
    Users,
    Habits,
    Activity,
    AuditTrail,
    Mail,
    Snapshots,
    Configuration,
    Handbook,
}

/// Every admin page with its path and its name.
pub const ADMIN_PAGES: [(AdminPage, &str, &str); 9] = [
    (AdminPage::Overview, "/admin", "Overview"),
    (AdminPage::Users, "/admin/users", "Users"),
    (AdminPage::Habits, "/admin/habits", "Habits"),
    (AdminPage::Activity, "/admin/activity", "Activity"),
    (AdminPage::AuditTrail, "/admin/audit", "Audit trail"),
    (AdminPage::Mail, "/admin/mail", "Mail"),
    (AdminPage::Snapshots, "/admin/snapshots", "Snapshots"),
    (AdminPage::Configuration, "/admin/configuration", "Configuration"),
    (AdminPage::Handbook, "/admin/handbook", "Handbook"),
];

/// An admin page with the links to the others.
pub fn page(frame: &Frame<'_>, current: AdminPage, title: &str, main: &Markup) -> Markup {
    document(
        frame,
        title,
        NavItem::Admin,
        &html! {
            div.admin {
                nav.subnav aria-label="Admin" {
                    // On a phone, the links are one line that scrolls.
                    ul.wide {
                        @for (page, path, label) in ADMIN_PAGES {
                            li { a href=(path) aria-current=[(page == current).then_some("page")] { (label) } }
                        }
                    }
                }
                (main)
            }
        },
    )
}

/// The outcome of the request that led to an admin page.
#[derive(Debug, Clone, Copy)]
pub enum AdminNotice<'a> {
    None,
    Done(&'a str),
    /// What was done, and with what.
    DoneWith(&'a str, &'a str),
    Refused(&'a str),
}

/// The notice at the top of a page.
pub fn show_notice(notice: AdminNotice<'_>) -> Markup {
    match notice {
        AdminNotice::None => html! {},
        AdminNotice::Done(message) => status(message),
        AdminNotice::DoneWith(message, name) => html! { p.notice role="status" { (message) ": " bdi { (name) } } },
        AdminNotice::Refused(message) => alert(message),
    }
}

/// A list of facts with their labels.
pub fn facts(rows: &[(&str, Markup)]) -> Markup {
    html! {
        dl.facts { @for (label, value) in rows { div { dt { (label) } dd { (value) } } } }
    }
}

/// A search form: a text field and an optional second field. The order of the list stays.
pub fn search_form(list: &ListQuery, query: &str, label: &str, filter: Option<&Markup>) -> Markup {
    html! {
        form.search method="get" action=(list.path()) role="search" {
            (list.order_fields())
            div.field {
                label for="search" { (label) }
                input #search name="search" type="search" value=[(!query.is_empty()).then_some(query)] autocomplete="off" autocapitalize="none" spellcheck="false" maxlength="200";
            }
            @if let Some(filter) = filter { (filter) }
            button.button.plain type="submit" { "Search" }
        }
    }
}

/// The end of a list: a message if this page is empty, and the links to other pages.
pub fn pagination(links: &PageLinks, is_empty: bool) -> Markup {
    html! {
        @if is_empty {
            p.empty-line {
                // A page covers a limited number of rows, so an empty one may be followed by matches.
                @if links.next.is_some() { "No matches so far." } @else { "Nothing to show." }
            }
        }
        @if links.next.is_some() || links.first.is_some() {
            nav.pagination aria-label="Pages" {
                @if let Some(first) = &links.first { a.button.plain href=(first) { "First page" } }
                @if let Some(next) = &links.next { a.button.plain href=(next) rel="next" { "Next page" } }
            }
        }
    }
}

/// Writes a number with thousands separators.
pub fn format_number(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
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

#[cfg(test)]
mod tests {
    #[test]
    fn thousands_are_separated() {
        assert_eq!(super::format_number(0), "0");
        assert_eq!(super::format_number(999), "999");
        assert_eq!(super::format_number(1_000), "1,000");
        assert_eq!(super::format_number(1_234_567), "1,234,567");
    }
}
