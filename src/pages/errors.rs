//! Pages for what cannot be answered otherwise.

use maud::{Markup, html};

use super::layout::{Frame, Here, document};

/// Says what happened, what to do, and by which number an operator finds it in the log.
pub fn page(frame: &Frame<'_>, headline: &str, message: &str, request: &str) -> Markup {
    document(
        frame,
        headline,
        Here::Elsewhere,
        &html! {
            div.narrow {
                h1 { (headline) }
                p.lead { (message) }
                p.actions { a.button.plain href="/" { "To the start" } }
                p.hint { "Request " code { (request) } }
            }
        },
    )
}
