//! The fields for a habit's look: a color out of twelve, or none, and an emoji, or none.
//!
//! Colors are radio buttons. Suggestions for the emoji are buttons that fill in the text field; they need JavaScript and are shown
//! only with it, but any emoji can be typed.

use maud::{Markup, html};

use crate::domain::{FieldError, HabitColor};
use crate::web::assets::embedded::address;
use crate::web::ui::form::{description_ids, field_notes, find_error, has_first_error};

/// Emoji that are offered, each with its name.
pub const SUGGESTED_EMOJI: [(&str, &str); 12] = [
    ("💪", "Strength"),
    ("🏃", "Running"),
    ("🧘", "Yoga"),
    ("💧", "Water"),
    ("🥗", "Salad"),
    ("😴", "Sleep"),
    ("📖", "Book"),
    ("✍️", "Writing"),
    ("🎵", "Music"),
    ("🧹", "Broom"),
    ("🌱", "Plant"),
    ("💊", "Medicine"),
];

/// What the fields contain, as it was typed.
#[derive(Debug, Clone, Copy)]
pub struct Appearance<'a> {
    pub color: &'a str,
    pub emoji: &'a str,
}

/// The two fields. Ids begin with `prefix`, as in [`field`](crate::web::ui::form::field).
pub fn appearance_fields(prefix: &str, appearance: Appearance<'_>, errors: &[FieldError]) -> Markup {
    html! {
        (color_field(prefix, appearance.color, errors))
        (emoji_field(prefix, appearance.emoji, errors))
        script type="module" src=(address("emoji-suggestions.js")) {}
    }
}

fn color_field(prefix: &str, chosen: &str, errors: &[FieldError]) -> Markup {
    let error = find_error("color", errors);
    let is_known = HabitColor::ALL.iter().any(|color| color.as_str() == chosen);
    html! {
        fieldset.field aria-describedby=[description_ids(prefix, "color", false, error.is_some())] {
            legend { "Color" }
            div.swatches {
                (swatch(None, "None", !is_known))
                @for color in HabitColor::ALL.map(HabitColor::as_str) { (swatch(Some(color), color, color == chosen)) }
            }
            (field_notes(prefix, "color", None, error))
        }
    }
}

fn swatch(color: Option<&str>, name: &str, is_chosen: bool) -> Markup {
    html! {
        label.swatch data-color=[color] {
            // The name beside it is invisible most of the time.
            input type="radio" name="color" aria-label=(name) value=(color.unwrap_or_default()) checked[is_chosen];
            span.swatch-name { (name) }
        }
    }
}

fn emoji_field(prefix: &str, typed: &str, errors: &[FieldError]) -> Markup {
    let error = find_error("emoji", errors);
    html! {
        div.field {
            label for={ (prefix) "emoji" } { "Emoji" }
            div.emoji-choice {
                input.emoji-input id={ (prefix) "emoji" } name="emoji" type="text" value=[(!typed.is_empty()).then_some(typed)]
                    autocomplete="off" autocapitalize="none" spellcheck="false"
                    aria-describedby=[description_ids(prefix, "emoji", true, error.is_some())]
                    aria-invalid=[error.map(|_| "true")] autofocus[has_first_error("emoji", errors)];
                div.emoji-suggestions role="group" aria-label="Suggested emoji" {
                    @for (emoji, name) in SUGGESTED_EMOJI {
                        button.emoji-suggestion type="button" data-emoji=(emoji) aria-label=(name) title=(name) { (emoji) }
                    }
                }
            }
            (field_notes(prefix, "emoji", Some("One emoji, shown in front of the title."), error))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Emoji;

    #[test]
    fn every_suggestion_is_accepted_as_it_is() {
        for (emoji, name) in SUGGESTED_EMOJI {
            assert_eq!(Emoji::parse(emoji).unwrap().unwrap().as_str(), emoji, "{name}");
        }
    }

    /// Scripts written for the predecessor find buttons by parts of their names.
    #[test]
    fn the_name_of_no_suggestion_contains_the_name_of_another_button() {
        let names = ["mon", "tue", "wed", "thu", "fri", "sat", "sun", "edit", "up", "down", "delete", "habit"];
        for (_, suggestion) in SUGGESTED_EMOJI {
            let suggestion = suggestion.to_lowercase();
            assert!(names.iter().all(|name| !suggestion.contains(name)), "{suggestion}");
        }
    }

    #[test]
    fn the_chosen_color_is_checked_and_an_unknown_one_leaves_none() {
        let page = |color| appearance_fields("", Appearance { color, emoji: "" }, &[]).into_string();
        assert!(page("teal").contains(r#"value="teal" checked"#));
        assert!(page("").contains(r#"value="" checked"#));
        assert!(page("ultraviolet").contains(r#"value="" checked"#));
        assert_eq!(page("teal").matches("checked").count(), 1);
    }

    #[test]
    fn an_error_keeps_what_was_typed() {
        let errors = [FieldError::new("emoji", "Enter a single emoji.")];
        let page = appearance_fields("edit-", Appearance { color: "", emoji: "ab" }, &errors).into_string();
        assert!(page.contains(r#"value="ab""#) && page.contains("autofocus") && page.contains("Enter a single emoji."));
        assert!(
            page.contains(r#"id="edit-emoji""#)
                && page.contains(r#"aria-describedby="edit-emoji-fault edit-emoji-hint""#)
        );
    }
}
