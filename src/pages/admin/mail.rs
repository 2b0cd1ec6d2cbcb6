//! The outbox, and captured mail where mail is captured instead of sent.

use maud::{Markup, html};

use super::users::News;
use super::{Further, Room, facts, further, moment, page};
use crate::domain::mail::{Mail, Standing};
use crate::pages::dev::text;
use crate::pages::form::{alert, options, status};
use crate::pages::layout::Frame;

/// The list, narrowed to mail that stands like `standing`.
pub fn all(frame: &Frame<'_>, standing: &str, mails: &[Mail], way: &Further) -> Markup {
    let words = std::iter::once(("", "All")).chain(Standing::WORDS.map(|word| (word, label(word))));
    let main = html! {
        h1 { "Mail" }
        p.lead { "What Atlas wrote to people. Where mail is captured instead of sent, it can be read here." }
        form.search method="get" action="/admin/mail" role="search" {
            div.field {
                label for="standing" { "Which" }
                select #standing name="standing" { (options(words, standing)) }
            }
            button.button.plain type="submit" { "Show" }
        }
        ul.records {
            @for mail in mails {
                li {
                    a href={ "/admin/mail/" (mail.id) } { (subject(mail)) }
                    span { "to " (mail.to) }
                    @match mail.standing {
                        Standing::Failed { .. } => strong.mark { "Failed" },
                        Standing::Waiting { held: true, .. } => strong.mark { "Held" },
                        _ => span { (label(mail.standing.word())) },
                    }
                    span.hint { (moment(mail.created_at)) }
                }
            }
        }
        (further(way, mails.is_empty()))
    };
    page(frame, Room::Mail, "Mail", &main)
}

/// One mail. What it says is shown only where it was captured: a link that was sent, or waits to be, belongs to its reader
/// alone. It is shown as plain text, so that reading it loads nothing from anywhere.
pub fn one(frame: &Frame<'_>, mail: &Mail, may_retry: bool, news: News<'_>) -> Markup {
    let standing = match &mail.standing {
        Standing::Waiting { due, held: true, .. } => {
            html! { "Held until the relay’s settings are mended, or tried again " (moment(*due)) }
        }
        Standing::Waiting { due, attempts, .. } => {
            html! { "Waiting until " (moment(*due)) ", tried " (attempts) @if *attempts == 1 { " time" } @else { " times" } }
        }
        Standing::Captured => html! { "Captured: kept for reading instead of being sent" },
        Standing::Sent { at } => html! { "Sent " (moment(*at)) },
        Standing::Failed { at, why } => html! { "Failed " (moment(*at)) ": " (why) },
    };
    let main = html! {
        h1 { (subject(mail)) }
        @match news {
            News::Nothing => {}
            News::Done(what) => (status(what)),
            News::Refused(why) => (alert(why)),
        }
        (facts(&[
            ("To", html! { (mail.to) }),
            ("Written", moment(mail.created_at)),
            ("True until", moment(mail.expires_at)),
            ("Standing", standing),
            ("The relay said", html! { (mail.answer.as_deref().unwrap_or("–")) }),
            ("Message-ID", html! { @if let Some(id) = &mail.message_id { code { (id) } } @else { "–" } }),
        ]))
        @if may_retry {
            form method="post" action={ "/admin/mail/" (mail.id) "/retry" } {
                button.button.plain type="submit" { "Send it now" }
            }
        }
        @match (&mail.standing, &mail.letter) {
            (Standing::Captured, Some(letter)) => article.letter { h2 { "What it says" } (text(letter)) },
            _ => p.empty-line { "What it says is for its reader only." },
        }
    };
    page(frame, Room::Mail, "One mail", &main)
}

fn subject(mail: &Mail) -> &str {
    match &mail.letter {
        Some(letter) => &letter.subject,
        None if mail.subject.is_empty() => "(its text is gone)",
        None => &mail.subject,
    }
}

fn label(word: &str) -> &'static str {
    match word {
        "waiting" => "Waiting",
        "sent" => "Sent",
        "captured" => "Captured",
        _ => "Failed",
    }
}
