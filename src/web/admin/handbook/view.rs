//! The operator's handbook: the index, and a page for each topic.

use maud::{Markup, PreEscaped, html};

use crate::web::admin::view::{AdminPage, page};
use crate::web::ui::layout::Frame;
use crate::web::ui::page_head::page_head;

/// A topic as the build script rendered it: HTML that begins with the title as its heading.
#[derive(Debug)]
pub struct HandbookPage {
    pub topic: &'static str,
    pub title: &'static str,
    pub html: &'static str,
}

pub fn index(frame: &Frame<'_>, handbook: &HandbookPage) -> Markup {
    page(frame, AdminPage::Handbook, handbook.title, &content(handbook, &html! {}))
}

pub fn topic(frame: &Frame<'_>, handbook: &HandbookPage) -> Markup {
    let index = html! { a.more href="/admin/handbook" { "All topics" } };
    page(frame, AdminPage::Handbook, handbook.title, &content(handbook, &index))
}

/// The header line takes the place of the title that the text begins with.
fn content(handbook: &HandbookPage, end: &Markup) -> Markup {
    let text = handbook.html.split_once("</h1>").map_or(handbook.html, |(_, text)| text);
    html! { (page_head(handbook.title, end)) div.handbook { (PreEscaped(text)) } }
}
