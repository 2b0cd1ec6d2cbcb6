//! The page with a person's data: what they can take along, bring in, and delete.

use maud::{Markup, html};

use crate::domain::habits::import_record::ImportRecord;
use crate::domain::habits::undo_report::UndoReport;
use crate::domain::{FieldError, ImportId, Zone};
use crate::web::account::view::{AccountPart, part_page, section};
use crate::web::assets::embedded::address;
use crate::web::data_export::imports_view;
use crate::web::data_export::view as data_export;
use crate::web::data_export::view::ImportOutcome;
use crate::web::ui::form::{Field, field};
use crate::web::ui::layout::Frame;

/// The outcome of the form that led to the page.
#[derive(Debug, Clone, Copy)]
pub enum DataNotice<'a> {
    None,
    Import(&'a ImportOutcome),
    /// The dialog asks whether to undo an import.
    AskToUndo(ImportId, &'a UndoReport),
    Undone(&'a UndoReport),
    /// The account was not deleted, because the confirmation is wrong.
    DeletionNotConfirmed {
        typed: &'a str,
        error: &'a FieldError,
    },
}

/// What the page shows.
pub struct DataPage<'a> {
    pub admins_see_habits: bool,
    /// The newest comes first.
    pub imports: &'a [ImportRecord],
    pub zone: &'a Zone,
    pub notice: DataNotice<'a>,
}

/// The page.
pub fn page(frame: &Frame<'_>, page: &DataPage<'_>) -> Markup {
    let notice = page.notice;
    let import = if let DataNotice::Import(import) = notice { Some(import) } else { None };
    let (typed, errors) = match notice {
        DataNotice::DeletionNotConfirmed { typed, error } => (typed, std::slice::from_ref(error)),
        _ => ("", &[][..]),
    };
    let content = html! {
        (section("export", "Export", &html! { p.hint { "Download all your data. You can import it again later." } }, &data_export::export_form()))
        (section("import", "Import", &html! { p.hint { "Adds the habits and history you don't have yet. Your existing data and your settings stay the same." } }, &html! {
            (data_export::import_form(import))
            (past_imports(page))
        }))
        (section("privacy", "Who can see it", &html! {}, &privacy(page.admins_see_habits)))
        div.danger { (deletion(typed, errors)) }
        script type="module" src=(address("import.js")) {}
    };
    part_page(frame, AccountPart::Data, &content)
}

/// The imports that can be undone, and what came of undoing one.
fn past_imports(page: &DataPage<'_>) -> Markup {
    let requested = if let DataNotice::AskToUndo(id, report) = page.notice { Some((id, report)) } else { None };
    let undone = if let DataNotice::Undone(report) = page.notice { Some(report) } else { None };
    imports_view::past_imports(page.imports, page.zone, requested, undone)
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
