//! The form fields that sort a habit into lists: its group, its tags, and its time of day.

use maud::{Markup, html};

use crate::domain::{FieldError, TimeOfDay};
use crate::web::assets::embedded::address;
use crate::web::habits::form_input::HabitForm;
use crate::web::ui::form::{description_ids, field_notes, find_error, has_first_error};

/// The three fields.
pub fn label_fields(form: &HabitForm<'_>) -> Markup {
    let HabitForm { prefix, input, errors, known, .. } = *form;
    let groups = known.groups.iter().map(|group| group.as_str());
    let tags = known.tags.iter().map(|tag| tag.as_str());
    html! {
        (suggesting_field(prefix, ("group", "Group"), &input.group, "Habits of a group are listed together.", groups, errors))
        (suggesting_field(prefix, ("tags", "Tags"), &input.tags, "Separate tags with commas.", tags, errors))
        (time_of_day_field(prefix, &input.time_of_day, errors))
        script type="module" src=(address("tag-suggestions.js")) {}
    }
}

/// An optional field of one line. Browsers suggest what begins like the text in it.
fn suggesting_field<'a>(
    prefix: &str,
    (name, label): (&'static str, &str),
    value: &str,
    hint: &str,
    suggestions: impl Iterator<Item = &'a str>,
    errors: &[FieldError],
) -> Markup {
    let error = find_error(name, errors);
    html! {
        div.field {
            label for={ (prefix) (name) } { (label) }
            input id={ (prefix) (name) } name=(name) type="text" value=[(!value.is_empty()).then_some(value)] dir="auto"
                autocomplete="off" list={ (prefix) (name) "-known" }
                aria-describedby=[description_ids(prefix, name, true, error.is_some())]
                aria-invalid=[error.map(|_| "true")] autofocus[has_first_error(name, errors)];
            datalist id={ (prefix) (name) "-known" } { @for known in suggestions { option value=(known) {} } }
            (field_notes(prefix, name, Some(hint), error))
        }
    }
}

fn time_of_day_field(prefix: &str, chosen: &str, errors: &[FieldError]) -> Markup {
    let error = find_error("timeOfDay", errors);
    let is_known = TimeOfDay::ALL.iter().any(|time| time.as_str() == chosen);
    let pill = |value: &str, label: &str, is_chosen: bool| {
        html! {
            label.pill {
                input type="radio" name="timeOfDay" value=(value) checked[is_chosen];
                span { (label) }
            }
        }
    };
    html! {
        fieldset.field aria-describedby=[description_ids(prefix, "timeOfDay", false, error.is_some())] {
            legend { "Time of day" }
            div.pills.time-pills {
                (pill("", "Any time", !is_known))
                @for time in TimeOfDay::ALL { (pill(time.as_str(), time.label(), time.as_str() == chosen)) }
            }
            (field_notes(prefix, "timeOfDay", None, error))
        }
    }
}
