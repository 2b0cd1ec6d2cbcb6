//! The outbox, and the page of a message.

use maud::{Markup, html};

use crate::domain::mail::{DeliveryStatus, Mail};
use crate::web::admin::list_query::{ListQuery, PageLinks};
use crate::web::admin::view::{AdminNotice, AdminPage, facts, page, pagination, show_notice};
use crate::web::dev::view::message_text;
use crate::web::ui::date::utc_time;
use crate::web::ui::form::options;
use crate::web::ui::layout::Frame;
use crate::web::ui::menu::action_menu;
use crate::web::ui::page_head::page_head;
use crate::web::ui::table::{Column, TableRow, data_table};

/// By when the message was created.
pub const BY_CREATED: &str = "created";

/// The messages with a status, or all of them if `status` is empty; each with whether it can be sent now.
pub fn outbox_page(
    frame: &Frame<'_>,
    list: &ListQuery,
    status: &str,
    mails: &[(bool, Mail)],
    notice: AdminNotice<'_>,
    links: &PageLinks,
) -> Markup {
    let statuses = std::iter::once(("", "All")).chain(DeliveryStatus::NAMES.map(|status| (status, label(status))));
    let columns =
        [Column::new("Subject"), Column::new("To"), Column::new("Status"), list.column("Created", BY_CREATED)];
    let rows: Vec<TableRow> = mails.iter().map(|(can_retry, mail)| mail_row(mail, *can_retry, list)).collect();
    let main = html! {
        (page_head("Mail", &html! {}))
        (show_notice(notice))
        p.lead { "Emails to your users. You can read messages that were captured instead of sent." }
        form.search method="get" action="/admin/mail" role="search" {
            (list.order_fields())
            div.field {
                label for="status" { "Status" }
                select #status name="standing" { (options(statuses, status)) }
            }
            button.button.plain type="submit" { "Filter" }
        }
        (data_table("Mail", &columns, &rows))
        (pagination(links, mails.is_empty()))
    };
    page(frame, AdminPage::Mail, "Mail", &main)
}

fn mail_row(mail: &Mail, can_retry: bool, list: &ListQuery) -> TableRow {
    let retry = list.action(&format!("/admin/mail/{}/retry", mail.id));
    let items = html! { form method="post" action=(retry) { button type="submit" { "Send now" } } };
    TableRow {
        head: html! { a href={ "/admin/mail/" (mail.id) } { (subject(mail)) } },
        cells: vec![
            html! { (mail.to) },
            html! {
                @match mail.status {
                    DeliveryStatus::Failed { .. } => strong.badge { "Failed" },
                    DeliveryStatus::Waiting { deferred: true, .. } => strong.badge { "Held" },
                    _ => (label(mail.status.as_str())),
                }
            },
            utc_time(mail.created_at),
        ],
        menu: html! { @if can_retry { (action_menu(&mail.id.to_string(), subject(mail), &items)) } },
        ..TableRow::default()
    }
}

/// The page of a message.
///
/// SECURITY: the text is shown only if the message was captured. A link in a message that was sent, or will be, is a
/// secret of its recipient. The text is shown as plain text, so that reading it loads nothing from other servers.
pub fn message_page(frame: &Frame<'_>, mail: &Mail, can_retry: bool, notice: AdminNotice<'_>) -> Markup {
    let main = html! {
        (page_head(subject(mail), &html! {}))
        (show_notice(notice))
        (facts(&[
            ("To", html! { (mail.to) }),
            ("Created", utc_time(mail.created_at)),
            ("Expires", utc_time(mail.expires_at)),
            ("Status", status(&mail.status)),
            ("Server response", html! { (mail.reply.as_deref().unwrap_or("–")) }),
            ("Message-ID", html! { @if let Some(id) = &mail.message_id { code { (id) } } @else { "–" } }),
        ]))
        @if can_retry {
            form method="post" action={ "/admin/mail/" (mail.id) "/retry" } {
                button.button.plain type="submit" { "Send now" }
            }
        }
        @match (&mail.status, &mail.body) {
            (DeliveryStatus::Captured, Some(body)) => article.message { h2 { "Message" } (message_text(body)) },
            _ => p.empty-line { "Only the recipient can read this message." },
        }
    };
    page(frame, AdminPage::Mail, "Email", &main)
}

fn status(status: &DeliveryStatus) -> Markup {
    match status {
        DeliveryStatus::Waiting { due, deferred: true, .. } => {
            html! { "Held until the relay settings are fixed; next attempt " (utc_time(*due)) }
        }
        DeliveryStatus::Waiting { due, attempts, .. } => {
            html! { "Waiting; next attempt " (utc_time(*due)) ", " (attempts) " failed so far" }
        }
        DeliveryStatus::Captured => html! { "Captured instead of sent" },
        DeliveryStatus::Sent { at } => html! { "Sent " (utc_time(*at)) },
        DeliveryStatus::Failed { at, reason } => html! { "Failed " (utc_time(*at)) ": " (reason) },
        DeliveryStatus::Unknown(_) => html! { "Set by a newer version of Atlas" },
    }
}

fn subject(mail: &Mail) -> &str {
    match &mail.body {
        Some(body) => &body.subject,
        None if mail.subject.is_empty() => "(subject not stored)",
        None => &mail.subject,
    }
}

fn label(status: &str) -> &'static str {
    match status {
        "waiting" => "Waiting",
        "sent" => "Sent",
        "captured" => "Captured",
        "failed" => "Failed",
        _ => "Unknown",
    }
}
