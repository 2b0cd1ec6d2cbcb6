//! Signing up, confirming an address, signing in.

use maud::{Markup, html};

use super::assets::address;
use super::form::{Field, alert, field, owner, status};
use super::layout::{Frame, Here, document};
use super::zones;
use crate::domain::Fault;

/// What was typed into the sign-up form, without the passwords.
#[derive(Debug, Default, Clone, Copy)]
pub struct SignUp<'a> {
    /// Name.
    pub name: &'a str,
    /// Address.
    pub email: &'a str,
    /// Time zone.
    pub zone: &'a str,
}

const EMAIL: Field<'static> =
    Field { name: "email", label: "Email", kind: "email", value: "", autocomplete: "email", hint: None };

const PASSWORD: Field<'static> = Field {
    name: "password",
    label: "Password",
    kind: "password",
    value: "",
    autocomplete: "current-password",
    hint: None,
};

/// The sign-up form with what was typed and what is wrong with it.
pub fn sign_up(frame: &Frame<'_>, typed: SignUp<'_>, faults: &[Fault], busy: Option<&str>) -> Markup {
    let name = Field {
        name: "displayName",
        label: "Display name",
        kind: "text",
        value: typed.name,
        autocomplete: "name",
        hint: None,
    };
    let password = Field {
        autocomplete: "new-password",
        hint: Some("At least 12 characters. Four unrelated words work well."),
        ..PASSWORD
    };
    let again = Field { name: "confirmPassword", label: "Confirm password", autocomplete: "new-password", ..PASSWORD };
    document(
        frame,
        "Create your account",
        Here::Elsewhere,
        &html! {
            div.narrow {
                h1 { "Create your account" }
                @if let Some(message) = busy { (alert(message)) }
                form.stack method="post" action="/sign-up" novalidate {
                    (field("", &name, faults))
                    (field("", &Field { value: typed.email, ..EMAIL }, faults))
                    (field("", &password, faults))
                    (field("", &again, faults))
                    (zones::field(typed.zone, faults))
                    button.button type="submit" { "Create account" }
                }
                p.aside { "You have one already? " a href="/sign-in" { "Sign in" } }
            }
            script type="module" src=(address("sign-up.js")) {}
        },
    )
}

/// What follows a sign-up: where to look next.
pub fn signed_up(frame: &Frame<'_>) -> Markup {
    document(
        frame,
        "Look into your mail",
        Here::Elsewhere,
        &html! {
            div.narrow {
                h1 { "You are signed up" }
                p.lead { "We sent you a mail with a link that confirms your address. Open it, press the button there, and sign in." }
                p { "Nothing there after a few minutes? Look into the spam folder, or ask for the mail again." }
                (resend_form("", &[]))
            }
        },
    )
}

/// What the page behind a link is about.
#[derive(Debug, Clone, Copy)]
pub struct Link<'a> {
    /// The token in it.
    pub token: &'a str,
    /// The address it confirms.
    pub email: &'a str,
    /// The name that would count.
    pub name: &'a str,
    /// Whether the password is asked for, because other sign-ups wait for the same address.
    pub contested: bool,
}

/// The page behind the link in the mail. Looking at it changes nothing; its button confirms.
pub fn confirm(frame: &Frame<'_>, link: Link<'_>, refused: Option<&str>) -> Markup {
    let password = Field { hint: Some("The one you chose when you signed up."), ..PASSWORD };
    document(
        frame,
        "Confirm your address",
        Here::Elsewhere,
        &html! {
            div.narrow {
                h1 { "Confirm your address" }
                @if let Some(why) = refused { (alert(why)) }
                @if link.contested {
                    p.lead { "Is " strong { (link.email) } " yours? More than one sign-up waits for it, so type your password: then yours is the one that counts." }
                } @else {
                    p.lead { "Is " strong { (link.email) } " yours, and did you sign up as " strong { (link.name) } "?" }
                }
                form.stack method="post" action="/verify-email" novalidate {
                    input type="hidden" name="token" value=(link.token);
                    @if link.contested { (owner(link.email)) (field("", &password, &[])) }
                    button.button type="submit" { "Confirm this address" }
                }
                p.aside { "If you did not sign up, close this page. Nothing will happen." }
            }
        },
    )
}

/// The address is confirmed, just now or before.
pub fn confirmed(frame: &Frame<'_>, before: bool) -> Markup {
    document(
        frame,
        "Address confirmed",
        Here::Elsewhere,
        &html! {
            div.narrow {
                h1 { @if before { "This address is confirmed already" } @else { "Your address is confirmed" } }
                p.lead { "You can sign in now." }
                p.actions { a.button href="/sign-in" { "Sign in" } }
            }
        },
    )
}

/// Digits that were typed instead of opening a link.
#[derive(Debug, Default, Clone, Copy)]
pub struct Digits<'a> {
    /// Whose.
    pub email: &'a str,
    /// As they were typed.
    pub typed: &'a str,
    /// Whether the password is asked for, because several sign-ups wait for the same address.
    pub contested: bool,
}

/// A link that does not work, or no link at all: why, and how to get a new one.
pub fn link_wanted(frame: &Frame<'_>, why: Option<&str>, digits: Digits<'_>, faults: &[Fault], sent: bool) -> Markup {
    document(
        frame,
        "Confirm your address",
        Here::Elsewhere,
        &html! {
            div.narrow {
                h1 { "Confirm your address" }
                @if sent {
                    (status("If this address waits to be confirmed, a new mail is on its way. At most one is sent every five minutes."))
                }
                @if let Some(why) = why { (alert(why)) }
                @if !sent && why.is_none() { p.lead { "Open the link in the mail we sent you. You can have the mail sent again:" } }
                (resend_form(digits.email, faults))
                (digits_form(digits))
                p.aside { a href="/sign-in" { "Back to sign in" } }
            }
        },
    )
}

fn resend_form(email: &str, faults: &[Fault]) -> Markup {
    html! {
        form.stack method="post" action="/verify-email/resend" novalidate {
            (field("", &Field { value: email, ..EMAIL }, faults))
            button.button.plain type="submit" { "Resend verification email" }
        }
    }
}

/// For whoever reads the mail on another device.
fn digits_form(digits: Digits<'_>) -> Markup {
    let field_of_digits = Field {
        name: "digits",
        label: "Digits",
        kind: "text",
        value: digits.typed,
        autocomplete: "one-time-code",
        hint: Some("The six from the mail."),
    };
    let password = Field { hint: Some("The one you chose when you signed up."), ..PASSWORD };
    html! {
        details.digits open[!digits.typed.is_empty()] {
            summary { "The mail is on another device" }
            form.stack method="post" action="/verify-email" novalidate {
                (field("digits-", &Field { value: digits.email, ..EMAIL }, &[]))
                (field("digits-", &field_of_digits, &[]))
                @if digits.contested { (field("digits-", &password, &[])) }
                button.button.plain type="submit" { "Confirm with the digits" }
            }
        }
    }
}

/// The sign-in form. `from` is where to go afterwards.
pub fn sign_in(frame: &Frame<'_>, email: &str, from: &str, refused: Option<&str>, unverified: bool) -> Markup {
    document(
        frame,
        "Sign in",
        Here::Elsewhere,
        &html! {
            div.narrow {
                h1 { "Welcome back" }
                @if let Some(message) = refused { (alert(message)) }
                @if unverified {
                    p { a href={ "/verify-email?email=" (urlencoded(email)) } { "Send the mail again" } }
                }
                form.stack method="post" action="/sign-in" novalidate {
                    (field("", &Field { value: email, autocomplete: "username", ..EMAIL }, &[]))
                    (field("", &PASSWORD, &[]))
                    input type="hidden" name="from" value=(from);
                    button.button type="submit" { "Sign in" }
                }
                p.aside { a href="/forgot-password" { "Forgotten your password?" } }
                p.aside { "New here? " a href="/sign-up" { "Create your account" } }
            }
        },
    )
}

fn urlencoded(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}
