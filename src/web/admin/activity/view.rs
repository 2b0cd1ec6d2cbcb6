//! The pages with the latest requests and with the audit trail.

use maud::{Markup, html};

use crate::domain::accounts::audit::{AuditAction, AuditEntry};
use crate::domain::{AccountId, Recorded};
use crate::observe::activity::RequestRecord;
use crate::web::admin::view::{AdminPage, PageLinks, page, pagination};
use crate::web::ui::date::utc_time;
use crate::web::ui::form::options;
use crate::web::ui::layout::Frame;

/// The page with the latest requests.
pub fn activity_page(frame: &Frame<'_>, requests: &[RequestRecord]) -> Markup {
    let main = html! {
        h1 { "Activity" }
        p.lead { "The last 200 requests since the server started. See the log for the rest." }
        (request_list(requests))
        @if requests.is_empty() { p.empty-line { "Nothing to show." } }
    };
    page(frame, AdminPage::Activity, "Activity", &main)
}

/// Requests, one per line.
pub fn request_list(requests: &[RequestRecord]) -> Markup {
    html! {
        ul.records.tight {
            @for record in requests {
                li {
                    code { (record.method) " " (record.route) }
                    @if record.status >= 400 { strong.badge { (record.status) } } @else { span { (record.status) } }
                    @if let Some(code) = record.code { span { (code) } }
                    span.hint { (format!("{:.1}", record.millis)) " ms · " (utc_time(record.at)) " · " (record.request) }
                }
            }
        }
    }
}

/// An audit entry with the names of the people it is about, as far as their accounts exist.
#[derive(Debug)]
pub struct AuditEntryView<'a> {
    pub entry: &'a AuditEntry,
    pub actor: ActorView<'a>,
    pub subject: Option<(AccountId, &'a str)>,
}

/// Who caused an audit entry.
#[derive(Debug, Clone, Copy)]
pub enum ActorView<'a> {
    /// A person and their name, which is empty if the account was deleted.
    Person(AccountId, &'a str),
    /// A client that was not signed in.
    Anonymous,
    /// An operator in a terminal.
    Operator,
    /// An actor that only a newer version knows.
    Unknown,
}

/// The audit trail. `action` and `person` are the current filters, `error` says why a person was not found.
pub fn audit_page(
    frame: &Frame<'_>,
    (action, person): (Option<AuditAction>, &str),
    error: Option<&str>,
    entries: &[AuditEntryView<'_>],
    links: &PageLinks,
) -> Markup {
    let actions =
        std::iter::once(("", "All")).chain(AuditAction::ALL.iter().map(|action| (action.as_str(), action.as_str())));
    let main = html! {
        h1 { "Audit trail" }
        p.lead { "Who did what, newest first. Entries are kept for 400 days and can't be edited." }
        form.search method="get" action="/admin/audit" role="search" {
            div.field {
                label for="action" { "Event" }
                select #action name="deed" { (options(actions, action.map_or("", AuditAction::as_str))) }
            }
            div.field {
                label for="person" { "User's email or ID" }
                input #person name="person" type="text" value=[(!person.is_empty()).then_some(person)] autocomplete="off" autocapitalize="none" spellcheck="false" maxlength="254"
                    aria-describedby=[error.map(|_| "person-fault")] aria-invalid=[error.map(|_| "true")];
                @if let Some(error) = error { p.fault #person-fault role="alert" { (error) } }
            }
            button.button.plain type="submit" { "Filter" }
        }
        ul.records.tight {
            @for view in entries {
                li {
                    @match &view.entry.action {
                        Recorded::Known(action) => code { (action.as_str()) },
                        Recorded::Unknown(name) => span { "unknown action " code { (name.as_str().unwrap_or_default()) } },
                    }
                    span {
                        @match view.actor {
                            ActorView::Person(id, name) => { "by " (person_link(id, name)) }
                            ActorView::Anonymous => "by an anonymous visitor",
                            ActorView::Operator => "by an operator",
                            ActorView::Unknown => "by an unknown actor",
                        }
                        @if let Some((id, name)) = view.subject { " · for " (person_link(id, name)) }
                    }
                    span.hint {
                        (utc_time(view.entry.at))
                        @if let Some(address) = view.entry.address { " · " (address) }
                        @if let Some(request) = &view.entry.request_id { " · request " (request) }
                    }
                }
            }
        }
        (pagination(links, entries.is_empty()))
    };
    page(frame, AdminPage::AuditTrail, "Audit trail", &main)
}

/// A link to a person by name. Deleted accounts have no name.
fn person_link(id: AccountId, name: &str) -> Markup {
    html! {
        @if name.is_empty() { "deleted user" } @else { a href={ "/admin/users/" (id) } { (name) } }
    }
}
