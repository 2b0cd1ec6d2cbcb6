//! The list of imports on the page with a person's data, and the dialog that undoes one.

use maud::{Markup, html};

use crate::domain::habits::import_record::ImportRecord;
use crate::domain::habits::undo_report::{KeptHabit, UndoReport};
use crate::domain::{Day, ImportId, Zone};
use crate::web::data_export::view::count;
use crate::web::ui::confirm_dialog::{ConfirmDialog, QUESTION_ID, confirm_dialog};
use crate::web::ui::date::{DateStyle, format_date};

/// The most habits that are named; a count replaces the others.
const MAX_LISTED: usize = 20;

/// The imports, newest first. `requested` is the one that the dialog is about, with what would change; `undone` is what an undo
/// changed.
pub fn past_imports(
    imports: &[ImportRecord],
    zone: &Zone,
    requested: Option<(ImportId, &UndoReport)>,
    undone: Option<&UndoReport>,
) -> Markup {
    html! {
        div.past-imports #imports {
            @if let Some(report) = undone {
                div.notice.report role="status" tabindex="-1" autofocus {
                    strong { "Import undone." }
                    p { (removed(report)) " removed." }
                    (kept(report))
                }
            }
            @if !imports.is_empty() {
                h3 { "Recent imports" }
                ul.imports { @for import in imports { (row(import, zone, requested)) } }
                p.hint { "You can undo an import for 30 days." }
            }
        }
    }
}

fn row(import: &ImportRecord, zone: &Zone, requested: Option<(ImportId, &UndoReport)>) -> Markup {
    let day = |at| format_date(Day::at(at, zone), DateStyle::Long);
    let source = import.program.as_deref().unwrap_or("Atlas");
    let added = format!("{}, {}", count(import.habits_added, "habit"), count(import.days_added, "day").to_lowercase());
    html! {
        li.import data-row {
            p.import-source { "Imported from " (source) " on " (day(import.imported_at)) }
            p.hint {
                (added)
                @if let Some(at) = import.undone_at { " · Undone on " (day(at)) }
            }
            @if import.undone_at.is_none() {
                form method="get" action={ "/account/data#" (QUESTION_ID) } data-open {
                    input type="hidden" name="undo" value=(import.id);
                    button.quiet type="submit" { "Undo" span.unseen { " the import from " (source) " on " (day(import.imported_at)) } }
                }
            }
            @if let Some((_, report)) = requested.filter(|(id, _)| *id == import.id) { (undo_dialog(import.id, report)) }
        }
    }
}

fn undo_dialog(id: ImportId, report: &UndoReport) -> Markup {
    let stays = match report.kept.len() {
        0 => String::new(),
        1 => " 1 habit stays with what you've changed since.".to_owned(),
        habits => format!(" {habits} habits stay with what you've changed since."),
    };
    confirm_dialog(&ConfirmDialog {
        question: "Undo this import?",
        consequence: &format!("{} will be removed.{stays} You can import the file again later.", removed(report)),
        action: &format!("/account/imports/{id}/undo"),
        button: "Undo import",
        button_name: None,
        is_default: false,
        cancel: "/account/data#import",
    })
}

/// "12 habits and 3,410 days"
fn removed(report: &UndoReport) -> String {
    let (habits, days) = (count(report.habits_removed, "habit"), count(report.days_removed, "day"));
    match (report.habits_removed, report.days_removed) {
        (0, 0) => "Nothing".to_owned(),
        (0, _) => days,
        (_, 0) => habits,
        _ => format!("{habits} and {days}"),
    }
}

/// What stays, habit by habit.
fn kept(report: &UndoReport) -> Markup {
    let more = report.kept.len().saturating_sub(MAX_LISTED);
    html! {
        @if report.are_pauses_kept { p { "Pauses of all habits stay, because you've changed them since." } }
        @if !report.kept.is_empty() {
            p { "Kept, because you've changed it since:" }
            ul {
                @for habit in report.kept.iter().take(MAX_LISTED) {
                    li { strong dir="auto" { (habit.title) } ": " (describe(habit)) }
                }
                @if more > 0 { li { "And " (more) " more" } }
            }
        }
    }
}

fn describe(habit: &KeptHabit) -> String {
    let days = count(habit.days, "day");
    match (habit.is_added, habit.days) {
        (true, 0) => "the habit".to_owned(),
        (true, _) => format!("the habit and {days}"),
        (false, _) => days,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_removed_is_counted_in_words() {
        let report =
            |habits_removed, days_removed| UndoReport { habits_removed, days_removed, ..UndoReport::default() };
        assert_eq!(removed(&report(12, 3_410)), "12 habits and 3,410 days");
        assert_eq!(removed(&report(0, 1)), "1 day");
        assert_eq!(removed(&report(0, 0)), "Nothing");
    }
}
