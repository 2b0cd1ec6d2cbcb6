//! The page with a person's data: what they can take along, bring in, and delete.

use maud::{Markup, html};

use crate::domain::FieldError;
use crate::web::account::view::{AccountPart, part_page, section};
use crate::web::assets::embedded::address;
use crate::web::data_export::view as data_export;
use crate::web::data_export::view::ImportOutcome;
use crate::web::ui::form::{Field, field};
use crate::web::ui::layout::Frame;

/// The outcome of the form that led to the page.
#[derive(Debug, Clone, Copy)]
pub enum DataNotice<'a> {
    None,
    Import(&'a ImportOutcome),
    /// The account was not deleted, because the confirmation is wrong.
    DeletionNotConfirmed {
        typed: &'a str,
        error: &'a FieldError,
    },
}

/// The page. `admins_see_habits` is told as it is.
pub fn page(frame: &Frame<'_>, admins_see_habits: bool, notice: DataNotice<'_>) -> Markup {
    let import = if let DataNotice::Import(import) = notice { Some(import) } else { None };
    let (typed, errors) = match notice {
        DataNotice::DeletionNotConfirmed { typed, error } => (typed, std::slice::from_ref(error)),
        DataNotice::None | DataNotice::Import(_) => ("", &[][..]),
    };
    let content = html! {
        (section("export", "Export", &html! { p.hint { "Download all your data. You can import it again later." } }, &data_export::export_form()))
        (section("import", "Import", &html! { p.hint { "Adds the habits and history you don't have yet. Your existing data and your settings stay the same." } }, &data_export::import_form(import)))
        (section("privacy", "Who can see it", &html! {}, &privacy(admins_see_habits)))
        div.danger { (deletion(typed, errors)) }
        script type="module" src=(address("import.js")) {}
    };
    part_page(frame, AccountPart::Data, &content)
}

fn privacy(admins_see_habits: bool) -> Markup {
    html! {
        p {
            @if admins_see_habits {
                "Admins of this Atlas can see what your habits are called, their descriptions, and their schedules, but not what you've completed."
            } @else {
                "Admins of this Atlas can see how many habits you have and their schedules, but not what they're called or what you've completed."
            }
        }
        p.hint { "The people who run this server can read everything it stores." }
    }
}

fn deletion(typed: &str, errors: &[FieldError]) -> Markup {
    let confirm = Field {
        name: "confirm",
        label: "Confirm",
        input_type: "text",
        value: typed,
        autocomplete: "off",
        hint: Some("Type “delete” to confirm."),
    };
    let form = html! {
        form.stack method="post" action="/account/delete" novalidate {
            (field("", &confirm, errors))
            button.button.plain type="submit" { "Delete account" span.unseen { " (request delete)" } }
        }
    };
    let description = html! {
        p.hint { "This permanently deletes your account and history. You may want to download your data first; you can import it into a new account." }
    };
    section("delete", "Delete everything", &description, &form)
}
