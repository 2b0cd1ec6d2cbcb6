//! Pages for what cannot be answered otherwise.

use maud::{DOCTYPE, Markup, html};

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

/// What people read while the data file is led to another schema.
pub const MAINTENANCE: &str = "Atlas is being updated. It takes a moment; try again in a few seconds.";

/// The page that says so. It stands alone: nothing else is served meanwhile.
pub fn maintenance() -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta http-equiv="refresh" content="5";
                title { "One moment - Atlas" }
            }
            body { main { h1 { "One moment, please" } p { (MAINTENANCE) } } }
        }
    }
}
