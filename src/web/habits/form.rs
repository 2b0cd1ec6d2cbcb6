//! The form of a habit: the one that creates it, and the one that opens under its row.

use maud::{Markup, html};

use crate::domain::accounts::preferences::WeekStart;
use crate::domain::calendar::month::weekday_order;
use crate::domain::calendar::weekdays::short_name;
use crate::domain::{FieldError, Habit};
use crate::web::habits::appearance_fields::{Appearance, appearance_fields};
use crate::web::ui::form::{Field, description_ids, field, field_notes, find_error, text_area};

/// The values of the form of a habit.
#[derive(Debug, Clone)]
pub struct HabitFormInput {
    pub title: String,
    pub description: String,
    /// ISO numbers of the days of the week: Monday is 1, Sunday is 7.
    pub weekdays: Vec<i64>,
    /// The name of a color, or nothing.
    pub color: String,
    pub emoji: String,
}

impl Default for HabitFormInput {
    /// An empty form, with every day of the week selected.
    fn default() -> Self {
        Self {
            title: String::new(),
            description: String::new(),
            weekdays: (1..=7).collect(),
            color: String::new(),
            emoji: String::new(),
        }
    }
}

impl From<&Habit> for HabitFormInput {
    fn from(habit: &Habit) -> Self {
        Self {
            title: habit.title.as_str().to_owned(),
            description: habit.description.as_ref().map(|text| text.as_str().to_owned()).unwrap_or_default(),
            weekdays: habit.schedule.weekdays().iso_numbers().into_iter().map(i64::from).collect(),
            color: habit.color.map(|color| color.as_str().to_owned()).unwrap_or_default(),
            emoji: habit.emoji.as_ref().map(|emoji| emoji.as_str().to_owned()).unwrap_or_default(),
        }
    }
}

/// The form of a habit, which ends with `submit`. `prefix` keeps the ids of two such forms on a page apart.
pub fn habit_form(
    action: &str,
    prefix: &'static str,
    week_start: WeekStart,
    input: &HabitFormInput,
    errors: &[FieldError],
    submit: &Markup,
) -> Markup {
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
            (appearance_fields(prefix, Appearance { color: &input.color, emoji: &input.emoji }, errors))
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
