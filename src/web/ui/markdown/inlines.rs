//! Emphasis, code and links inside a paragraph, read in one pass from the beginning to the end.
//!
//! What may begin an element is kept on a stack of limited depth until its end is found; otherwise it stays text. So the time is
//! proportional to the length of any text.

use std::collections::BTreeMap;

use maud::Render;
use url::Url;

use crate::domain::text;
use crate::domain::text_search::TextSearch;

/// How many elements may be open at once. The outermost of more stays text.
const MAX_OPEN: usize = 12;
/// Longer addresses are no links.
const MAX_ADDRESS_LEN: usize = 1_000;
/// A link that a user wrote vouches for nothing, and its target learns nothing of the page.
const LINK_RELATION: &str = "noopener nofollow ugc";

enum Piece<'a> {
    Text(&'a str),
    Code(&'a str),
    /// A tag that emphasizes, such as `em`.
    Open(&'static str),
    Close(&'static str),
    /// A link with other text than its address.
    OpenLink(&'a str),
    CloseLink,
    /// An address that was typed as it is.
    Address(&'a str),
}

/// What may begin an element.
struct Opener {
    /// Where its text is among the pieces.
    piece: usize,
    kind: OpenerKind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum OpenerKind {
    /// One or two `*` or `_`.
    Emphasis(char, usize),
    /// `[`, and where the text of the link begins.
    Link(usize),
}

pub(super) fn render_inlines(text: &str, search: Option<&TextSearch>, html: &mut String) {
    let mut output = Output { text: String::new(), search, html };
    for piece in Parser::new(text).parse() {
        match piece {
            Piece::Text(text) => output.text.push_str(text),
            Piece::Code(text) => output.element("code", text),
            Piece::Open(tag) => output.tag(&["<", tag, ">"]),
            Piece::Close(tag) => output.tag(&["</", tag, ">"]),
            Piece::OpenLink(address) => output.open_link(address),
            Piece::CloseLink => output.tag(&["</a>"]),
            Piece::Address(address) => {
                output.open_link(address);
                output.text.push_str(address);
                output.tag(&["</a>"]);
            }
        }
    }
    output.flush();
}

/// A block of code.
pub(super) fn render_code(text: &str, search: Option<&TextSearch>, html: &mut String) {
    Output { text: String::new(), search, html }.element("code", text);
}

/// Writes HTML. Text is collected until a tag comes, so that a word of the search is found in all of it.
struct Output<'a> {
    text: String,
    search: Option<&'a TextSearch>,
    html: &'a mut String,
}

impl Output<'_> {
    fn tag(&mut self, parts: &[&str]) {
        self.flush();
        self.html.extend(parts.iter().copied());
    }

    fn open_link(&mut self, address: &str) {
        self.tag(&["<a href=\""]);
        address.render_to(self.html);
        self.tag(&["\" rel=\"", LINK_RELATION, "\">"]);
    }

    fn element(&mut self, tag: &str, text: &str) {
        self.tag(&["<", tag, ">"]);
        self.text.push_str(text);
        self.flush_as(str::render_to);
        self.tag(&["</", tag, ">"]);
    }

    fn flush(&mut self) {
        self.flush_as(render_lines);
    }

    /// Writes the collected text, in which words of the search are marked.
    fn flush_as(&mut self, write: fn(&str, &mut String)) {
        let text = std::mem::take(&mut self.text);
        let mut at = 0;
        for found in self.search.map(|search| search.find_in(&text)).unwrap_or_default() {
            write(text.get(at..found.start).unwrap_or_default(), self.html);
            self.html.push_str("<mark>");
            write(text.get(found.clone()).unwrap_or_default(), self.html);
            self.html.push_str("</mark>");
            at = found.end;
        }
        write(text.get(at..).unwrap_or_default(), self.html);
    }
}

fn render_lines(text: &str, html: &mut String) {
    for (number, line) in text.split('\n').enumerate() {
        if number > 0 {
            html.push_str("<br>");
        }
        line.render_to(html);
    }
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    pieces: Vec<Piece<'a>>,
    openers: Vec<Opener>,
    /// The last run of backticks of each length.
    last_backticks: BTreeMap<usize, usize>,
}

impl<'a> Parser<'a> {
    fn new(text: &'a str) -> Self {
        let runs = backtick_runs(text, 0).map(|(at, length)| (length, at));
        Self { text, at: 0, pieces: Vec::new(), openers: Vec::new(), last_backticks: runs.collect() }
    }

    fn parse(mut self) -> Vec<Piece<'a>> {
        while let Some(c) = self.rest().chars().next() {
            match c {
                '\\' => self.read_escape(),
                '`' => self.read_code(),
                '*' | '_' => self.read_emphasis(c),
                '[' => self.read_opening_bracket(),
                ']' => self.read_closing_bracket(),
                'h' | 'H' => self.read_address(),
                _ => self.read_text(),
            }
        }
        self.pieces
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn before(&self) -> Option<char> {
        self.text.get(..self.at)?.chars().next_back()
    }

    /// Moves on by `length` bytes, and returns them.
    fn take(&mut self, length: usize) -> &'a str {
        let (taken, _) = self.rest().split_at_checked(length).unwrap_or((self.rest(), ""));
        self.at += taken.len();
        taken
    }

    fn push_text(&mut self, length: usize) {
        let text = self.take(length);
        self.pieces.push(Piece::Text(text));
    }

    /// Text up to what may be something else. Words that begin with an h end it, too.
    fn read_text(&mut self) {
        let end = self
            .rest()
            .char_indices()
            .skip(1)
            .find(|(_, c)| matches!(c, '\\' | '`' | '*' | '_' | '[' | ']' | 'h' | 'H'));
        self.push_text(end.map_or(self.rest().len(), |(at, _)| at));
    }

    fn read_escape(&mut self) {
        if self.rest().chars().nth(1).is_some_and(|c| c.is_ascii_punctuation()) {
            self.take(1);
        }
        self.push_text(1);
    }

    /// A run of backticks, text, and a run of the same length.
    fn read_code(&mut self) {
        let length = run_length(self.rest(), '`');
        let (start, last) = (self.at + length, self.last_backticks.get(&length).copied());
        if last.is_none_or(|last| last < start) {
            return self.push_text(length);
        }
        let Some((end, _)) = backtick_runs(self.text, start).find(|(_, other)| *other == length) else {
            return self.push_text(length);
        };
        let code = self.text.get(start..end).unwrap_or_default();
        // Spaces keep backticks inside apart from those around.
        let inside =
            code.strip_prefix(' ').and_then(|code| code.strip_suffix(' ')).filter(|code| !code.trim().is_empty());
        self.pieces.push(Piece::Code(inside.unwrap_or(code)));
        self.at = end + length;
    }

    /// `*` and `_` around words emphasize them; twice, strongly.
    fn read_emphasis(&mut self, mark: char) {
        let length = run_length(self.rest(), mark);
        let (before, after) = (self.before(), self.rest().chars().nth(length));
        // In `snake_case` and `2*3*4` it means something else.
        let in_words = mark == '*' && length > 1;
        let is_blank = |c: Option<char>| c.is_none_or(char::is_whitespace);
        let is_word = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
        let can_open = length <= 3 && !is_blank(after) && (in_words || !is_word(before));
        let can_close = length <= 3 && !is_blank(before) && (in_words || !is_word(after));
        let mut left = length;
        while can_close
            && left > 0
            && let Some(closed) = self.close_emphasis(mark, left)
        {
            left -= closed;
            self.take(closed);
        }
        while can_open && left > 0 {
            let marks = left.min(2);
            self.push_opener(OpenerKind::Emphasis(mark, marks), marks);
            left -= marks;
        }
        if left > 0 {
            self.push_text(left);
        }
    }

    /// Ends the innermost emphasis that `marks` can end, and returns how many of them that takes. What was opened inside stays text.
    fn close_emphasis(&mut self, mark: char, marks: usize) -> Option<usize> {
        let length = |opener: &Opener| match opener.kind {
            OpenerKind::Emphasis(other, length) if other == mark && (length == marks || marks > 2) => Some(length),
            _ => None,
        };
        let (at, length) = self.openers.iter().enumerate().rev().find_map(|(at, open)| Some((at, length(open)?)))?;
        let tag = if length == 2 { "strong" } else { "em" };
        self.open_at(at, Piece::Open(tag));
        self.pieces.push(Piece::Close(tag));
        Some(length)
    }

    /// Makes an opener the beginning of an element, and drops those inside.
    fn open_at(&mut self, opener: usize, begin: Piece<'a>) {
        let piece = self.openers.get(opener).and_then(|opener| self.pieces.get_mut(opener.piece));
        if let Some(piece) = piece {
            *piece = begin;
        }
        self.openers.truncate(opener);
    }

    fn push_opener(&mut self, kind: OpenerKind, length: usize) {
        if self.openers.len() == MAX_OPEN {
            self.openers.remove(0);
        }
        self.openers.push(Opener { piece: self.pieces.len(), kind });
        self.push_text(length);
    }

    fn read_opening_bracket(&mut self) {
        self.push_opener(OpenerKind::Link(self.at + 1), 1);
    }

    /// `](address)` after a bracket makes a link of what is between the brackets.
    fn read_closing_bracket(&mut self) {
        let opener = self.openers.iter().enumerate().rev().find_map(|(at, opener)| match opener.kind {
            OpenerKind::Link(start) => Some((at, start)),
            OpenerKind::Emphasis(..) => None,
        });
        let Some((at, start)) = opener else { return self.push_text(1) };
        let is_visible = !self.text.get(start..self.at).unwrap_or_default().chars().all(text::is_invisible);
        let Some(address) = find_target(self.rest()).filter(|_| is_visible) else {
            self.openers.remove(at);
            return self.push_text(1);
        };
        // A link contains no other link.
        let inside = self.openers.get(at).map_or(0, |opener| opener.piece);
        for piece in self.pieces.iter_mut().skip(inside) {
            if let Piece::Address(address) = piece {
                *piece = Piece::Text(address);
            }
        }
        self.open_at(at, Piece::OpenLink(address));
        self.openers.retain(|opener| !matches!(opener.kind, OpenerKind::Link(_)));
        self.pieces.push(Piece::CloseLink);
        self.take("](".len() + address.len() + ")".len());
    }

    /// An address of the web, without the punctuation of the sentence around it.
    fn read_address(&mut self) {
        if self.before().is_some_and(char::is_alphanumeric) || !has_web_scheme(self.rest()) {
            return self.read_text();
        }
        let is_end = |c: char| c.is_whitespace() || matches!(c, '<' | '>' | '"' | '`' | '[' | ']');
        let length = self.rest().find(is_end).unwrap_or(self.rest().len());
        let token = self.rest().get(..length).unwrap_or_default();
        let address = trim_sentence(token);
        if !is_web_address(address) {
            return self.push_text(length);
        }
        let address = self.take(address.len());
        self.pieces.push(Piece::Address(address));
    }
}

/// The runs of backticks from a position on: where each begins, and its length.
fn backtick_runs(text: &str, from: usize) -> impl Iterator<Item = (usize, usize)> {
    let mut at = from;
    std::iter::from_fn(move || {
        let start = at + text.get(at..)?.find('`')?;
        let length = run_length(text.get(start..)?, '`');
        at = start + length;
        Some((start, length))
    })
}

/// How often a text begins with an ASCII character.
fn run_length(text: &str, mark: char) -> usize {
    text.chars().take_while(|c| *c == mark).count()
}

/// The address in `](address)`. Parentheses in it are in pairs.
fn find_target(text: &str) -> Option<&str> {
    let target = text.strip_prefix("](")?;
    let mut depth = 0_usize;
    for (at, c) in target.char_indices().take_while(|(at, _)| *at <= MAX_ADDRESS_LEN) {
        match c {
            '(' => depth += 1,
            ')' if depth == 0 => return target.get(..at).filter(|address| is_web_address(address)),
            ')' => depth -= 1,
            _ if c.is_whitespace() => return None,
            _ => {}
        }
    }
    None
}

/// Cuts off what ends a sentence, or closes a parenthesis or an emphasis around an address.
fn trim_sentence(token: &str) -> &str {
    let count = |mark: char| token.chars().filter(|c| *c == mark).count();
    let mut surplus = count(')').saturating_sub(count('('));
    token.trim_end_matches(|c: char| {
        let is_surplus = c == ')' && surplus > 0;
        surplus -= usize::from(is_surplus);
        is_surplus || matches!(c, '.' | ',' | ';' | ':' | '!' | '?' | '\'' | '*' | '_' | '…' | '”' | '’')
    })
}

fn has_web_scheme(text: &str) -> bool {
    let begins = |scheme: &str| text.get(..scheme.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(scheme));
    begins("http://") || begins("https://")
}

/// SECURITY: no other scheme runs scripts or opens programs, and no name before the host passes for another host.
fn is_web_address(text: &str) -> bool {
    let is_honest = |url: Url| url.has_host() && url.username().is_empty() && url.password().is_none();
    text.len() <= MAX_ADDRESS_LEN && has_web_scheme(text) && Url::parse(text).is_ok_and(is_honest)
}
