//! The pages behind mailed links, but for signing up: a forgotten password, a new address.

use maud::{Markup, html};

use super::form::{Field, alert, field, owner, status};
use super::layout::{Frame, Here, document};
use crate::domain::Fault;

/// Asks whose password was forgotten.
pub fn forgot(frame: &Frame<'_>, email: &str, why: Option<&str>, faults: &[Fault], sent: bool) -> Markup {
    let email =
        Field { name: "email", label: "Email", kind: "email", value: email, autocomplete: "username", hint: None };
    document(
        frame,
        "Forgotten password",
        Here::Elsewhere,
        &html! {
            div.narrow {
                h1 { "Forgotten password" }
                @if sent {
                    (status("If there is an account with this address, a mail with a link is on its way. The link works for 30 minutes."))
                }
                @if let Some(why) = why { (alert(why)) }
                @if !sent { p.lead { "We mail you a link that lets you choose a new one." } }
                form.stack method="post" action="/forgot-password" novalidate {
                    (field("", &email, faults))
                    button.button type="submit" { "Send the link" }
                }
                p.aside { a href="/sign-in" { "Back to sign in" } }
            }
        },
    )
}

/// Asks for the new password.
pub fn reset(frame: &Frame<'_>, token: &str, email: &str, faults: &[Fault]) -> Markup {
    let password = Field {
        name: "password",
        label: "New password",
        kind: "password",
        value: "",
        autocomplete: "new-password",
        hint: Some("At least 12 characters. Four unrelated words work well."),
    };
    let again = Field { name: "confirmPassword", label: "Confirm new password", hint: None, ..password };
    document(
        frame,
        "Choose a new password",
        Here::Elsewhere,
        &html! {
            div.narrow {
                h1 { "Choose a new password" }
                p.lead { "For the account of " strong { (email) } ". Every device is signed out when it changes." }
                form.stack method="post" action="/reset-password" novalidate {
                    input type="hidden" name="token" value=(token);
                    (owner(email))
                    (field("", &password, faults))
                    (field("", &again, faults))
                    button.button type="submit" { "Save the new password" }
                }
            }
        },
    )
}

/// The new password counts.
pub fn is_reset(frame: &Frame<'_>) -> Markup {
    done(frame, "Your password is changed", "Sign in with the new one.", "/sign-in", "Sign in")
}

/// Asks to confirm the new address.
pub fn new_address(frame: &Frame<'_>, token: &str, email: &str) -> Markup {
    document(
        frame,
        "Confirm your new address",
        Here::Elsewhere,
        &html! {
            div.narrow {
                h1 { "Confirm your new address" }
                p.lead { "Is " strong { (email) } " yours? From then on you sign in with it." }
                form.stack method="post" action="/new-address" {
                    input type="hidden" name="token" value=(token);
                    button.button type="submit" { "Confirm this address" }
                }
                p.aside { "If you did not ask for this, close this page. Nothing will happen." }
            }
        },
    )
}

/// The new address counts.
pub fn address_confirmed(frame: &Frame<'_>) -> Markup {
    done(frame, "Your new address is confirmed", "You sign in with it from now on.", "/today", "Go on")
}

/// A link to a new address that does not work.
pub fn address_link_dead(frame: &Frame<'_>, why: &str) -> Markup {
    document(
        frame,
        "Confirm your new address",
        Here::Elsewhere,
        &html! {
            div.narrow {
                h1 { "Confirm your new address" }
                (alert(why))
                p { "You can ask for a new link where you asked for this one." }
                p.actions { a.button.plain href="/account" { "To your account" } }
            }
        },
    )
}

fn done(frame: &Frame<'_>, headline: &str, what: &str, to: &str, label: &str) -> Markup {
    document(
        frame,
        headline,
        Here::Elsewhere,
        &html! {
            div.narrow {
                h1 { (headline) }
                p.lead { (what) }
                p.actions { a.button href=(to) { (label) } }
            }
        },
    )
}
