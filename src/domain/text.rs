//! Text entered by users: trimmed, normalized, and without characters that disguise it.
//!
//! Direction marks that keyboards and apps add around pasted text are removed; marks that reorder what follows are refused.

use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

use crate::domain::FieldError;

/// Parses one line: trims `raw`, removes direction marks, normalizes it to NFC, and requires `min..=max` code points and visible text.
///
/// # Errors
/// A [`FieldError`] of `field` that says what to change. `label` completes "Enter …", e.g. "a title".
pub fn parse_line(field: &'static str, label: &str, raw: &str, min: usize, max: usize) -> Result<String, FieldError> {
    let raw = raw.trim();
    if is_plain(raw) && !raw.is_empty() {
        return check_length(field, raw.to_owned(), min, max);
    }
    let text = to_nfc(&strip_direction_marks(raw));
    if text.chars().all(is_invisible) {
        return Err(FieldError::new(field, format!("Enter {label}.")));
    }
    if text.chars().any(|c| c.is_control() || is_directional(c) || matches!(c, '\u{2028}' | '\u{2029}')) {
        return Err(FieldError::new(field, "Your text has characters we can't display. Remove them and try again."));
    }
    check_length(field, text, min, max)
}

/// Parses text of several lines, which may be empty; otherwise like [`parse_line`].
///
/// # Errors
/// A [`FieldError`] of `field`.
pub fn parse_paragraph(field: &'static str, raw: &str, max: usize) -> Result<String, FieldError> {
    let raw = raw.trim();
    if is_plain(raw) {
        return check_length(field, raw.to_owned(), 0, max);
    }
    let text = to_nfc(&strip_direction_marks(&raw.replace("\r\n", "\n")));
    if text.chars().any(|c| (c.is_control() && c != '\n' && c != '\t') || is_directional(c)) {
        return Err(FieldError::new(field, "Your text has characters we can't display. Remove them and try again."));
    }
    if text.chars().all(is_invisible) {
        return Ok(String::new());
    }
    check_length(field, text, 0, max)
}

/// Whether nothing of the text can be seen.
pub(in crate::domain) fn is_blank(text: &str) -> bool {
    text.chars().all(|c| c.is_control() || is_invisible(c))
}

/// Whether both texts are the same in lower case.
pub(in crate::domain) fn is_same_ignoring_case(one: &str, other: &str) -> bool {
    one == other || lower_case(one).eq(lower_case(other))
}

/// The characters of the text in lower case.
pub(in crate::domain) fn lower_case(text: &str) -> impl Iterator<Item = char> {
    text.chars().flat_map(char::to_lowercase)
}

/// Whether the text is printable ASCII, all of which is allowed. Most text is, and every text is checked again whenever it is
/// read from disk.
fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b' '..=b'~'))
}

/// The text normalized to NFC. Nearly all text is normalized already, and text from disk always is.
fn to_nfc(text: &str) -> String {
    if text.is_ascii() || is_nfc_quick(text.chars()) == IsNormalized::Yes {
        text.to_owned()
    } else {
        text.nfc().collect()
    }
}

fn check_length(field: &'static str, text: String, min: usize, max: usize) -> Result<String, FieldError> {
    let length = text.chars().count();
    if length < min {
        return Err(FieldError::new(field, format!("Use at least {min} characters.")));
    }
    if length > max {
        return Err(FieldError::new(field, format!("Use no more than {max} characters; you entered {length}.")));
    }
    Ok(text)
}

/// Removes direction marks, and replaces each run of blanks with one space. A line break isn't a blank.
pub fn collapse_blanks(text: &str) -> String {
    let mut collapsed = String::with_capacity(text.len());
    for c in strip_direction_marks(text).chars() {
        let is_blank = c.is_whitespace() && !c.is_control() && !matches!(c, '\u{2028}' | '\u{2029}');
        if !is_blank {
            collapsed.push(c);
        } else if !collapsed.ends_with(' ') {
            collapsed.push(' ');
        }
    }
    collapsed
}

/// The ASCII form of a full-width character, as East Asian keyboards type them.
pub fn fold_width(c: char) -> char {
    match c {
        '\u{FF01}'..='\u{FF5E}' => char::from_u32(u32::from(c) - 0xFEE0).unwrap_or(c),
        '\u{3000}' => ' ',
        _ => c,
    }
}

/// Removes the marks that only show a direction, wherever they are, and at both ends those that begin or end a section with
/// one: apps add them around names and numbers.
fn strip_direction_marks(text: &str) -> String {
    let text = text.trim_matches(|c: char| is_directional(c) || c.is_whitespace());
    text.chars().filter(|c| !matches!(c, '\u{061C}' | '\u{200E}' | '\u{200F}')).collect()
}

/// White space, direction marks, zero-width characters and fillers.
pub fn is_invisible(c: char) -> bool {
    c.is_whitespace()
        || is_directional(c)
        || matches!(c, '\u{00AD}' | '\u{034F}' | '\u{115F}' | '\u{1160}' | '\u{180E}' | '\u{200B}'..='\u{200F}' | '\u{2060}'..='\u{2064}' | '\u{2800}' | '\u{3164}' | '\u{FE00}'..='\u{FE0F}' | '\u{17B4}' | '\u{17B5}' | '\u{180B}'..='\u{180F}' | '\u{FFF9}'..='\u{FFFB}' | '\u{1D173}'..='\u{1D17A}' | '\u{E0000}'..='\u{E0FFF}' | '\u{FEFF}' | '\u{FFA0}')
}

/// SECURITY: marks that reorder the following text make it look like a different one.
pub(super) fn is_directional(c: char) -> bool {
    matches!(c, '\u{061C}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_trimmed_normalized_and_counted_in_code_points() {
        assert_eq!(parse_line("t", "a title", "  Cafe\u{301} ", 1, 4).unwrap(), "Café");
        assert!(parse_line("t", "a title", "five!", 1, 4).is_err());
        assert!(parse_line("t", "a title", "👨‍👩‍👧 together", 1, 40).is_ok());
    }

    #[test]
    fn direction_marks_that_apps_add_are_removed() {
        for pasted in ["\u{2068}Ada\u{2069}", "\u{202A}Ada\u{202C} ", "A\u{200E}d\u{200F}a", " \u{200E} Ada\u{061C}"] {
            assert_eq!(parse_line("t", "a title", pasted, 1, 9).unwrap(), "Ada", "{pasted:?}");
            assert_eq!(parse_paragraph("t", pasted, 9).unwrap(), "Ada", "{pasted:?}");
        }
    }

    #[test]
    fn a_run_of_blanks_is_one_space() {
        assert_eq!(collapse_blanks("Ada\u{a0} \u{3000}Lovelace"), "Ada Lovelace");
        assert_eq!(collapse_blanks("a\nb\u{2028}c\td"), "a\nb\u{2028}c\td", "refused later");
    }

    #[test]
    fn invisible_text_is_empty() {
        for blank in ["", "   ", "\u{E0041}", "\u{17B4}", "\u{200B}\u{200D}", "\u{3164}", "\u{FEFF} "] {
            assert!(parse_line("t", "a title", blank, 1, 9).unwrap_err().message.contains("Enter a title"));
        }
    }

    #[test]
    fn control_and_reordering_characters_are_rejected() {
        for bad in ["a\u{202E}b", "a\0b", "a\nb", "a\u{2028}b", "a\u{2066}b", "a\u{1b}[2Jb"] {
            assert!(parse_line("t", "a title", bad, 1, 9).is_err(), "{bad:?}");
        }
        assert_eq!(parse_paragraph("t", "a\r\nb", 9).unwrap(), "a\nb");
        assert_eq!(parse_paragraph("t", " \u{200B} ", 9).unwrap(), "");
    }
}
