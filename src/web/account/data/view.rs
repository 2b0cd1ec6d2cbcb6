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

/// The page.
pub fn page(frame: &Frame<'_>, notice: DataNotice<'_>) -> Markup {
    let import = if let DataNotice::Import(import) = notice { Some(import) } else { None };
    let (typed, errors) = match notice {
        DataNotice::DeletionNotConfirmed { typed, error } => (typed, std::slice::from_ref(error)),
        DataNotice::None | DataNotice::Import(_) => ("", &[][..]),
    };
    let content = html! {
        (section("export", "Export", &html! { p.hint { "Download all your data. You can import it again later." } }, &data_export::export_form()))
        (section("import", "Import", &html! { p.hint { "Adds the habits and history you don't have yet. Your existing data and your settings stay the same." } }, &data_export::import_form(import)))
        div.danger { (deletion(typed, errors)) }
        script type="module" src=(address("import.js")) {}
    };
    part_page(frame, AccountPart::Data, &content)
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
