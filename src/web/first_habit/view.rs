//! The page on which a new user picks a first habit: each preset is one tap.

use maud::{Markup, html};

use crate::domain::habits::preset::{Preset, PresetGroup};
use crate::domain::{FieldError, Weekdays};
use crate::web::ui::form::{Field, alert, field};
use crate::web::ui::layout::{Frame, NavItem, document};
use crate::web::ui::page_head::page_head;

/// The address of the page.
pub const ADDRESS: &str = "/first-habit";

/// The field that names the preset.
pub const PRESET_FIELD: &str = "preset";

/// The page. `title` and `errors` are those of a habit that is not a preset.
pub fn page(frame: &Frame<'_>, title: &str, errors: &[FieldError], busy: Option<&str>) -> Markup {
    document(
        frame,
        "Pick your first habit",
        NavItem::Other,
        &html! {
            div.first-habit {
                (page_head("Pick your first habit", &html! { a.skip-step href="/today" { "Skip for now" } }))
                p.lead { "Start with one small thing. You can change its days later." }
                @if let Some(message) = busy { (alert(message)) }
                form.ideas method="post" action=(ADDRESS) {
                    @for group in PresetGroup::ALL {
                        section {
                            h2 { (group.name()) }
                            ul { @for preset in group.presets() { li { (idea(preset)) } } }
                        }
                    }
                }
                details.own-idea open[!errors.is_empty()] {
                    summary { "Something else" }
                    form.stack method="post" action=(ADDRESS) novalidate {
                        (field("", &Field { value: title, ..TITLE }, errors))
                        button.button type="submit" { "Create habit" }
                    }
                }
            }
        },
    )
}

const TITLE: Field<'static> = Field {
    name: "title",
    label: "Title",
    input_type: "text",
    value: "",
    autocomplete: "off",
    hint: Some("For every day. You can choose its days later."),
};

fn idea(preset: &Preset) -> Markup {
    html! {
        button.idea type="submit" name=(PRESET_FIELD) value=(preset.key) data-color=(preset.color.as_str()) {
            span.idea-mark aria-hidden="true" { (preset.emoji) }
            span.idea-text {
                (preset.title)
                span.idea-days { (preset.weekdays().map(Weekdays::summary).unwrap_or_default()) }
            }
        }
    }
}
