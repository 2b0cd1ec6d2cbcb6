//! Paragraphs, lists, and blocks of code.

use std::fmt::Write;

use crate::domain::text_search::TextSearch;
use crate::web::ui::markdown::inlines::{render_code, render_inlines};

/// Lists in lists: deeper ones stay text.
const MAX_LIST_DEPTH: usize = 4;
/// What begins and ends a block of code, alone on its line.
const FENCE: &str = "```";
const TAB_WIDTH: usize = 4;

pub(super) enum Block<'a> {
    /// Its lines.
    Paragraph(Vec<&'a str>),
    Code(Vec<&'a str>),
    List {
        is_ordered: bool,
        items: Vec<Item<'a>>,
    },
}

pub(super) struct Item<'a> {
    /// The number that was typed, in a numbered list.
    number: Option<u16>,
    blocks: Vec<Block<'a>>,
}

pub(super) fn parse(text: &str) -> Vec<Block<'_>> {
    parse_lines(&text.lines().collect::<Vec<_>>(), 0)
}

fn parse_lines<'a>(lines: &[&'a str], depth: usize) -> Vec<Block<'a>> {
    let mut blocks = Vec::new();
    let mut rest = lines;
    while let Some((line, after)) = rest.split_first() {
        if line.trim().is_empty() {
            rest = after;
        } else if let Some((code, after)) = split_code(rest) {
            blocks.push(Block::Code(code.to_vec()));
            rest = after;
        } else if let Some(marker) = Marker::find(line, depth) {
            let (items, after) = take_items(rest, marker.is_ordered(), depth);
            blocks.push(Block::List { is_ordered: marker.is_ordered(), items });
            rest = after;
        } else {
            let (paragraph, after) = take_paragraph(rest, depth);
            blocks.push(Block::Paragraph(paragraph));
            rest = after;
        }
    }
    blocks
}

/// The lines of a block of code that begins here, and those after it. Without an end it is no code, and no later line can begin one.
fn split_code<'a, 'b>(lines: &'b [&'a str]) -> Option<(&'b [&'a str], &'b [&'a str])> {
    let (first, rest) = lines.split_first()?;
    if first.trim() != FENCE {
        return None;
    }
    let end = rest.iter().position(|line| line.trim() == FENCE)?;
    Some((rest.get(..end)?, rest.get(end + 1..)?))
}

/// The first line, and those up to a blank line or another block.
fn take_paragraph<'a, 'b>(lines: &'b [&'a str], depth: usize) -> (Vec<&'a str>, &'b [&'a str]) {
    let is_end = |line: &&str| line.trim().is_empty() || line.trim() == FENCE || Marker::find(line, depth).is_some();
    let end = lines.iter().skip(1).position(is_end).map_or(lines.len(), |at| at + 1);
    let (paragraph, after) = lines.split_at_checked(end).unwrap_or((lines, &[]));
    (paragraph.iter().map(|line| line.trim()).collect(), after)
}

/// The items of the list that begins with the first line, and the lines after it.
fn take_items<'a, 'b>(lines: &'b [&'a str], is_ordered: bool, depth: usize) -> (Vec<Item<'a>>, &'b [&'a str]) {
    let (mut items, mut rest) = (Vec::new(), lines);
    while let Some((line, after)) = rest.split_first()
        && let Some(marker) = Marker::find(line, depth).filter(|marker| marker.is_ordered() == is_ordered)
    {
        let count = count_item_lines(after, marker.column);
        let (more, after) = after.split_at_checked(count).unwrap_or((after, &[]));
        let first = std::iter::once(marker.content);
        let inside: Vec<&str> = first.chain(more.iter().map(|line| unindent(line, marker.width))).collect();
        items.push(Item { number: marker.number, blocks: parse_lines(&inside, depth + 1) });
        // A blank line between items doesn't end the list.
        let blank = after.iter().take_while(|line| line.trim().is_empty()).count();
        let continues = after.get(blank).and_then(|line| Marker::find(line, depth));
        let is_next = continues.is_some_and(|next| next.is_ordered() == is_ordered && next.column <= marker.column);
        rest = if is_next { after.get(blank..).unwrap_or_default() } else { after };
        if !is_next {
            break;
        }
    }
    (items, rest)
}

/// How many lines belong to an item whose marker is in `column`: those that are indented more, and blank ones between them.
fn count_item_lines(lines: &[&str], column: usize) -> usize {
    let mut count = 0;
    for (at, line) in lines.iter().enumerate() {
        if line.trim().is_empty() {
            continue;
        }
        if indentation(line) <= column {
            break;
        }
        count = at + 1;
    }
    count
}

/// The beginning of an item: `- `, `* `, `+ `, `1. ` or `1) `, before text.
struct Marker<'a> {
    number: Option<u16>,
    /// How far it is indented.
    column: usize,
    /// How far its text is indented.
    width: usize,
    content: &'a str,
}

impl<'a> Marker<'a> {
    fn find(line: &'a str, depth: usize) -> Option<Self> {
        if depth >= MAX_LIST_DEPTH {
            return None;
        }
        let text = line.trim();
        // A number with more digits is more likely a year that begins a sentence.
        let digits = text.bytes().take(4).take_while(u8::is_ascii_digit).count();
        let (number, marks) = match digits {
            0 => (None, "-*+"),
            1..=3 => (text.get(..digits)?.parse().ok(), ".)"),
            _ => return None,
        };
        let content = text.get(digits..)?.strip_prefix(|c| marks.contains(c))?;
        let is_marker = content.starts_with([' ', '\t']);
        let column = indentation(line);
        is_marker.then(|| Self { number, column, width: column + digits + 2, content: content.trim_start() })
    }

    fn is_ordered(&self) -> bool {
        self.number.is_some()
    }
}

fn indentation(line: &str) -> usize {
    let blanks = line.chars().take_while(|c| c.is_whitespace());
    blanks.map(|c| if c == '\t' { TAB_WIDTH } else { 1 }).sum()
}

/// The line without up to `width` columns of blanks.
fn unindent(line: &str, width: usize) -> &str {
    let mut left = width;
    line.trim_start_matches(|c: char| {
        let columns = if c == '\t' { TAB_WIDTH } else { 1 };
        let is_cut = left > 0 && c.is_whitespace();
        left = left.saturating_sub(columns);
        is_cut
    })
}

pub(super) fn render(blocks: &[Block<'_>], search: Option<&TextSearch>, html: &mut String) {
    for block in blocks {
        match block {
            Block::Paragraph(lines) => {
                html.push_str("<p dir=\"auto\">");
                render_inlines(&lines.join("\n"), search, html);
                html.push_str("</p>");
            }
            Block::Code(lines) => {
                html.push_str("<pre>");
                render_code(&lines.join("\n"), search, html);
                html.push_str("</pre>");
            }
            Block::List { is_ordered: false, items } => {
                html.push_str("<ul>");
                for item in items {
                    render_item(item, None, search, html);
                }
                html.push_str("</ul>");
            }
            Block::List { is_ordered: true, items } => {
                html.push_str("<ol>");
                let mut next = 1;
                for item in items {
                    let number = item.number.unwrap_or(next);
                    render_item(item, (number != next).then_some(number), search, html);
                    next = number + 1;
                }
                html.push_str("</ol>");
            }
        }
    }
}

/// `number` is given where it isn't the one that follows.
fn render_item(item: &Item<'_>, number: Option<u16>, search: Option<&TextSearch>, html: &mut String) {
    match number {
        Some(number) => drop(write!(html, "<li value=\"{number}\" dir=\"auto\">")),
        None => html.push_str("<li dir=\"auto\">"),
    }
    match item.blocks.as_slice() {
        // Most items are one paragraph, which needs no tags.
        [Block::Paragraph(lines), rest @ ..] => {
            render_inlines(&lines.join("\n"), search, html);
            render(rest, search, html);
        }
        blocks => render(blocks, search, html),
    }
    html.push_str("</li>");
}
