//! The sign-up form, and the page after it that takes the emailed code.

use maud::{Markup, html};

use crate::domain::FieldError;
use crate::web::assets::embedded::address;
use crate::web::auth::confirm_view::{CodeForm, code_fields, code_form_with_email, resend_fields, resend_form};
use crate::web::auth::fields::{CONFIRMATION, EMAIL, NAME, NEW_PASSWORD};
use crate::web::ui::form::{Field, alert, field, outcome};
use crate::web::ui::layout::{Frame, NavItem, document};
use crate::web::ui::time_zone_field;

/// The values of the sign-up form, without the passwords.
#[derive(Debug, Default, Clone, Copy)]
pub struct SignUpForm<'a> {
    pub name: &'a str,
    pub email: &'a str,
    pub zone: &'a str,
}

/// The sign-up form with the submitted values and their errors. `busy` is shown when the server could not handle the
/// form.
pub fn sign_up(frame: &Frame<'_>, form: SignUpForm<'_>, errors: &[FieldError], busy: Option<&str>) -> Markup {
    document(
        frame,
        "Create your account",
        NavItem::Other,
        &html! {
            div.narrow {
                h1 { "Create your account" }
                @if let Some(message) = busy { (alert(message)) }
                form.stack method="post" action="/sign-up" novalidate {
                    (field("", &Field { value: form.name, ..NAME }, errors))
                    (field("", &Field { value: form.email, ..EMAIL }, errors))
                    (field("", &NEW_PASSWORD, errors))
                    (field("", &CONFIRMATION, errors))
                    (time_zone_field::field(form.zone, errors))
                    button.button type="submit" { "Create account" }
                }
                p.footnote { "Already have an account? " a href="/sign-in" { "Sign in" } }
            }
            script type="module" src=(address("sign-up.js")) {}
        },
    )
}

/// What the page after a sign-up says about the form that led to it.
#[derive(Debug, Clone, Copy)]
pub enum CodeNotice<'a> {
    None,
    /// Another email was requested.
    Resent(&'a str),
    /// The request was refused.
    Alert(&'a str),
}

/// The page after a sign-up, in the browser that signed up: it needs only the code.
pub fn enter_code(frame: &Frame<'_>, form: CodeForm<'_>, notice: CodeNotice<'_>, errors: &[FieldError]) -> Markup {
    document(
        frame,
        "Check your email",
        NavItem::Other,
        &html! {
            div.narrow {
                h1 { "Check your email" }
                @match notice {
                    CodeNotice::None => {},
                    CodeNotice::Resent(message) => (outcome(message)),
                    CodeNotice::Alert(message) => (alert(message)),
                }
                p.lead { "We emailed a 6-digit code to " strong { (form.email) } ". Enter it here, or open the link in the email." }
                form.stack method="post" action="/verify-email" novalidate data-code[!form.contested] {
                    input type="hidden" name="email" value=(form.email);
                    (code_fields(form, matches!(notice, CodeNotice::None), errors))
                    button.button type="submit" { "Confirm" }
                }
                div.resend {
                    p { "Nothing yet? Check your spam folder or resend the email." }
                    (resend_form(&html! { input type="hidden" name="email" value=(form.email); }))
                }
                p.footnote { "Wrong address? " a href="/sign-up?edit" { "Change it" } }
            }
            script type="module" src=(address("emailed-code.js")) {}
        },
    )
}

/// The page after a sign-up in a browser without its cookie.
pub fn signed_up(frame: &Frame<'_>) -> Markup {
    document(
        frame,
        "Check your email",
        NavItem::Other,
        &html! {
            div.narrow {
                h1 { "Check your email" }
                p.lead { "We've emailed you a confirmation link and a 6-digit code. Open the link, or enter the code here." }
                (code_form_with_email(CodeForm::default(), &[]))
                p { "Nothing yet? Check your spam folder or resend the email." }
                (resend_form(&resend_fields("", &[])))
            }
        },
    )
}
