//! Error pages, and the page that is served while the data file is migrated.

use maud::{DOCTYPE, Markup, html};

use crate::web::ui::layout::{Frame, NavItem, document};

/// An error page. It shows the request id, which finds the request in the log.
pub fn page(frame: &Frame<'_>, headline: &str, message: &str, request_id: &str) -> Markup {
    document(
        frame,
        headline,
        NavItem::Other,
        &html! {
            div.narrow {
                h1 { (headline) }
                p.lead { (message) }
                p.actions { a.button.plain href="/" { "Go to home page" } }
                p.hint { "Request ID: " code { (request_id) } }
            }
        },
    )
}

/// The message of every response while the data file is migrated.
pub const MAINTENANCE: &str = "Atlas is being updated. Try again in a few seconds.";

/// The maintenance page. It uses no style sheet, because no other address is served during a migration.
pub fn maintenance() -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta http-equiv="refresh" content="5";
                title { "One moment · Atlas" }
            }
            body { main { h1 { "One moment, please" } p { (MAINTENANCE) } } }
        }
    }
}
