//! The outbox, and captured mail where mail is captured instead of sent.

use maud::{Markup, html};

use super::{Further, Room, facts, further, moment, page};
use crate::domain::mail::{Mail, Standing};
use crate::pages::dev::text;
use crate::pages::form::options;
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
                    @if matches!(mail.standing, Standing::Failed { .. }) { strong.mark { (label(mail.standing.word())) } }
                    @else { span { (label(mail.standing.word())) } }
                    span.hint { (moment(mail.created_at)) }
                }
            }
        }
        (further(way, mails.is_empty()))
    };
    page(frame, Room::Mail, "Mail", &main)
}

/// One mail. What it says is shown only where it was captured: a link that was sent belongs to its reader alone.
pub fn one(frame: &Frame<'_>, mail: &Mail) -> Markup {
    let standing = match &mail.standing {
        Standing::Waiting { due, attempts } => html! { "Waiting until " (moment(*due)) ", tried " (attempts) " times" },
        Standing::Captured => html! { "Captured: kept for reading instead of being sent" },
        Standing::Sent { at } => html! { "Sent " (moment(*at)) },
        Standing::Failed { at, why } => html! { "Failed " (moment(*at)) ": " (why) },
    };
    let main = html! {
        h1 { (subject(mail)) }
        (facts(&[
            ("To", html! { (mail.to) }),
            ("Written", moment(mail.created_at)),
            ("True until", moment(mail.expires_at)),
            ("Standing", standing),
        ]))
        @match (&mail.standing, &mail.letter) {
            (Standing::Captured, Some(letter)) => article.letter { (text(letter)) },
            _ => p.empty-line { "What it says is for its reader only." },
        }
    };
    page(frame, Room::Mail, "One mail", &main)
}

fn subject(mail: &Mail) -> &str {
    mail.letter.as_ref().map_or("(its text is gone)", |letter| letter.subject.as_str())
}

fn label(word: &str) -> &'static str {
    match word {
        "waiting" => "Waiting",
        "sent" => "Sent",
        "captured" => "Captured",
        _ => "Failed",
    }
}
