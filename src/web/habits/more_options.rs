//! What most habits do without, folded away under “More options” in the form of a habit.

use maud::{Markup, html};

use crate::web::habits::appearance_fields::{Appearance, appearance_fields};
use crate::web::habits::date_fields::date_fields;
use crate::web::habits::form_input::HabitForm;
use crate::web::habits::label_fields::label_fields;
use crate::web::ui::form::find_error;

/// The fields by name.
const FIELDS: [&str; 8] = ["group", "tags", "timeOfDay", "color", "emoji", "effectiveFrom", "startsOn", "endsOn"];

/// The fields, folded unless one has an error.
pub fn more_options(form: &HabitForm<'_>) -> Markup {
    let HabitForm { prefix, is_new, input, errors, .. } = *form;
    let has_error = FIELDS.iter().any(|name| find_error(name, errors).is_some());
    html! {
        details.more-options open[has_error] {
            summary { "More options" }
            div.more-fields {
                (label_fields(form))
                (date_fields(prefix, &input.dates, is_new, errors))
                (appearance_fields(prefix, Appearance { color: &input.color, emoji: &input.emoji }, errors))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::FieldError;
    use crate::domain::accounts::preferences::WeekStart;
    use crate::web::habits::form_input::{HabitFormInput, KnownLabels};

    #[test]
    fn only_an_error_in_one_of_the_fields_opens_them() {
        let (input, known) = (HabitFormInput::default(), KnownLabels::default());
        let draw = |errors: &[FieldError]| {
            let form = HabitForm {
                action: "",
                prefix: "",
                is_new: false,
                week_start: WeekStart::Monday,
                input: &input,
                errors,
                known: &known,
            };
            more_options(&form).into_string()
        };
        let is_open = |errors: &[FieldError]| draw(errors).contains("<details class=\"more-options\" open");
        assert!(!is_open(&[]) && !is_open(&[FieldError::new("title", "Enter a title.")]));
        for field in FIELDS {
            assert!(is_open(&[FieldError::new(field, "No.")]), "{field}");
            assert!(draw(&[]).contains(&format!("name=\"{field}\"")), "{field} is none of the fields");
        }
    }
}
