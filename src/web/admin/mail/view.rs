//! The outbox, and the page of a message.

use maud::{Markup, html};

use crate::domain::mail::{DeliveryStatus, Mail};
use crate::web::admin::view::{AdminNotice, AdminPage, PageLinks, facts, page, pagination, show_notice};
use crate::web::dev::view::message_text;
use crate::web::ui::date::utc_time;
use crate::web::ui::form::options;
use crate::web::ui::layout::Frame;

/// The messages with a status, or all of them if `status` is empty.
pub fn outbox_page(frame: &Frame<'_>, status: &str, mails: &[Mail], links: &PageLinks) -> Markup {
    let statuses = std::iter::once(("", "All")).chain(DeliveryStatus::NAMES.map(|status| (status, label(status))));
    let main = html! {
        h1 { "Mail" }
        p.lead { "Emails to your users. You can read messages that were captured instead of sent." }
        form.search method="get" action="/admin/mail" role="search" {
            div.field {
                label for="status" { "Status" }
                select #status name="standing" { (options(statuses, status)) }
            }
            button.button.plain type="submit" { "Filter" }
        }
        ul.records {
            @for mail in mails {
                li {
                    a href={ "/admin/mail/" (mail.id) } { (subject(mail)) }
                    span { "to " (mail.to) }
                    @match mail.status {
                        DeliveryStatus::Failed { .. } => strong.badge { "Failed" },
                        DeliveryStatus::Waiting { deferred: true, .. } => strong.badge { "Held" },
                        _ => span { (label(mail.status.as_str())) },
                    }
                    span.hint { (utc_time(mail.created_at)) }
                }
            }
        }
        (pagination(links, mails.is_empty()))
    };
    page(frame, AdminPage::Mail, "Mail", &main)
}

/// The page of a message.
///
/// SECURITY: the text is shown only if the message was captured. A link in a message that was sent, or will be, is a
/// secret of its recipient. The text is shown as plain text, so that reading it loads nothing from other servers.
pub fn message_page(frame: &Frame<'_>, mail: &Mail, can_retry: bool, notice: AdminNotice<'_>) -> Markup {
    let main = html! {
        h1 { (subject(mail)) }
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
