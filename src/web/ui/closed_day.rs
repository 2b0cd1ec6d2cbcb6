//! Why a day cannot be changed, with a link to the setting that decides it.

use maud::{Markup, html};

use crate::domain::Refusal;

/// The message of a refusal as text with a link.
pub fn explain(refusal: &Refusal) -> Markup {
    let message = refusal.to_string();
    html! {
        @match message.strip_suffix("Account.") {
            Some(text) => { (text) a href="/account/preferences#backfill" { "Account" } "." },
            None => (message),
        }
    }
}
