//! The configuration this server runs with.

use maud::{Markup, html};

use super::{Room, page};
use crate::pages::layout::Frame;

/// One setting as it may be shown; no secret is.
#[derive(Debug, Clone, Copy)]
pub struct Setting<'a> {
    /// Its key.
    pub key: &'a str,
    /// What it is for.
    pub about: &'a str,
    /// Its value, when it is set.
    pub value: Option<&'a str>,
    /// Where the value came from.
    pub origin: Option<&'a str>,
}

/// Every setting with its origin.
pub fn all(frame: &Frame<'_>, settings: &[Setting<'_>]) -> Markup {
    let main = html! {
        h1 { "Configuration" }
        p.lead { "What this server was started with. " code { "atlas check" } " prints the same, and what is wrong with it." }
        ul.records {
            @for setting in settings {
                li {
                    code { (setting.key) }
                    strong { (setting.value.unwrap_or("–")) }
                    span.hint { (setting.origin.unwrap_or("not set")) " · " (setting.about) }
                }
            }
        }
    };
    page(frame, Room::Configuration, "Configuration", &main)
}
