//! Repairs text that was written under other rules, such as in a file of an older version: what [`crate::domain::text`] would
//! reject is removed or shortened.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use crate::domain::text::is_directional;

/// The repaired text, and what was done to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepairedText {
    pub text: String,
    /// Whether characters that cannot be displayed were removed.
    pub was_cleaned: bool,
    pub was_cut: bool,
}

/// Repairs one line. A tab or a line break becomes a space.
pub fn repair_line(raw: &str, max_chars: usize) -> RepairedText {
    let replace = |c: char| if c.is_whitespace() { Some(' ') } else { None };
    repair(raw, max_chars, |c| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}'), replace)
}

/// Repairs text of several lines.
pub fn repair_paragraph(raw: &str, max_chars: usize) -> RepairedText {
    let raw = raw.replace("\r\n", "\n");
    let replace = |c: char| if c == '\r' { Some('\n') } else { None };
    repair(&raw, max_chars, |c| c.is_control() && c != '\n' && c != '\t', replace)
}

/// What editors on Windows put in front of a text in UTF-8.
pub const BYTE_ORDER_MARK: &[u8] = "\u{FEFF}".as_bytes();

/// The text without its byte order mark. Everything that a person hands to Atlas as a file is read through this.
pub fn strip_byte_order_mark(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes)
}

fn repair(
    raw: &str,
    max_chars: usize,
    is_forbidden: impl Fn(char) -> bool,
    replace: impl Fn(char) -> Option<char>,
) -> RepairedText {
    let (mut clean, mut was_cleaned) = (String::with_capacity(raw.len()), false);
    for c in raw.trim().nfc() {
        if is_directional(c) || is_forbidden(c) {
            was_cleaned = true;
            clean.extend(replace(c));
        } else {
            clean.push(c);
        }
    }
    // What was removed may have been in front of white space.
    let clean = clean.trim();
    let cut = cut_at_boundary(clean, max_chars);
    RepairedText { text: cut.trim_end().to_owned(), was_cleaned, was_cut: cut.len() < clean.len() }
}

/// At most `max_chars` code points. Characters that are drawn as one, such as a letter and its accents or a family of emoji,
/// are kept or dropped together, unless the text is nothing else.
fn cut_at_boundary(text: &str, max_chars: usize) -> &str {
    let Some((end, _)) = text.char_indices().nth(max_chars) else { return text };
    let mut ends = text.char_indices().map(|(at, _)| at).filter(|at| *at > 0 && *at <= end);
    let last = ends.rfind(|at| is_boundary(text.get(..*at).unwrap_or(""), text.get(*at..).unwrap_or("")));
    text.get(..last.unwrap_or(end)).unwrap_or(text)
}

/// Whether a reader sees one character end and another begin between the two parts (UAX #29, without the rare scripts).
fn is_boundary(before: &str, after: &str) -> bool {
    const JOINER: char = '\u{200D}';
    let (Some(last), Some(next)) = (before.chars().next_back(), after.chars().next()) else { return true };
    let flags = before.chars().rev().take_while(|c| is_regional_indicator(*c)).count();
    let is_half_flag = flags % 2 == 1 && is_regional_indicator(next);
    !(last == JOINER || next == JOINER || extends(next) || is_half_flag)
}

/// Marks that are drawn on the character before them: accents, variants, skin tones, tags, vowels and finals of Hangul.
fn extends(c: char) -> bool {
    is_combining_mark(c)
        || matches!(c, '\u{FE00}'..='\u{FE0F}' | '\u{1F3FB}'..='\u{1F3FF}' | '\u{E0020}'..='\u{E007F}' | '\u{1160}'..='\u{11FF}')
}

fn is_regional_indicator(c: char) -> bool {
    matches!(c, '\u{1F1E6}'..='\u{1F1FF}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::{Description, Title};

    #[test]
    fn tabs_become_spaces_and_invisible_marks_are_removed() {
        let cleaned = |text: &str| RepairedText { text: text.to_owned(), was_cleaned: true, was_cut: false };
        assert_eq!(repair_line("Read\ta\u{202E} book\u{0} ", 120), cleaned("Read a book"));
        assert_eq!(repair_line("\u{200E} Read", 120), cleaned("Read"));
        assert_eq!(repair_paragraph("one\rtwo\u{7}", 120), cleaned("one\ntwo"));
        let untouched = RepairedText { text: "a\tb\nc".to_owned(), was_cleaned: false, was_cut: false };
        assert_eq!(repair_paragraph(" a\tb\r\nc", 120), untouched);
    }

    #[test]
    fn text_is_cut_between_characters_that_a_reader_sees() {
        for (text, max, expected) in [
            ("abcdef", 4, "abcd"),
            ("abc def", 4, "abc"),
            ("ab👨‍👩‍👧 together", 4, "ab"),
            ("ab👨‍👩‍👧 together", 7, "ab👨‍👩‍👧"),
            ("a👍🏽b", 2, "a"),
            ("🇵🇹🇫🇷", 3, "🇵🇹"),
            ("ax\u{323}\u{31b}", 2, "a"),
            ("\u{1112}\u{1161}", 4, "하"),
        ] {
            assert_eq!(repair_line(text, max).text, expected, "{text} to {max}");
        }
        let stacked = format!("a{}", "\u{323}".repeat(200));
        assert_eq!(repair_line(&stacked, 120).text.chars().count(), 120, "nothing else is left");
    }

    #[test]
    fn the_byte_order_mark_of_an_editor_is_dropped() {
        assert_eq!(strip_byte_order_mark(b"\xEF\xBB\xBF{}"), b"{}");
        assert_eq!(strip_byte_order_mark(b"{}"), b"{}");
    }

    proptest! {
        #[test]
        fn repaired_text_with_something_to_see_is_accepted(text in "\\PC{0,200}|[\\x00-\\x{2100}]{0,200}") {
            let line = repair_line(&text, 120).text;
            if let Err(error) = Title::parse(&line) {
                prop_assert_eq!(error.message, "Enter a title.");
            }
            prop_assert!(Description::parse(&repair_paragraph(&text, 2_000).text).is_ok());
        }
    }
}
