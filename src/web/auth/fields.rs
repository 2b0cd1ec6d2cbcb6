//! The fields that the forms for signing up, signing in, confirming an address, and changing a password have in common.

use maud::{Markup, html};

use crate::domain::FieldError;
use crate::web::ui::form::{Field, field};

pub const EMAIL: Field<'static> =
    Field { name: "email", label: "Email", input_type: "email", value: "", autocomplete: "email", hint: None };

pub const PASSWORD: Field<'static> = Field {
    name: "password",
    label: "Password",
    input_type: "password",
    value: "",
    autocomplete: "current-password",
    hint: None,
};

/// The password of a sign-up, to find the right one of several.
pub const SIGN_UP_PASSWORD: Field<'static> =
    Field { hint: Some("The password you chose when you signed up."), ..PASSWORD };

pub const NEW_PASSWORD: Field<'static> = Field {
    autocomplete: "new-password",
    hint: Some("At least 12 characters. Four unrelated words work well."),
    ..PASSWORD
};

pub const CONFIRMATION: Field<'static> =
    Field { name: "confirmPassword", label: "Confirm password", autocomplete: "new-password", ..PASSWORD };

pub const NAME: Field<'static> = Field {
    name: "displayName",
    label: "Display name",
    input_type: "text",
    value: "",
    autocomplete: "name",
    hint: None,
};

/// The fields for a password that replaces another one. Ids begin with `prefix`.
pub fn new_password_fields(prefix: &str, errors: &[FieldError]) -> Markup {
    html! {
        (field(prefix, &Field { label: "New password", ..NEW_PASSWORD }, errors))
        (field(prefix, &Field { label: "Confirm new password", ..CONFIRMATION }, errors))
    }
}
