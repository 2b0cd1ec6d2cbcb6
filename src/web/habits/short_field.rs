//! A field for a number or a date, beside others of its kind.

use maud::{Markup, html};

use crate::domain::FieldError;
use crate::web::ui::form::{description_ids, field_notes, find_error, has_first_error};

/// A field that is a few characters long.
#[derive(Debug, Clone, Copy)]
pub struct ShortField<'a> {
    pub name: &'static str,
    pub label: &'a str,
    /// The `inputmode` of on-screen keyboards.
    pub keyboard: Option<&'static str>,
    pub input_type: &'static str,
    pub value: &'a str,
}

/// The field with its error. Ids begin with `prefix`, as in [`field`](crate::web::ui::form::field).
pub fn short_field(prefix: &str, field: &ShortField<'_>, errors: &[FieldError]) -> Markup {
    let ShortField { name, label, keyboard, input_type, value } = *field;
    let error = find_error(name, errors);
    html! {
        div.field data-field=(name) {
            label for={ (prefix) (name) } { (label) }
            input id={ (prefix) (name) } name=(name) type=(input_type) inputmode=[keyboard] value=[(!value.is_empty()).then_some(value)]
                autocomplete="off" aria-describedby=[description_ids(prefix, name, false, error.is_some())]
                aria-invalid=[error.map(|_| "true")] autofocus[has_first_error(name, errors)];
            (field_notes(prefix, name, None, error))
        }
    }
}
