//! The pages for a forgotten password and for a new email address.

use maud::{Markup, html};

use crate::domain::FieldError;
use crate::web::auth::fields::new_password_fields;
use crate::web::ui::form::{Field, alert, field, outcome, username_field};
use crate::web::ui::layout::{Frame, NavItem, document};

/// Asks for the address of the account whose password was forgotten. `error` says why a link failed; `sent` says that
/// the email was just sent.
pub fn forgot_password(
    frame: &Frame<'_>,
    email: &str,
    error: Option<&str>,
    errors: &[FieldError],
    sent: bool,
) -> Markup {
    let email = Field {
        name: "email",
        label: "Email",
        input_type: "email",
        value: email,
        autocomplete: "username",
        hint: None,
    };
    document(
        frame,
        "Reset your password",
        NavItem::Other,
        &html! {
            div.narrow {
                h1 { "Reset your password" }
                @if sent {
                    (outcome("If this address has an account, a reset link is on its way. It works for 30 minutes."))
                }
                @if let Some(message) = error { (alert(message)) }
                @if !sent { p.lead { "We'll email you a reset link." } }
                form.stack method="post" action="/forgot-password" novalidate {
                    (field("", &email, errors))
                    button.button type="submit" { "Send reset link" }
                }
                p.footnote { a href="/sign-in" { "Back to sign in" } }
            }
        },
    )
}

/// Asks for the new password.
pub fn reset_password(frame: &Frame<'_>, token: &str, email: &str, errors: &[FieldError]) -> Markup {
    document(
        frame,
        "Choose a new password",
        NavItem::Other,
        &html! {
            div.narrow {
                h1 { "Choose a new password" }
                p.lead { "For the account of " strong { (email) } ". Changing it signs out all your devices." }
                form.stack method="post" action="/reset-password" novalidate {
                    input type="hidden" name="token" value=(token);
                    (username_field(email))
                    (new_password_fields("", errors))
                    button.button type="submit" { "Save new password" }
                }
            }
        },
    )
}

/// The page after a password reset.
pub fn password_reset(frame: &Frame<'_>) -> Markup {
    done(frame, "Your password was changed", "Sign in with your new password.", "/sign-in", "Sign in")
}

/// Asks to confirm the new address. Opening the page changes nothing.
pub fn confirm_new_address(frame: &Frame<'_>, token: &str, email: &str) -> Markup {
    document(
        frame,
        "Confirm your new email",
        NavItem::Other,
        &html! {
            div.narrow {
                h1 { "Confirm your new email" }
                p.lead { "Is " strong { (email) } " yours? You'll use it to sign in from now on." }
                form.stack method="post" action="/new-address" {
                    input type="hidden" name="token" value=(token);
                    button.button type="submit" { "Confirm email" }
                }
                p.footnote { "Didn't ask for this? Close this page, and nothing will happen." }
            }
        },
    )
}

/// The page after a new address was confirmed.
pub fn new_address_confirmed(frame: &Frame<'_>) -> Markup {
    done(frame, "Your new email is confirmed", "Use it to sign in from now on.", "/today", "Continue")
}

/// The page behind a link to a new address that does not work.
pub fn invalid_new_address_link(frame: &Frame<'_>, error: &str) -> Markup {
    document(
        frame,
        "Confirm your new email",
        NavItem::Other,
        &html! {
            div.narrow {
                h1 { "Confirm your new email" }
                (alert(error))
                p { "You can request a new link in Account." }
                p.actions { a.button.plain href="/account" { "Go to Account" } }
            }
        },
    )
}

fn done(frame: &Frame<'_>, headline: &str, message: &str, path: &str, label: &str) -> Markup {
    document(
        frame,
        headline,
        NavItem::Other,
        &html! {
            div.narrow {
                h1 { (headline) }
                p.lead { (message) }
                p.actions { a.button href=(path) { (label) } }
            }
        },
    )
}
