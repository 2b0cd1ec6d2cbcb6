//! The page with captured mail, in environments that keep mail instead of sending it.

use maud::{Markup, html};

use crate::domain::mail::{Mail, MessageBody};
use crate::web::ui::date::utc_time;
use crate::web::ui::layout::{Frame, NavItem, document};

/// The messages, newest first.
pub fn captured_mail(frame: &Frame<'_>, mails: &[Mail]) -> Markup {
    document(
        frame,
        "Captured mail",
        NavItem::Other,
        &html! {
            div.mailbox {
                h1 { "Captured mail" }
                p.lead { "This environment doesn't send email. Messages are kept here instead." }
                @if mails.is_empty() { p.empty-line { "Nothing yet. Sign up, and the email appears here." } }
                @for mail in mails { (message(mail)) }
            }
        },
    )
}

fn message(mail: &Mail) -> Markup {
    html! {
        article.message {
            @if let Some(body) = &mail.body {
                h2 { (body.subject) }
                p.hint { "To " (mail.to) " · " (utc_time(mail.created_at)) }
                (message_text(body))
            }
        }
    }
}

/// The plain text of a message, with clickable links.
pub fn message_text(body: &MessageBody) -> Markup {
    html! {
        div.message-text {
            @for line in body.text.lines() {
                @if line.starts_with("https://") || line.starts_with("http://") {
                    p { a href=(line) { (line) } }
                } @else if !line.is_empty() {
                    p { (line) }
                }
            }
        }
    }
}
