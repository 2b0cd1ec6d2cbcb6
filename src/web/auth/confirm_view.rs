//! The pages that confirm an address: behind the emailed link, and for the emailed code.

use maud::{Markup, html};

use crate::domain::FieldError;
use crate::web::assets::embedded::address;
use crate::web::auth::fields::{EMAIL, NAME, SIGN_UP_PASSWORD, new_password_fields};
use crate::web::auth::view::sign_in_form;
use crate::web::ui::form::{
    Field, alert, description_ids, field, field_notes, find_error, has_first_error, outcome, username_field,
};
use crate::web::ui::layout::{Frame, NavItem, document};
use crate::web::ui::time_zone_field;

/// What the page behind a confirmation link shows.
#[derive(Debug, Clone, Copy)]
pub struct ConfirmForm<'a> {
    /// The token of the link.
    pub token: &'a str,
    /// The address that the link confirms.
    pub email: &'a str,
    /// The display name of the sign-up.
    pub name: &'a str,
    /// Whether the password is required, because the address was used for several sign-ups.
    pub contested: bool,
    /// The values and errors of a new sign-up on this page.
    pub new_sign_up: Option<(NewSignUpForm<'a>, &'a [FieldError])>,
}

/// The values of a new sign-up on the page of a link, without the passwords.
#[derive(Debug, Default, Clone, Copy)]
pub struct NewSignUpForm<'a> {
    pub name: &'a str,
    pub zone: &'a str,
}

/// The page behind the link in the email. Opening it changes nothing; its button confirms the address.
pub fn confirm(frame: &Frame<'_>, link: ConfirmForm<'_>, error: Option<&str>) -> Markup {
    document(
        frame,
        "Confirm your email",
        NavItem::Other,
        &html! {
            div.narrow {
                h1 { "Confirm your email" }
                @if let Some(message) = error { (alert(message)) }
                @if link.contested {
                    p.lead { "Is " strong { (link.email) } " yours? This address was used for several sign-ups. Enter your password so we know which is yours." }
                } @else {
                    p.lead { "Is " strong { (link.email) } " yours, and did you sign up as " strong { (link.name) } "?" }
                }
                form.stack method="post" action="/verify-email" novalidate {
                    input type="hidden" name="token" value=(link.token);
                    @if link.contested { (username_field(link.email)) (field("", &SIGN_UP_PASSWORD, &[])) }
                    button.button type="submit" { "Confirm email" }
                }
                @if link.contested { (new_sign_up_form(link, error.is_some())) }
                p.footnote { "Didn't sign up? Close this page, and nothing will happen." }
            }
            @if link.contested { script type="module" src=(address("sign-up.js")) {} }
        },
    )
}

/// For owners whose password the page doesn't accept: a new sign-up that needs no other email. `open` shows it at once.
fn new_sign_up_form(link: ConfirmForm<'_>, open: bool) -> Markup {
    let (form, errors) = link.new_sign_up.unwrap_or_default();
    html! {
        details.code-entry open[open || link.new_sign_up.is_some()] {
            summary { "Password not accepted? Choose a new one" }
            form.stack method="post" action="/verify-email" novalidate {
                input type="hidden" name="token" value=(link.token);
                (username_field(link.email))
                (field("new-", &Field { value: form.name, ..NAME }, errors))
                (new_password_fields("new-", errors))
                (time_zone_field::field(form.zone, errors))
                button.button.plain type="submit" { "Save and confirm email" }
            }
        }
    }
}

/// The address is confirmed, in a browser that is not signed in by that: it needs the password.
pub fn confirmed(frame: &Frame<'_>, email: &str) -> Markup {
    let message = "Sign in to start.";
    confirmed_page(frame, "Your email is confirmed", message, &sign_in_form(email, "/today"))
}

/// The address was confirmed before.
///
/// SECURITY: anyone who finds a used link gets this page, so it doesn't show the address.
pub fn already_confirmed(frame: &Frame<'_>) -> Markup {
    // It leads to the sign-in page, unless another request of this browser has just signed it in.
    let sign_in = html! { p.actions { a.button href="/today" { "Sign in" } } };
    confirmed_page(frame, "Your email is already confirmed", "You can sign in now.", &sign_in)
}

fn confirmed_page(frame: &Frame<'_>, headline: &str, message: &str, sign_in: &Markup) -> Markup {
    document(
        frame,
        "Email confirmed",
        NavItem::Other,
        &html! { div.narrow { h1 { (headline) } p.lead { (message) } (sign_in) } },
    )
}

/// The values of the form that takes a code instead of a link, without the password.
#[derive(Debug, Default, Clone, Copy)]
pub struct CodeForm<'a> {
    pub email: &'a str,
    pub code: &'a str,
    /// Whether the password is required, because the address was used for several sign-ups.
    pub contested: bool,
}

/// The page for people without a working link. It resends the email and takes the code from it. `error` says why a link
/// or code failed; `sent` says that the email was just resent.
pub fn request_link(
    frame: &Frame<'_>,
    error: Option<&str>,
    form: CodeForm<'_>,
    errors: &[FieldError],
    sent: bool,
) -> Markup {
    document(
        frame,
        "Confirm your email",
        NavItem::Other,
        &html! {
            div.narrow {
                h1 { "Confirm your email" }
                @if sent {
                    (outcome(RESENT))
                }
                @if let Some(message) = error { (alert(message)) }
                @if !sent && error.is_none() { p.lead { "Open the link we emailed you. Didn't get it? We can send it again." } }
                (resend_form(&resend_fields(form.email, errors)))
                details.code-entry open[!form.code.is_empty()] {
                    summary { "Enter a code instead" }
                    (code_form_with_email(form, errors))
                }
                p.footnote { a href="/sign-in" { "Back to sign in" } }
            }
        },
    )
}

/// What the page says after an email was requested, for every address.
pub const RESENT: &str =
    "If this address isn't confirmed yet, a new email is on its way. We send at most one every five minutes.";

/// The form that requests another email for the address in `fields`.
pub fn resend_form(fields: &Markup) -> Markup {
    html! {
        form.stack method="post" action="/verify-email/resend" novalidate data-resend=(RESENT) {
            (fields)
            button.button.plain type="submit" { "Resend email" span.unseen { " (resend verification email)" } }
        }
        script type="module" src=(address("resend.js")) {}
    }
}

/// The address to send to, for browsers that don't know it.
pub fn resend_fields(email: &str, errors: &[FieldError]) -> Markup {
    field("", &Field { value: email, ..EMAIL }, errors)
}

/// The form for people who read the email on another device.
pub fn code_form_with_email(form: CodeForm<'_>, errors: &[FieldError]) -> Markup {
    html! {
        form.stack method="post" action="/verify-email" novalidate {
            (field("digits-", &Field { value: form.email, ..EMAIL }, &[]))
            (code_fields(form, false, errors))
            button.button.plain type="submit" { "Confirm" }
        }
    }
}

/// The code, and the password if it is required. The code takes the focus if it has an error or `has_focus` says so.
pub fn code_fields(form: CodeForm<'_>, has_focus: bool, errors: &[FieldError]) -> Markup {
    let error = find_error(CODE_FIELD, errors);
    let id = "digits-digits";
    html! {
        div.field {
            label for=(id) { "6-digit code" }
            // No maximum length, which would cut off what is pasted with blanks around it.
            input.code-input id=(id) name=(CODE_FIELD) type="text" inputmode="numeric" autocomplete="one-time-code" required
                value=[(!form.code.is_empty()).then_some(form.code)] autocapitalize="none" spellcheck="false"
                aria-describedby=[description_ids("digits-", CODE_FIELD, true, error.is_some())]
                aria-invalid=[error.map(|_| "true")] autofocus[has_first_error(CODE_FIELD, errors) || (has_focus && !form.contested)];
            (field_notes("digits-", CODE_FIELD, Some("From the email."), error))
        }
        @if form.contested { (field("digits-", &SIGN_UP_PASSWORD, &[])) }
    }
}

/// The name of the field for the code.
pub const CODE_FIELD: &str = "digits";
