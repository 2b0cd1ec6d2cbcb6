//! The form of a habit: the one that creates it, and the one that opens under its row.

use maud::{Markup, html};

use crate::domain::FieldError;
use crate::domain::accounts::preferences::WeekStart;
use crate::domain::calendar::month::weekday_order;
use crate::domain::calendar::weekdays::short_name;
use crate::web::habits::form_input::HabitForm;
use crate::web::habits::frequency_fields::frequency_fields;
use crate::web::habits::goal_fields::goal_fields;
use crate::web::habits::more_options::more_options;
use crate::web::ui::form::{Field, description_ids, field, field_notes, find_error, text_area};

/// The form of a habit, which ends with `submit`.
pub fn habit_form(form: &HabitForm<'_>, submit: &Markup) -> Markup {
    let HabitForm { action, prefix, week_start, input, errors, .. } = *form;
    let title = Field {
        name: "title",
        label: "Title",
        input_type: "text",
        value: &input.title,
        autocomplete: "off",
        hint: None,
    };
    html! {
        form.stack method="post" action=(action) novalidate {
            (field(prefix, &title, errors))
            (text_area(prefix, "description", "Description (optional)", &input.description, errors))
            (weekday_picker(prefix, week_start, &input.weekdays, errors))
            (frequency_fields(prefix, &input.frequency, errors))
            (goal_fields(prefix, &input.goal, errors))
            (more_options(form))
            (submit)
        }
    }
}

/// The days of the week as checkboxes.
pub fn weekday_picker(prefix: &str, week_start: WeekStart, selected: &[i64], errors: &[FieldError]) -> Markup {
    let error = find_error("weekdays", errors);
    html! {
        fieldset.field.weekdays aria-describedby=[description_ids(prefix, "weekdays", false, error.is_some())] {
            legend { "Days" }
            div.pills {
                @for number in weekday_order(week_start) {
                    label.pill {
                        input type="checkbox" name="weekdays" value=(number) checked[selected.contains(&i64::from(number))];
                        span { (short_name(number)) }
                    }
                }
            }
            div.presets data-presets hidden {
                button.quiet type="button" data-days="1 2 3 4 5 6 7" { "Every day" }
                button.quiet type="button" data-days="1 2 3 4 5" { "Weekdays" }
                button.quiet type="button" data-days="6 7" { "Weekends" }
            }
            (field_notes(prefix, "weekdays", None, error))
        }
    }
}
