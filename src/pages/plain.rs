//! How values of ours are written into a page without a look at every letter.
//!
//! maud escapes what it is given letter by letter, which is right and slow. An id and a day hold no letter that means
//! anything to a browser, and most of what people type holds none either.

use std::fmt::Write;

use maud::Render;

use crate::domain::habit::{Description, Title};
use crate::domain::{AccountId, Day, HabitId};

/// Makes room for that many bytes at once, and writes nothing: a page is not moved again and again while it grows.
pub struct Room(pub usize);

impl Render for Room {
    fn render_to(&self, page: &mut String) {
        page.reserve(self.0);
    }
}

macro_rules! ids {
    ($($kind:ty),*) => {
        $(impl Render for $kind {
            fn render_to(&self, page: &mut String) {
                page.push_str(self.text(&mut [0; 36]));
            }
        })*
    };
}
ids!(AccountId, HabitId);

impl Render for Day {
    fn render_to(&self, page: &mut String) {
        let _ = write!(page, "{self}");
    }
}

macro_rules! typed {
    ($($kind:ty),*) => {
        $(impl Render for $kind {
            fn render_to(&self, page: &mut String) {
                let text = self.as_str();
                if has_marks(text) { text.render_to(page) } else { page.push_str(text) }
            }
        })*
    };
}
typed!(Title, Description);

/// Whether maud would escape anything in it. No early end, so that many letters are looked at in one step.
fn has_marks(text: &str) -> bool {
    text.bytes().fold(false, |found, letter| found | matches!(letter, b'&' | b'<' | b'>' | b'"'))
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use maud::{display, html};
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ids_and_days_are_written_as_they_print() {
        let (day, habit) = (Day::parse("2026-02-12").unwrap(), HabitId::mint(Timestamp::UNIX_EPOCH, [0xab; 10]));
        assert_eq!(
            html! { p id=(habit) { (day) } }.into_string(),
            html! { p id=(display(habit)) { (display(day)) } }.into_string()
        );
    }

    proptest! {
        #[test]
        fn what_is_typed_is_escaped_as_maud_does_it(text in "[a-z&<>\"'é🦀]{1,40}") {
            let title = Title::parse(&text).unwrap();
            prop_assert_eq!(html! { p title=(title) { (title) } }.into_string(), html! { p title=(text) { (text) } }.into_string());
        }
    }
}
