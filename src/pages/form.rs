//! Form fields: label, control, hint and fault belong together and are tied for screen readers.

use maud::{Markup, html};

use crate::domain::Fault;

/// A one-line field.
#[derive(Debug, Clone, Copy)]
pub struct Field<'a> {
    /// The name it is sent under.
    pub name: &'static str,
    /// The visible label.
    pub label: &'a str,
    /// The type of input.
    pub kind: &'static str,
    /// What was typed before; never a password.
    pub value: &'a str,
    /// What a password manager or a keyboard may fill in.
    pub autocomplete: &'static str,
    /// Help that is always shown.
    pub hint: Option<&'a str>,
}

/// The field with the fault that belongs to it; the first field at fault takes the focus. Ids begin with `prefix`, so
/// that two forms of a page can have the same fields.
pub fn field(prefix: &str, field: &Field<'_>, faults: &[Fault]) -> Markup {
    let fault = fault_of(field.name, faults);
    let described = described_by(prefix, field.name, field.hint.is_some(), fault.is_some());
    let is_secret = field.kind == "password";
    let input = html! {
        input id={ (prefix) (field.name) } name=(field.name) type=(field.kind) value=[(!field.value.is_empty()).then_some(field.value)]
            autocomplete=(field.autocomplete) required
            autocapitalize=[(field.kind != "text").then_some("none")] spellcheck=[(field.kind != "text").then_some("false")]
            aria-describedby=[described] aria-invalid=[fault.map(|_| "true")] autofocus[is_first(field.name, faults)];
    };
    html! {
        div.field {
            label for={ (prefix) (field.name) } { (field.label) }
            @if is_secret {
                // The button needs the script, so the script shows it.
                div.secret { (input) button.reveal.quiet type="button" hidden aria-controls={ (prefix) (field.name) } { "Show" } }
            } @else { (input) }
            (notes(prefix, field.name, field.hint, fault))
        }
    }
}

/// Tells password managers whose password a form is about.
pub fn owner(email: &str) -> Markup {
    html! { input type="text" name="username" autocomplete="username" value=(email) hidden readonly; }
}

/// A field of several lines that may stay empty.
pub fn area(prefix: &str, name: &'static str, label: &str, value: &str, faults: &[Fault]) -> Markup {
    let fault = fault_of(name, faults);
    html! {
        div.field {
            label for={ (prefix) (name) } { (label) }
            textarea id={ (prefix) (name) } name=(name) rows="2" maxlength="2000" aria-describedby=[described_by(prefix, name, false, fault.is_some())]
                aria-invalid=[fault.map(|_| "true")] autofocus[is_first(name, faults)] { (value) }
            (notes(prefix, name, None, fault))
        }
    }
}

/// A choice from a list of [`options`].
pub fn select(name: &'static str, label: &str, options: &Markup, hint: Option<&str>, faults: &[Fault]) -> Markup {
    let fault = fault_of(name, faults);
    html! {
        div.field {
            label for=(name) { (label) }
            select id=(name) name=(name) aria-describedby=[described_by("", name, hint.is_some(), fault.is_some())]
                aria-invalid=[fault.map(|_| "true")] autofocus[is_first(name, faults)] {
                (options)
            }
            (notes("", name, hint, fault))
        }
    }
}

/// What can be chosen: values with their labels, one of them chosen.
pub fn options<'a>(all: impl IntoIterator<Item = (&'a str, &'a str)>, chosen: &str) -> Markup {
    html! {
        @for (value, label) in all { option value=(value) selected[value == chosen] { (label) } }
    }
}

/// Hint and fault below a control.
pub fn notes(prefix: &str, name: &str, hint: Option<&str>, fault: Option<&str>) -> Markup {
    html! {
        @if let Some(hint) = hint { p.hint id={ (prefix) (name) "-hint" } { (hint) } }
        @if let Some(fault) = fault { p.fault id={ (prefix) (name) "-fault" } role="alert" { (fault) } }
    }
}

/// The fault of a field, if it has one.
pub fn fault_of<'a>(name: &str, faults: &'a [Fault]) -> Option<&'a str> {
    faults.iter().find(|fault| fault.field == name).map(|fault| fault.message.as_str())
}

/// The ids of the notes that describe a control.
pub fn described_by(prefix: &str, name: &str, hint: bool, fault: bool) -> Option<String> {
    match (hint, fault) {
        (false, false) => None,
        (true, false) => Some(format!("{prefix}{name}-hint")),
        (false, true) => Some(format!("{prefix}{name}-fault")),
        (true, true) => Some(format!("{prefix}{name}-fault {prefix}{name}-hint")),
    }
}

fn is_first(name: &str, faults: &[Fault]) -> bool {
    faults.first().is_some_and(|fault| fault.field == name)
}

/// Something about the whole form went wrong. Read aloud at once.
pub fn alert(message: &str) -> Markup {
    html! { p.notice.notice-bad role="alert" { (message) } }
}

/// Something went right. Read aloud when there is a pause.
pub fn status(message: &str) -> Markup {
    html! { p.notice role="status" { (message) } }
}
