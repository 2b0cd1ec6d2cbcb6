//! The operator's handbook: the index, and a page for each topic.

use maud::{Markup, PreEscaped, html};

use crate::web::admin::view::{AdminPage, page};
use crate::web::ui::layout::Frame;

/// A topic as the build script rendered it: HTML that begins with the title as its heading.
#[derive(Debug)]
pub struct HandbookPage {
    pub topic: &'static str,
    pub title: &'static str,
    pub html: &'static str,
}

pub fn index(frame: &Frame<'_>, handbook: &HandbookPage) -> Markup {
    page(frame, AdminPage::Handbook, handbook.title, &html! { div.handbook { (PreEscaped(handbook.html)) } })
}

pub fn topic(frame: &Frame<'_>, handbook: &HandbookPage) -> Markup {
    let main = html! {
        div.handbook {
            (PreEscaped(handbook.html))
            p { a.more href="/admin/handbook" { "All topics" } }
        }
    };
    page(frame, AdminPage::Handbook, handbook.title, &main)
}
