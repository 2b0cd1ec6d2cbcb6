//! A habit's emoji: exactly one, in the spelling that Unicode calls fully qualified.
//!
//! Keyboards and apps send the same emoji with and without U+FE0F, which asks for the colorful form. The parser accepts both and
//! writes one spelling, so that an emoji looks the same everywhere and compares equal.

use std::iter::Peekable;
use std::str::Chars;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::domain::FieldError;
use crate::domain::habits::emoji_table::{can_have_skin_tone, is_emoji_by_default, is_emoji_on_request};

/// The longest emoji, with room to spare: a family of four with skin tones has 11 characters.
const MAX_EMOJI_CHARS: usize = 16;

/// The most letters and digits in the tags of a flag, such as `gbeng` for England.
const MAX_TAGS: usize = 6;

const TEXT_STYLE: char = '\u{FE0E}';
const EMOJI_STYLE: char = '\u{FE0F}';
const JOINER: char = '\u{200D}';
const KEYCAP: char = '\u{20E3}';
const BLACK_FLAG: char = '\u{1F3F4}';
const LAST_TAG: char = '\u{E007F}';

/// One emoji. Clones share the text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Emoji(Arc<str>);

impl Emoji {
    /// Parses user input; `None` when it is blank.
    ///
    /// # Errors
    /// A [`FieldError`] of the field `emoji` when the text is not exactly one emoji.
    pub fn parse(raw: &str) -> Result<Option<Self>, FieldError> {
        let raw = raw.trim();
        if raw.is_empty() {
            return Ok(None);
        }
        let emoji = qualify(raw).filter(|emoji| emoji.chars().count() <= MAX_EMOJI_CHARS);
        emoji.map(|emoji| Some(Self(emoji.into()))).ok_or_else(|| FieldError::new("emoji", "Enter a single emoji."))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Emoji {
    type Error = FieldError;
    fn try_from(text: String) -> Result<Self, FieldError> {
        Self::parse(&text)?.ok_or_else(|| FieldError::new("emoji", "empty emoji"))
    }
}

impl From<Emoji> for String {
    fn from(emoji: Emoji) -> Self {
        emoji.0.as_ref().to_owned()
    }
}

/// The fully qualified spelling of a text that is one emoji.
fn qualify(text: &str) -> Option<String> {
    let mut reader = EmojiReader { rest: text.chars().peekable(), emoji: String::new() };
    reader.read_emoji()?;
    reader.rest.next().is_none().then_some(reader.emoji)
}

/// Reads the grammar of UTS #51 (ED-17): a flag, a keycap, or pictographs joined by U+200D.
struct EmojiReader<'a> {
    rest: Peekable<Chars<'a>>,
    emoji: String,
}

impl EmojiReader<'_> {
    fn read_emoji(&mut self) -> Option<()> {
        match self.rest.peek()? {
            '0'..='9' | '#' | '*' => self.read_keycap(),
            '\u{1F1E6}'..='\u{1F1FF}' => self.read_flag(),
            _ => self.read_pictographs(),
        }
    }

    /// A digit, `#` or `*` on a key.
    fn read_keycap(&mut self) -> Option<()> {
        self.take_if(|_| true)?;
        self.skip_style();
        self.emoji.push(EMOJI_STYLE);
        self.take_if(|c| c == KEYCAP)
    }

    /// The two letters of a country.
    fn read_flag(&mut self) -> Option<()> {
        let is_indicator = |c| matches!(c, '\u{1F1E6}'..='\u{1F1FF}');
        self.take_if(is_indicator)?;
        self.take_if(is_indicator)
    }

    fn read_pictographs(&mut self) -> Option<()> {
        self.read_pictograph()?;
        while self.take_if(|c| c == JOINER).is_some() {
            self.read_pictograph()?;
        }
        Some(())
    }

    /// One pictograph with its skin tone, or with the tags that turn a black flag into that of a region.
    fn read_pictograph(&mut self) -> Option<()> {
        let is_pictograph = |c| is_emoji_by_default(c) || is_emoji_on_request(c);
        let first = *self.rest.peek()?;
        self.take_if(is_pictograph)?;
        let has_style = self.skip_style();
        if !has_style && can_have_skin_tone(first) && self.take_if(|c| matches!(c, '\u{1F3FB}'..='\u{1F3FF}')).is_some()
        {
            return Some(());
        }
        if is_emoji_on_request(first) {
            self.emoji.push(EMOJI_STYLE);
        }
        if first == BLACK_FLAG { self.read_tags() } else { Some(()) }
    }

    fn read_tags(&mut self) -> Option<()> {
        let mut tags = 0;
        while self.take_if(|c| matches!(c, '\u{E0030}'..='\u{E0039}' | '\u{E0061}'..='\u{E007A}')).is_some() {
            tags += 1;
        }
        match tags {
            0 => Some(()),
            1..=MAX_TAGS => self.take_if(|c| c == LAST_TAG),
            _ => None,
        }
    }

    /// Moves the next character to the emoji if it fits.
    fn take_if(&mut self, fits: impl Fn(char) -> bool) -> Option<()> {
        self.emoji.push(self.rest.next_if(|c| fits(*c))?);
        Some(())
    }

    /// Skips a character that only chooses between text and emoji.
    fn skip_style(&mut self) -> bool {
        self.rest.next_if(|c| matches!(*c, TEXT_STYLE | EMOJI_STYLE)).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Option<String> {
        Emoji::parse(text).unwrap().map(String::from)
    }

    #[test]
    fn every_kind_of_emoji_is_accepted() {
        for emoji in ["🦀", "📚", "🧘🏽", "👩🏻‍❤️‍💋‍👩🏿", "👨🏻‍👩🏼‍👧🏽‍👦🏾", "🏳️‍🌈", "🏴‍☠️", "🇩🇪", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "7️⃣", "#️⃣", "❤️‍🔥", "🧑🏾‍⚕️", "☀️"]
        {
            assert_eq!(parse(emoji).as_deref(), Some(emoji), "{emoji:?}");
            assert_eq!(parse(&format!(" {emoji}\n")).as_deref(), Some(emoji), "surrounded by blanks");
        }
    }

    #[test]
    fn one_emoji_has_one_spelling() {
        assert_eq!(parse("❤").as_deref(), Some("❤\u{FE0F}"));
        assert_eq!(parse("❤\u{FE0E}").as_deref(), Some("❤\u{FE0F}"));
        assert_eq!(parse("🦀\u{FE0F}").as_deref(), Some("🦀"));
        assert_eq!(parse("7\u{20E3}").as_deref(), Some("7\u{FE0F}\u{20E3}"));
        assert_eq!(parse("🧑\u{200D}⚕").as_deref(), Some("🧑\u{200D}⚕\u{FE0F}"));
    }

    #[test]
    fn blank_text_is_no_emoji() {
        assert_eq!(parse(""), None);
        assert_eq!(parse(" \t\n"), None);
    }

    #[test]
    fn anything_but_a_single_emoji_is_refused() {
        let long = "❤\u{200D}".repeat(7) + "❤";
        for text in [
            "a",
            "7",
            "#",
            "ab",
            ":)",
            "🦀🦀",
            "🦀a",
            "a🦀",
            "🇩",
            "🇩🇪🇩",
            "🏽",
            "🚀🏽",
            "🧘🏽🏽",
            "🦀\u{200D}",
            "\u{200D}🦀",
            "\u{FE0F}",
            "🇩🇪\u{200D}🦀",
            "7\u{FE0F}\u{20E3}\u{200D}🦀",
            "🏴\u{E0067}\u{E0062}",
            "🦀\u{E0067}\u{E007F}",
            "é",
            "漢",
            "\u{202E}🦀",
            "<",
            &long,
        ] {
            let error = Emoji::parse(text).unwrap_err();
            assert_eq!((error.field, error.message.as_str()), ("emoji", "Enter a single emoji."), "{text:?}");
        }
    }
}
