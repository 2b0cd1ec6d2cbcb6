//! The pages with the latest requests and with the audit trail.

use maud::{Markup, html};

use crate::domain::accounts::audit::{AuditAction, AuditEntry};
use crate::domain::{AccountId, Recorded};
use crate::observe::activity::RequestRecord;
use crate::web::admin::list_query::{ListQuery, PageLinks};
use crate::web::admin::view::{AdminPage, page, pagination};
use crate::web::ui::date::utc_time;
use crate::web::ui::form::options;
use crate::web::ui::layout::Frame;
use crate::web::ui::page_head::page_head;
use crate::web::ui::table::{Column, TableRow, data_table};

/// The orders of the lists.
pub const BY_TIME: &str = "time";
pub const BY_ROUTE: &str = "route";
pub const BY_STATUS: &str = "status";
pub const BY_DURATION: &str = "duration";

/// The page with the latest requests.
pub fn activity_page(frame: &Frame<'_>, list: &ListQuery, requests: &[RequestRecord]) -> Markup {
    let columns = [
        list.column("Request", BY_ROUTE),
        list.column("Status", BY_STATUS),
        list.column("Duration", BY_DURATION),
        list.column("Time", BY_TIME),
        Column::new("Request ID").labeled(),
    ];
    let rows: Vec<TableRow> = requests.iter().map(request_row).collect();
    let main = html! {
        (page_head("Activity", &html! {}))
        p.lead { "The last 200 requests since the server started. See the log for the rest." }
        (data_table("Requests", &columns, &rows))
        @if requests.is_empty() { p.empty-line { "Nothing to show." } }
    };
    page(frame, AdminPage::Activity, "Activity", &main)
}

/// Requests in an order that stays.
pub fn request_table(requests: &[RequestRecord]) -> Markup {
    let columns = ["Request", "Status", "Duration", "Time"].map(Column::new);
    let columns: Vec<Column> = columns.into_iter().chain([Column::new("Request ID").labeled()]).collect();
    data_table("Latest requests", &columns, &requests.iter().map(request_row).collect::<Vec<_>>())
}

fn request_row(record: &RequestRecord) -> TableRow {
    TableRow {
        head: html! { code { (record.method) " " (record.route) } },
        cells: vec![
            html! {
                @if record.status >= 400 { strong.badge { (record.status) } } @else { (record.status) }
                @if let Some(code) = record.code { " " (code) }
            },
            html! { (format!("{:.1}", record.millis)) " ms" },
            utc_time(record.at),
            html! { code { (record.request) } },
        ],
        ..TableRow::default()
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

/// The filters of the audit trail.
#[derive(Debug)]
pub struct AuditFilters<'a> {
    pub action: Option<AuditAction>,
    pub person: &'a str,
    /// Why the person was not found.
    pub error: Option<&'a str>,
}

/// The audit trail.
pub fn audit_page(
    frame: &Frame<'_>,
    list: &ListQuery,
    filters: &AuditFilters<'_>,
    entries: &[AuditEntryView<'_>],
    links: &PageLinks,
) -> Markup {
    let columns = [
        Column::new("Event"),
        Column::new("By").labeled(),
        Column::new("For").labeled(),
        list.column("Time", BY_TIME),
        Column::new("From"),
    ];
    let rows: Vec<TableRow> = entries.iter().map(audit_row).collect();
    let main = html! {
        (page_head("Audit trail", &html! {}))
        p.lead { "Who did what. Entries are kept for 400 days and can't be edited." }
        (audit_filter(list, filters))
        (data_table("Audit trail", &columns, &rows))
        (pagination(links, entries.is_empty()))
    };
    page(frame, AdminPage::AuditTrail, "Audit trail", &main)
}

fn audit_filter(list: &ListQuery, filters: &AuditFilters<'_>) -> Markup {
    let AuditFilters { action, person, error } = filters;
    let actions =
        std::iter::once(("", "All")).chain(AuditAction::ALL.iter().map(|action| (action.as_str(), action.as_str())));
    html! {
        form.search method="get" action="/admin/audit" role="search" {
            (list.order_fields())
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
    }
}

fn audit_row(view: &AuditEntryView<'_>) -> TableRow {
    let entry = view.entry;
    TableRow {
        head: html! {
            @match &entry.action {
                Recorded::Known(action) => code { (action.as_str()) },
                Recorded::Unknown(name) => span { "unknown action " code { (name.as_str().unwrap_or_default()) } },
            }
        },
        cells: vec![
            html! {
                @match view.actor {
                    ActorView::Person(id, name) => (person_link(id, name)),
                    ActorView::Anonymous => "anonymous visitor",
                    ActorView::Operator => "operator",
                    ActorView::Unknown => "unknown actor",
                }
            },
            html! { @if let Some((id, name)) = view.subject { (person_link(id, name)) } },
            utc_time(entry.at),
            html! {
                @if let Some(address) = entry.address { (address) " " }
                @if let Some(request) = &entry.request_id { span.hint { "request " (request) } }
            },
        ],
        ..TableRow::default()
    }
}

/// A link to a person by name. Deleted accounts have no name.
fn person_link(id: AccountId, name: &str) -> Markup {
    html! {
        @if name.is_empty() { "deleted user" } @else { a href={ "/admin/users/" (id) } { (name) } }
    }
}
