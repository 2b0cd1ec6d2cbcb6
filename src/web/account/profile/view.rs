//! The profile page.

use maud::{Markup, html};

use crate::domain::{Account, Email, FieldError};
use crate::web::account::view::{AccountPart, part_page, saved, section};
use crate::web::assets::embedded::address;
use crate::web::ui::form::{Field, field};
use crate::web::ui::layout::Frame;

/// What the forms show: what was submitted if it had an error, and otherwise what is stored.
#[derive(Debug, Clone, Copy)]
pub struct ProfileForms<'a> {
    pub name: &'a str,
    pub email: &'a str,
    pub errors: &'a [FieldError],
    pub is_name_saved: bool,
}

/// The page. `waiting_email` is the new address that the person has not confirmed yet.
pub fn page(frame: &Frame<'_>, me: &Account, waiting_email: Option<&Email>, forms: ProfileForms<'_>) -> Markup {
    let content = html! {
        p.lead { bdi { (me.name()) } " · " (me.email) }
        (section("name", "Name", &html! {}, &name_form(forms)))
        (section("email-address", "Email address", &html! {}, &email_form(waiting_email, forms)))
        script type="module" src=(address("account.js")) {}
    };
    part_page(frame, AccountPart::Profile, &content)
}

fn name_form(forms: ProfileForms<'_>) -> Markup {
    let name = Field {
        name: "displayName",
        label: "Display name",
        input_type: "text",
        value: forms.name,
        autocomplete: "name",
        hint: None,
    };
    html! {
        form.stack method="post" action="/account/name" novalidate {
            (field("", &name, forms.errors))
            div.actions {
                button.button.plain type="submit" { "Update display name" }
                @if forms.is_name_saved { (saved("Name saved.")) }
            }
        }
    }
}

fn email_form(waiting_email: Option<&Email>, forms: ProfileForms<'_>) -> Markup {
    let email = Field {
        name: "email",
        label: "Email",
        input_type: "email",
        value: forms.email,
        autocomplete: "email",
        hint: Some("Your current email stays in use until you confirm the new one."),
    };
    html! {
        form.stack method="post" action="/account/email" novalidate {
            (field("", &email, forms.errors))
            @if let Some(waiting) = waiting_email {
                p.notice { "We emailed a link to " strong { (waiting) } ". Open it to start using that address. No email? Enter the address again, and we'll send another link." }
            }
            button.button.plain type="submit" { "Update email" }
        }
    }
}
