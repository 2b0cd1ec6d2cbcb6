//! The forms that export and import a person's data.

use maud::{Markup, html};

use crate::domain::habits::data_export::{MAX_FILE_BYTES, MAX_UPLOAD_BYTES};
use crate::domain::habits::import_report::{HabitMatch, HabitOutcome, ImportReport};
use crate::domain::habits::imported_habit::ImportNote;
use crate::exchange::table_columns::{TableColumns, TableSample};
use crate::web::ui::form::{options, select};

/// The outcome of an uploaded file.
#[derive(Debug, Clone)]
pub enum ImportOutcome {
    /// Nothing was changed. The report says what an import would change.
    Preview(ImportReport, KeptFile),
    /// Nothing was changed. The user has to say what the columns of the table are.
    UnknownColumns(TableSample, KeptFile),
    Imported(ImportReport),
    /// Nothing was changed. The message says why.
    Failed(String),
}

/// A file that can be imported without choosing it again.
#[derive(Debug, Clone)]
pub struct KeptFile {
    /// `None` when the file is too large to be kept.
    pub digest: Option<String>,
    /// What the user said about the columns.
    pub columns: Option<TableColumns>,
}

/// The most repaired or skipped habits that are listed; a count replaces the others.
const MAX_LISTED_NOTES: usize = 50;

/// The form that downloads the export.
pub fn export_form() -> Markup {
    html! {
        form method="get" action="/api/account/exports/self" data-download {
            button.button.plain type="submit" { "Download my data (JSON)" }
            details {
                summary { "For other programs" }
                p.hint { "These contain your habits and days, but not everything that Atlas knows. Loop Habit Tracker imports its backup." }
                div.actions {
                    button.button.plain type="submit" name="format" value="loop" { "Loop Habit Tracker backup (.db)" }
                    button.button.plain type="submit" name="format" value="loop-csv" { "Loop Habit Tracker tables (.zip)" }
                    button.button.plain type="submit" name="format" value="csv" { "Spreadsheet (CSV)" }
                }
            }
        }
    }
}

/// The import form. Without JavaScript every result is a new page, and pages cannot fill in a file field, so the file
/// has to be chosen once for the preview and again for the import. The result takes the focus, because it is far down
/// the page.
pub fn import_form(outcome: Option<&ImportOutcome>) -> Markup {
    let has_failed = matches!(outcome, Some(ImportOutcome::Failed(_)));
    let description_ids = if has_failed { "file-fault file-hint" } else { "file-hint" };
    html! {
        form.stack method="post" action="/account/import" enctype="multipart/form-data" novalidate data-import {
            div.field {
                label for="file" { "File" }
                input #file type="file" name="file" accept=".json,.gz,.zip,.db,.csv,application/json,application/gzip,application/zip,text/csv" aria-describedby=(description_ids)
                    aria-invalid=[has_failed.then_some("true")] data-most=(MAX_FILE_BYTES) data-too-large=(too_large()) autofocus[has_failed];
                p.hint #file-hint { "A file you exported from Atlas or from another habit tracker, such as a full backup from Loop Habit Tracker." }
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

/// The message for a file that is too large. The script, which compresses files, shows it without sending one.
pub fn too_large() -> String {
    let (most, compressed) = (MAX_UPLOAD_BYTES >> 20, MAX_FILE_BYTES >> 20);
    format!("This file is too large. The limit is {most} MB, or {compressed} MB before compression with gzip.")
}

fn result(outcome: &ImportOutcome) -> Markup {
    match outcome {
        ImportOutcome::Failed(message) => html! { p.fault #file-fault { (message) } },
        ImportOutcome::Preview(report, kept) => html! {
            div.notice.report tabindex="-1" autofocus {
                strong { "Nothing has been changed yet." }
                (changes(report, "would be added"))
                (kept_file(kept))
            }
        },
        ImportOutcome::UnknownColumns(sample, kept) => html! {
            div.notice.report tabindex="-1" autofocus {
                strong { "Which columns are these?" }
                (column_choice(sample))
                (kept_file(kept))
            }
        },
        ImportOutcome::Imported(report) => html! {
            div.notice.report tabindex="-1" autofocus {
                strong { "Import complete." }
                (changes(report, "added"))
            }
        },
    }
}

/// The fields by which the next request finds the file.
fn kept_file(kept: &KeptFile) -> Markup {
    let columns = kept.columns.map(|columns| {
        let column = |name: &'static str, at: Option<usize>| at.map(|at| (name, at));
        let TableColumns { date, habit, value, note } = columns;
        [
            column("dateColumn", Some(date)),
            column("habitColumn", habit),
            column("valueColumn", value),
            column("noteColumn", note),
        ]
    });
    html! {
        @match &kept.digest {
            Some(digest) => input type="hidden" name="kept" value=(digest);,
            None => p.hint data-plain { "To import it, choose the file again." }
        }
        @for (name, at) in columns.into_iter().flatten().flatten() { input type="hidden" name=(name) value=(at); }
    }
}

/// Lists to choose the columns of a table from, and its first rows.
fn column_choice(sample: &TableSample) -> Markup {
    let numbers: Vec<String> = (0..sample.columns.len()).map(|at| at.to_string()).collect();
    let named = numbers.iter().map(String::as_str).zip(sample.columns.iter().map(String::as_str));
    let list = |name: &'static str, label: &str, none: Option<&'static str>| {
        let all = none.map(|text| ("", text)).into_iter().chain(named.clone());
        select(name, label, &options(all, ""), None, &[])
    };
    html! {
        p.hint { "Atlas doesn't know the columns of this table. Choose them, then preview it again." }
        (list("dateColumn", "Date", None))
        (list("habitColumn", "Habit", Some("All rows are one habit")))
        (list("valueColumn", "Value", Some("Every row is a completed day")))
        (list("noteColumn", "Note", Some("None")))
        div.wide tabindex="0" role="region" aria-label="First rows of the table" {
            table {
                thead { tr { @for column in &sample.columns { th scope="col" dir="auto" { (column) } } } }
                tbody { @for row in &sample.rows { tr { @for cell in row { td dir="auto" { (cell) } } } } }
            }
        }
    }
}

fn changes(report: &ImportReport, added: &str) -> Markup {
    let ImportReport { changes: summary, completions, .. } = report;
    let completed_days = |number, what: &str| {
        html! { @if number > 0 { li { (count(number, "completed day")) " " (what) } } }
    };
    html! {
        @if let Some(program) = report.program { p { "This file is from " (program) "." } }
        @else if report.is_foreign { p { "This file wasn't exported from this Atlas, or it was changed since. Check that you trust it." } }
        ul {
            li { (count(summary.habits_added, "habit")) " " (added) }
            @if summary.habits_known > 0 { li { (count(summary.habits_known, "habit")) " already in your account" } }
            li { (count(summary.completions_added, "completed day")) " " (added) }
            (completed_days(summary.completions_known, "already in your account"))
            (completed_days(summary.completions_without_habit, "skipped, because the file doesn't contain the habit"))
            (completed_days(completions.of_skipped_habits, "skipped together with the habit"))
            (completed_days(completions.of_amount_habits, "skipped, because your habit counts amounts and the file has none for it"))
            (completed_days(completions.in_future, "skipped, because the day is in the future"))
            (completed_days(completions.unreadable, "skipped, because the date can't be read"))
            @if report.day_logs.added > 0 { li { (count(report.day_logs.added, "day")) " with a note, a skip, or an amount " (added) } }
            @if report.pauses_added > 0 { li { (count(report.pauses_added, "pause")) " of all habits " (added) } }
            @if report.day_logs.repaired > 0 { li { (count(report.day_logs.repaired, "day")) " on which a note was shortened, or an amount couldn't be read" } }
            (completed_days(completions.before_habit, "from before the habit began, not part of any streak"))
        }
        @if report.is_too_large_to_undo { p.hint { "This import is so large that it can't be undone." } }
        @if report.program.is_some() { (outcomes(&report.habits)) }
        (notes("Not imported", &report.left_out))
        (notes("Skipped habits", &report.skipped))
        (notes("Repaired habits", &report.repairs))
    }
}

/// What becomes of each habit of another program.
fn outcomes(habits: &[HabitOutcome]) -> Markup {
    let more = habits.len().saturating_sub(MAX_LISTED_NOTES);
    html! {
        details open[habits.len() <= 10] {
            summary { "By habit" }
            ul {
                @for habit in habits.iter().take(MAX_LISTED_NOTES) {
                    li { strong dir="auto" { (habit.title) } ": " (describe(habit)) }
                }
                @if more > 0 { li { "And " (more) " more" } }
            }
        }
    }
}

fn describe(habit: &HabitOutcome) -> String {
    let target = match habit.outcome {
        HabitMatch::Added => "new habit",
        HabitMatch::Known => "already in your account",
        HabitMatch::SameName => "added to your habit of the same name",
    };
    let mut parts = vec![target.to_owned()];
    if habit.completions_added > 0 || habit.day_logs_added == 0 {
        parts.push(count(habit.completions_added, "new completed day").to_lowercase());
    }
    if habit.day_logs_added > 0 {
        parts.push(format!("{} with a note, a skip, or an amount", count(habit.day_logs_added, "new day")));
    }
    if habit.completions_known > 0 {
        parts.push(format!("{} already there", habit.completions_known));
    }
    parts.join(", ")
}

fn notes(heading: &str, notes: &[ImportNote]) -> Markup {
    let more = notes.len().saturating_sub(MAX_LISTED_NOTES);
    html! {
        @if !notes.is_empty() {
            p { (heading) ":" }
            ul {
                @for note in notes.iter().take(MAX_LISTED_NOTES) {
                    li { @if !note.habit.is_empty() { strong { (note.habit) } ": " } (note.message) }
                }
                @if more > 0 { li { "And " (more) " more" } }
            }
        }
    }
}

/// "No habits", "1 habit", "3,410 habits".
pub fn count(number: usize, noun: &str) -> String {
    match number {
        0 => format!("No {noun}s"),
        1 => format!("1 {noun}"),
        _ => format!("{} {noun}s", group_digits(number)),
    }
}

fn group_digits(number: usize) -> String {
    if number < 1_000 { number.to_string() } else { format!("{},{:03}", group_digits(number / 1_000), number % 1_000) }
}
