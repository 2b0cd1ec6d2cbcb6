//! Export and import of a person's data, as sections of the account page.

use maud::{Markup, html};

use crate::domain::habits::data_export::{ImportSummary, MAX_FILE_BYTES};

/// The outcome of an uploaded file.
#[derive(Debug, Clone, Copy)]
pub enum ImportOutcome<'a> {
    /// Nothing was changed. The summary says what an import would change.
    Preview(ImportSummary),
    Imported(ImportSummary),
    /// Nothing was changed. The message says why.
    Failed(&'a str),
}

/// The sections of the account page.
pub fn section(outcome: Option<ImportOutcome<'_>>) -> Markup {
    html! {
        section {
            h2 { "Export" }
            p { "Download all your data. You can import it again later." }
            form method="get" action="/api/account/exports/self" data-download {
                button.button.plain type="submit" { "Download my data (JSON)" }
            }
        }
        section #import {
            h2 { "Import" }
            p { "Adds the habits and history you don't have yet. Your existing data and your settings stay the same." }
            (form(outcome))
        }
    }
}

/// The import form. Without JavaScript every result is a new page, and pages cannot fill in a file field, so the file
/// has to be chosen once for the preview and again for the import. The result takes the focus, because it is far down
/// the page.
fn form(outcome: Option<ImportOutcome<'_>>) -> Markup {
    let has_failed = matches!(outcome, Some(ImportOutcome::Failed(_)));
    let description_ids = if has_failed { "file-fault file-hint" } else { "file-hint" };
    html! {
        form.stack method="post" action="/account/import" enctype="multipart/form-data" novalidate data-import {
            div.field {
                label for="file" { "File" }
                input #file type="file" name="file" accept=".json,application/json" aria-describedby=(description_ids)
                    aria-invalid=[has_failed.then_some("true")] data-most=(MAX_FILE_BYTES) data-too-large=(too_large()) autofocus[has_failed];
                p.hint #file-hint { "A file you exported from this or an earlier version of Atlas." }
                // The script replaces the result with later ones, and screen readers announce them.
                div #import-answer role="status" { @if let Some(outcome) = outcome { (result(outcome)) } }
            }
            div.actions {
                button.button.plain type="submit" name="what" value="check" { "Preview" }
                button.button type="submit" name="what" value="import" { "Import" }
            }
        }
    }
}

/// The message for a file that is too large. The script shows it without sending the file.
pub fn too_large() -> String {
    format!("This file is too large. The limit is {} MB.", MAX_FILE_BYTES >> 20)
}

fn result(outcome: ImportOutcome<'_>) -> Markup {
    match outcome {
        ImportOutcome::Failed(message) => html! { p.fault #file-fault { (message) } },
        ImportOutcome::Preview(summary) => html! {
            div.notice.report tabindex="-1" autofocus {
                strong { "Nothing has been changed yet." }
                (changes(summary, "would be added"))
                p.hint data-plain { "To import it, choose the file again." }
            }
        },
        ImportOutcome::Imported(summary) => html! {
            div.notice.report tabindex="-1" autofocus {
                strong { "Import complete." }
                (changes(summary, "added"))
            }
        },
    }
}

fn changes(summary: ImportSummary, added: &str) -> Markup {
    let skipped = summary.completions_without_habit;
    html! {
        ul {
            li { (count(summary.habits_added, "habit")) " " (added) }
            @if summary.habits_known > 0 { li { (count(summary.habits_known, "habit")) " already in your account" } }
            li { (count(summary.completions_added, "completed day")) " " (added) }
            @if summary.completions_known > 0 { li { (count(summary.completions_known, "completed day")) " already in your account" } }
            @if skipped > 0 { li { (count(skipped, "completed day")) " skipped, because the file doesn't contain the habit" } }
        }
    }
}

fn count(number: usize, noun: &str) -> String {
    match number {
        0 => format!("No {noun}s"),
        1 => format!("1 {noun}"),
        _ => format!("{number} {noun}s"),
    }
}
