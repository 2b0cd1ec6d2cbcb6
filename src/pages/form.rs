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

/// The field with the fault that belongs to it; the first field at fault takes the focus.
pub fn field(field: &Field<'_>, faults: &[Fault]) -> Markup {
    let fault = fault_of(field.name, faults);
    let described = described_by(field.name, field.hint.is_some(), fault.is_some());
    let is_secret = field.kind == "password";
    let input = html! {
        input id=(field.name) name=(field.name) type=(field.kind) value=[(!field.value.is_empty()).then_some(field.value)]
            autocomplete=(field.autocomplete) required
            autocapitalize=[(field.kind != "text").then_some("none")] spellcheck=[(field.kind != "text").then_some("false")]
            aria-describedby=[described] aria-invalid=[fault.map(|_| "true")] autofocus[is_first(field.name, faults)];
    };
    html! {
        div.field {
            label for=(field.name) { (field.label) }
            @if is_secret {
                // The button needs the script, so the script shows it.
                div.secret { (input) button.reveal.quiet type="button" hidden aria-controls=(field.name) { "Show" } }
            } @else { (input) }
            (notes(field.name, field.hint, fault))
        }
    }
}

/// A field of several lines that may stay empty.
pub fn area(name: &'static str, label: &str, value: &str, faults: &[Fault]) -> Markup {
    let fault = fault_of(name, faults);
    html! {
        div.field {
            label for=(name) { (label) }
            textarea id=(name) name=(name) rows="2" maxlength="2000" aria-describedby=[described_by(name, false, fault.is_some())]
                aria-invalid=[fault.map(|_| "true")] autofocus[is_first(name, faults)] { (value) }
            (notes(name, None, fault))
        }
    }
}

/// Hint and fault below a control.
pub fn notes(name: &str, hint: Option<&str>, fault: Option<&str>) -> Markup {
    html! {
        @if let Some(hint) = hint { p.hint id={ (name) "-hint" } { (hint) } }
        @if let Some(fault) = fault { p.fault id={ (name) "-fault" } { (fault) } }
    }
}

/// The fault of a field, if it has one.
pub fn fault_of<'a>(name: &str, faults: &'a [Fault]) -> Option<&'a str> {
    faults.iter().find(|fault| fault.field == name).map(|fault| fault.message.as_str())
}

/// The ids of the notes that describe a control.
pub fn described_by(name: &str, hint: bool, fault: bool) -> Option<String> {
    match (hint, fault) {
        (false, false) => None,
        (true, false) => Some(format!("{name}-hint")),
        (false, true) => Some(format!("{name}-fault")),
        (true, true) => Some(format!("{name}-fault {name}-hint")),
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
