//! A small part of Markdown for what users write: paragraphs, line breaks, emphasis, code, lists, and links to the web.
//!
//! Everything else stays the text that it is: HTML, headings, quotes, and tables. A parser of all of Markdown would drop text that
//! only looks like markup, such as `[1]: later`, dashes below a sentence, or spaces before a line.
//!
//! SECURITY: tags are written by `blocks` and `inlines` alone, and every character of the text is escaped.

mod blocks;
mod inlines;
#[cfg(test)]
mod tests;

use maud::{Markup, PreEscaped};

use crate::domain::text_search::TextSearch;

/// Renders `text`. Words of `search` are marked.
pub fn render_markdown(text: &str, search: Option<&TextSearch>) -> Markup {
    let mut html = String::with_capacity(text.len() + 64);
    blocks::render(&blocks::parse(text), search, &mut html);
    PreEscaped(html)
}
