//! Writes ids, days, titles and descriptions into a page without escaping them character by character.
//!
//! maud escapes text one character at a time, which is correct but slow. Ids and days contain no character that HTML
//! gives a meaning, and most titles and descriptions contain none either.

use std::fmt::Write;

use maud::Render;

use crate::domain::habits::habit::{Description, Title};
use crate::domain::{AccountId, Day, Emoji, GroupName, HabitId, Tag};

/// Reserves that many bytes and writes nothing, so that a page is not reallocated repeatedly while it grows.
pub struct Reserve(pub usize);

impl Render for Reserve {
    fn render_to(&self, page: &mut String) {
        page.reserve(self.0);
    }
}

macro_rules! render_ids {
    ($($name:ty),*) => {
        $(impl Render for $name {
            fn render_to(&self, page: &mut String) {
                page.push_str(self.encode_into(&mut [0; 36]));
            }
        })*
    };
}
render_ids!(AccountId, HabitId);

impl Render for Day {
    fn render_to(&self, page: &mut String) {
        let _ = write!(page, "{self}");
    }
}

macro_rules! render_text {
    ($($name:ty),*) => {
        $(impl Render for $name {
            fn render_to(&self, page: &mut String) {
                let text = self.as_str();
                if needs_escaping(text) { text.render_to(page) } else { page.push_str(text) }
            }
        })*
    };
}
render_text!(Title, Description, Emoji, Tag, GroupName);

/// Whether maud would escape anything in `text`. The loop has no early exit, so that the compiler can vectorize it.
fn needs_escaping(text: &str) -> bool {
    text.bytes().fold(false, |found, byte| found | matches!(byte, b'&' | b'<' | b'>' | b'"'))
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use maud::{display, html};
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ids_and_days_render_as_they_display() {
        let (day, habit) = (Day::parse("2026-02-12").unwrap(), HabitId::generate(Timestamp::UNIX_EPOCH, [0xab; 10]));
        assert_eq!(
            html! { p id=(habit) { (day) } }.into_string(),
            html! { p id=(display(habit)) { (display(day)) } }.into_string()
        );
    }

    proptest! {
        #[test]
        fn text_is_escaped_like_maud_escapes_it(text in "[a-z&<>\"'é🦀]{1,40}") {
            let title = Title::parse(&text).unwrap();
            prop_assert_eq!(html! { p title=(title) { (title) } }.into_string(), html! { p title=(text) { (text) } }.into_string());
        }
    }
}
