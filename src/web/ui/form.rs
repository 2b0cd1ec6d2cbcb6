//! Form fields. Label, control, hint and error of a field are tied together for screen readers.

use maud::{Markup, html};

use crate::domain::FieldError;

/// A one-line field.
#[derive(Debug, Clone, Copy)]
pub struct Field<'a> {
    /// The name in the submitted form.
    pub name: &'static str,
    pub label: &'a str,
    /// The `type` attribute of the input.
    pub input_type: &'static str,
    /// The current value; never a password.
    pub value: &'a str,
    /// The `autocomplete` attribute, for password managers and on-screen keyboards.
    pub autocomplete: &'static str,
    /// Help that is always shown.
    pub hint: Option<&'a str>,
}

/// A field with its error, if it has one. The first field with an error takes the focus. Ids begin with `prefix`, so
/// that two forms on a page can have fields of the same name.
pub fn field(prefix: &str, field: &Field<'_>, errors: &[FieldError]) -> Markup {
    let error = find_error(field.name, errors);
    let description_ids = description_ids(prefix, field.name, field.hint.is_some(), error.is_some());
    let is_password = field.input_type == "password";
    let input = html! {
        input id={ (prefix) (field.name) } name=(field.name) type=(field.input_type) value=[(!field.value.is_empty()).then_some(field.value)]
            autocomplete=(field.autocomplete) required dir=[(field.input_type == "text").then_some("auto")]
            autocapitalize=[(field.input_type != "text").then_some("none")] spellcheck=[(field.input_type != "text").then_some("false")]
            aria-describedby=[description_ids] aria-invalid=[error.map(|_| "true")] autofocus[has_first_error(field.name, errors)];
    };
    html! {
        div.field {
            label for={ (prefix) (field.name) } { (field.label) }
            @if is_password {
                // The button needs JavaScript, so the script shows it.
                div.secret { (input) button.reveal.quiet type="button" hidden aria-controls={ (prefix) (field.name) } { "Show" } }
            } @else { (input) }
            (field_notes(prefix, field.name, field.hint, error))
        }
    }
}

/// A hidden field that tells password managers which account a form belongs to.
pub fn username_field(email: &str) -> Markup {
    html! { input type="text" name="username" autocomplete="username" value=(email) hidden readonly; }
}

/// An optional field of several lines.
pub fn text_area(prefix: &str, name: &'static str, label: &str, value: &str, errors: &[FieldError]) -> Markup {
    let error = find_error(name, errors);
    html! {
        div.field {
            label for={ (prefix) (name) } { (label) }
            textarea id={ (prefix) (name) } name=(name) rows="2" maxlength="2000" dir="auto" aria-describedby=[description_ids(prefix, name, false, error.is_some())]
                aria-invalid=[error.map(|_| "true")] autofocus[has_first_error(name, errors)] { (value) }
            (field_notes(prefix, name, None, error))
        }
    }
}

/// A list of [`options`] to choose from.
pub fn select(name: &'static str, label: &str, options: &Markup, hint: Option<&str>, errors: &[FieldError]) -> Markup {
    let error = find_error(name, errors);
    html! {
        div.field {
            label for=(name) { (label) }
            select id=(name) name=(name) aria-describedby=[description_ids("", name, hint.is_some(), error.is_some())]
                aria-invalid=[error.map(|_| "true")] autofocus[has_first_error(name, errors)] {
                (options)
            }
            (field_notes("", name, hint, error))
        }
    }
}

/// The options of a select: values with their labels. `selected` is the value of the selected one.
pub fn options<'a>(all: impl IntoIterator<Item = (&'a str, &'a str)>, selected: &str) -> Markup {
    html! {
        @for (value, label) in all { option value=(value) selected[value == selected] { (label) } }
    }
}

/// The hint and the error below a control.
pub fn field_notes(prefix: &str, name: &str, hint: Option<&str>, error: Option<&str>) -> Markup {
    html! {
        @if let Some(hint) = hint { p.hint id={ (prefix) (name) "-hint" } { (hint) } }
        @if let Some(error) = error { p.fault id={ (prefix) (name) "-fault" } role="alert" { (error) } }
    }
}

/// The message of the first error of a field.
pub fn find_error<'a>(name: &str, errors: &'a [FieldError]) -> Option<&'a str> {
    errors.iter().find(|error| error.field == name).map(|error| error.message.as_str())
}

/// The ids of the [`field_notes`] of a control, for `aria-describedby`. The error comes first.
pub fn description_ids(prefix: &str, name: &str, has_hint: bool, has_error: bool) -> Option<String> {
    match (has_hint, has_error) {
        (false, false) => None,
        (true, false) => Some(format!("{prefix}{name}-hint")),
        (false, true) => Some(format!("{prefix}{name}-fault")),
        (true, true) => Some(format!("{prefix}{name}-fault {prefix}{name}-hint")),
    }
}

/// Whether the first of several errors belongs to a field, which takes the focus then.
pub fn has_first_error(name: &str, errors: &[FieldError]) -> bool {
    errors.first().is_some_and(|error| error.field == name)
}

/// An error that concerns the whole form. Screen readers announce it immediately.
pub fn alert(message: &str) -> Markup {
    html! { p.notice.notice-bad role="alert" { (message) } }
}

/// The outcome of the form that led to this page. It gets the focus, and screen readers read it first.
pub fn outcome(message: &str) -> Markup {
    html! { p.notice role="status" tabindex="-1" autofocus { (message) } }
}

/// A message that screen readers announce when they are idle.
pub fn status(message: &str) -> Markup {
    html! { p.notice role="status" { (message) } }
}
