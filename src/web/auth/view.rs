//! The pages for signing up, confirming an email address, and signing in.

use maud::{Markup, html};

use crate::domain::FieldError;
use crate::web::assets::embedded::address;
use crate::web::ui::form::{Field, alert, field, outcome, username_field};
use crate::web::ui::layout::{Frame, NavItem, document};
use crate::web::ui::time_zone_field;

/// The values of the sign-up form, without the passwords.
#[derive(Debug, Default, Clone, Copy)]
pub struct SignUpForm<'a> {
    pub name: &'a str,
    pub email: &'a str,
    pub zone: &'a str,
}

const EMAIL: Field<'static> =
    Field { name: "email", label: "Email", input_type: "email", value: "", autocomplete: "email", hint: None };

const PASSWORD: Field<'static> = Field {
    name: "password",
    label: "Password",
    input_type: "password",
    value: "",
    autocomplete: "current-password",
    hint: None,
};

const NAME: Field<'static> = Field {
    name: "displayName",
    label: "Display name",
    input_type: "text",
    value: "",
    autocomplete: "name",
    hint: None,
};

const NEW_PASSWORD: Field<'static> = Field {
    autocomplete: "new-password",
    hint: Some("At least 12 characters. Four unrelated words work well."),
    ..PASSWORD
};

const CONFIRMATION: Field<'static> =
    Field { name: "confirmPassword", label: "Confirm password", autocomplete: "new-password", ..PASSWORD };

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

/// The page after a sign-up.
pub fn signed_up(frame: &Frame<'_>) -> Markup {
    document(
        frame,
        "Check your email",
        NavItem::Other,
        &html! {
            div.narrow {
                h1 { "Check your email" }
                p.lead { "We've emailed you a confirmation link and a 6-digit code. Open the link, or enter the code here." }
                (code_form_fields(CodeForm::default()))
                p { "Nothing yet? Check your spam folder or resend the email." }
                (resend_form("", &[]))
            }
        },
    )
}

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
    pub new_sign_up: Option<(SignUpForm<'a>, &'a [FieldError])>,
}

/// The page behind the link in the email. Opening it changes nothing; its button confirms the address.
pub fn confirm(frame: &Frame<'_>, link: ConfirmForm<'_>, error: Option<&str>) -> Markup {
    let password = Field { hint: Some("The password you chose when you signed up."), ..PASSWORD };
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
                    @if link.contested { (username_field(link.email)) (field("", &password, &[])) }
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
                (field("new-", &Field { label: "New password", ..NEW_PASSWORD }, errors))
                (field("new-", &Field { label: "Confirm new password", ..CONFIRMATION }, errors))
                (time_zone_field::field(form.zone, errors))
                button.button.plain type="submit" { "Save and confirm email" }
            }
        }
    }
}

/// The address is confirmed. `already` says that it was before.
pub fn confirmed(frame: &Frame<'_>, already: bool) -> Markup {
    document(
        frame,
        "Email confirmed",
        NavItem::Other,
        &html! {
            div.narrow {
                h1 { @if already { "Your email is already confirmed" } @else { "Your email is confirmed" } }
                p.lead { "You can sign in now." }
                p.actions { a.button href="/sign-in" { "Sign in" } }
            }
        },
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
                (resend_form(form.email, errors))
                (code_form(form))
                p.footnote { a href="/sign-in" { "Back to sign in" } }
            }
        },
    )
}

/// What the page says after an email was requested, for every address.
const RESENT: &str =
    "If this address isn't confirmed yet, a new email is on its way. We send at most one every five minutes.";

fn resend_form(email: &str, errors: &[FieldError]) -> Markup {
    html! {
        form.stack method="post" action="/verify-email/resend" novalidate data-resend=(RESENT) {
            (field("", &Field { value: email, ..EMAIL }, errors))
            button.button.plain type="submit" { "Resend email" span.unseen { " (resend verification email)" } }
        }
        script type="module" src=(address("resend.js")) {}
    }
}

/// The form for people who read the email on another device.
fn code_form(form: CodeForm<'_>) -> Markup {
    html! {
        details.code-entry open[!form.code.is_empty()] {
            summary { "Enter a code instead" }
            (code_form_fields(form))
        }
    }
}

fn code_form_fields(form: CodeForm<'_>) -> Markup {
    let code = Field {
        name: "digits",
        label: "6-digit code",
        input_type: "text",
        value: form.code,
        autocomplete: "one-time-code",
        hint: Some("From the email."),
    };
    let password = Field { hint: Some("The password you chose when you signed up."), ..PASSWORD };
    html! {
        form.stack method="post" action="/verify-email" novalidate {
            (field("digits-", &Field { value: form.email, ..EMAIL }, &[]))
            (field("digits-", &code, &[]))
            @if form.contested { (field("digits-", &password, &[])) }
            button.button.plain type="submit" { "Confirm" }
        }
    }
}

/// The sign-in form. `from` is the path to open afterwards. `is_unverified` offers to resend the confirmation.
pub fn sign_in(frame: &Frame<'_>, email: &str, from: &str, error: Option<&str>, is_unverified: bool) -> Markup {
    document(
        frame,
        "Sign in",
        NavItem::Other,
        &html! {
            div.narrow {
                h1 { "Welcome back" }
                @if let Some(message) = error { (alert(message)) }
                @if is_unverified {
                    p { a href={ "/verify-email?email=" (url_encode(email)) } { "Resend email" } }
                }
                form.stack method="post" action="/sign-in" novalidate {
                    (field("", &Field { value: email, autocomplete: "username", ..EMAIL }, &[]))
                    (field("", &PASSWORD, &[]))
                    input type="hidden" name="from" value=(from);
                    button.button type="submit" { "Sign in" }
                }
                p.footnote { a href="/forgot-password" { "Forgot your password?" } }
                p.footnote { "New here? " a href="/sign-up" { "Create an account" } }
            }
        },
    )
}

fn url_encode(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}
