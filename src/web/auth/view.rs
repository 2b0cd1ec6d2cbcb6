//! The sign-in page, and its form on other pages.

use maud::{Markup, html};

use crate::web::auth::fields::{EMAIL, PASSWORD};
use crate::web::ui::form::{Field, alert, field};
use crate::web::ui::layout::{Frame, NavItem, document};

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
                (sign_in_form(email, from))
                p.footnote { a href="/forgot-password" { "Forgot your password?" } }
                p.footnote { "New here? " a href="/sign-up" { "Create an account" } }
            }
        },
    )
}

/// The form that signs in and leads to `from`.
pub fn sign_in_form(email: &str, from: &str) -> Markup {
    html! {
        form.stack method="post" action="/sign-in" novalidate {
            (field("", &Field { value: email, autocomplete: "username", ..EMAIL }, &[]))
            (field("", &PASSWORD, &[]))
            input type="hidden" name="from" value=(from);
            button.button type="submit" { "Sign in" }
        }
    }
}

fn url_encode(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}
