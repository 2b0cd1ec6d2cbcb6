//! The header line of a page.

use maud::{Markup, Render, html};

/// The heading, and at the end of its line what belongs to the whole page, such as a date or a button. Focus goes to the heading
/// after a move to the page and after a form without an object of its own.
pub fn page_head(heading: impl Render, end: &Markup) -> Markup {
    html! {
        header.page-head {
            h1 #page-title tabindex="-1" dir="auto" { (heading) }
            (end)
        }
    }
}
