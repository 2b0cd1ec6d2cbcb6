//! Captured mail, where environments keep mail for reading instead of sending it.

use maud::{Markup, html};

use super::layout::{Frame, Here, document};
use crate::domain::mail::{Letter, Mail};

/// Mail newest first, as plain text with its links alive.
pub fn mail(frame: &Frame<'_>, mails: &[Mail]) -> Markup {
    document(
        frame,
        "Captured mail",
        Here::Elsewhere,
        &html! {
            div.mailbox {
                h1 { "Captured mail" }
                p.lead { "This environment sends no mail. What would have been sent is kept here." }
                @if mails.is_empty() { p.empty-line { "Nothing yet. Sign up, and the mail shows up here." } }
                @for mail in mails { (letter(mail)) }
            }
        },
    )
}

fn letter(mail: &Mail) -> Markup {
    html! {
        article.letter {
            @if let Some(letter) = &mail.letter {
                h2 { (letter.subject) }
                p.hint { "To " (mail.to) " · " time datetime=(mail.created_at.strftime("%Y-%m-%dT%H:%M:%SZ")) { (mail.created_at.strftime("%Y-%m-%d %H:%M:%S UTC")) } }
                (text(letter))
            }
        }
    }
}

/// What a letter says, with its links alive.
pub(super) fn text(letter: &Letter) -> Markup {
    html! {
        div.letter-text {
            @for line in letter.text.lines() {
                @if line.starts_with("https://") || line.starts_with("http://") {
                    p { a href=(line) { (line) } }
                } @else if !line.is_empty() {
                    p { (line) }
                }
            }
        }
    }
}
