//! Text a person typed: trimmed, composed, and free of characters that lie about what is shown.

use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

use super::Fault;

/// Trims and composes (NFC) `raw`, then holds it to `min..=max` code points and to visible characters.
///
/// # Errors
/// A [`Fault`] of `field` that names the limit that was passed. `what` starts the sentence, as in "The title".
pub fn line(field: &'static str, what: &str, raw: &str, min: usize, max: usize) -> Result<String, Fault> {
    let raw = raw.trim();
    if is_plain(raw) && !raw.is_empty() {
        return within(field, what, raw.to_owned(), min, max);
    }
    let text = composed(raw);
    if text.chars().all(is_invisible) {
        return Err(Fault::new(field, format!("{what} cannot be empty.")));
    }
    if text.chars().any(|c| c.is_control() || is_directional(c) || matches!(c, '\u{2028}' | '\u{2029}')) {
        return Err(Fault::new(field, format!("{what} contains characters that cannot be shown.")));
    }
    within(field, what, text, min, max)
}

/// Like [`line()`], for text of several lines; may be empty.
///
/// # Errors
/// A [`Fault`] of `field`, as for [`line()`].
pub fn paragraph(field: &'static str, what: &str, raw: &str, max: usize) -> Result<String, Fault> {
    let raw = raw.trim();
    if is_plain(raw) {
        return within(field, what, raw.to_owned(), 0, max);
    }
    let text = composed(&raw.replace("\r\n", "\n"));
    if text.chars().any(|c| (c.is_control() && c != '\n' && c != '\t') || is_directional(c)) {
        return Err(Fault::new(field, format!("{what} contains characters that cannot be shown.")));
    }
    if text.chars().all(is_invisible) {
        return Ok(String::new());
    }
    within(field, what, text, 0, max)
}

/// Whether there is nothing but printable ASCII, of which every character may stand in a text. Most texts are such, and all are
/// looked at whenever they are read from disk.
fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b' '..=b'~'))
}

/// The text in its composed form (NFC). Nearly all text is composed already, and what is read from disk always is.
fn composed(text: &str) -> String {
    if text.is_ascii() || is_nfc_quick(text.chars()) == IsNormalized::Yes {
        text.to_owned()
    } else {
        text.nfc().collect()
    }
}

fn within(field: &'static str, what: &str, text: String, min: usize, max: usize) -> Result<String, Fault> {
    let length = text.chars().count();
    if length < min {
        return Err(Fault::new(field, format!("{what} needs at least {min} characters.")));
    }
    if length > max {
        return Err(Fault::new(field, format!("{what} can have up to {max} characters; this one has {length}.")));
    }
    Ok(text)
}

/// White space, zero-width characters and fillers: nothing a person could see.
fn is_invisible(c: char) -> bool {
    c.is_whitespace()
        || matches!(c, '\u{00AD}' | '\u{034F}' | '\u{115F}' | '\u{1160}' | '\u{180E}' | '\u{200B}'..='\u{200F}' | '\u{2060}'..='\u{2064}' | '\u{2800}' | '\u{3164}' | '\u{FE00}'..='\u{FE0F}' | '\u{17B4}' | '\u{17B5}' | '\u{180B}'..='\u{180F}' | '\u{FFF9}'..='\u{FFFB}' | '\u{1D173}'..='\u{1D17A}' | '\u{E0000}'..='\u{E0FFF}' | '\u{FEFF}' | '\u{FFA0}')
}

/// SECURITY: marks that reorder what follows make one text look like another.
fn is_directional(c: char) -> bool {
    matches!(c, '\u{061C}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_trimmed_composed_and_counted_in_code_points() {
        assert_eq!(line("t", "It", "  Cafe\u{301} ", 1, 4).unwrap(), "Café");
        assert!(line("t", "It", "five!", 1, 4).is_err());
        assert!(line("t", "It", "👨‍👩‍👧 together", 1, 40).is_ok());
    }

    #[test]
    fn what_cannot_be_seen_counts_as_empty() {
        for blank in ["", "   ", "\u{E0041}", "\u{17B4}", "\u{200B}\u{200D}", "\u{3164}", "\u{FEFF} "] {
            assert!(line("t", "It", blank, 1, 9).unwrap_err().message.contains("empty"));
        }
    }

    #[test]
    fn control_and_reordering_characters_are_refused() {
        for bad in ["a\u{202E}b", "a\0b", "a\nb", "a\u{2028}b", "a\u{2066}b", "a\u{1b}[2Jb"] {
            assert!(line("t", "It", bad, 1, 9).is_err(), "{bad:?}");
        }
        assert_eq!(paragraph("t", "It", "a\r\nb", 9).unwrap(), "a\nb");
        assert_eq!(paragraph("t", "It", " \u{200B} ", 9).unwrap(), "");
    }
}
