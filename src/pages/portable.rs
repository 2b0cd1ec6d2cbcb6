//! A person's data as one file: taken away, looked into, brought back.

use maud::{Markup, html};

use crate::domain::portable::{Brought, LARGEST};

/// What became of a file that was sent.
#[derive(Debug, Clone, Copy)]
pub enum Outcome<'a> {
    /// Nothing was changed; this would be.
    Checked(Brought),
    /// This was changed.
    Imported(Brought),
    /// Nothing was changed, because of this.
    Refused(&'a str),
}

/// The part of the account page about taking data away and bringing it back.
pub fn section(outcome: Option<Outcome<'_>>) -> Markup {
    html! {
        section {
            h2 { "Your data" }
            p { "Everything you did here, as one file that can be brought back." }
            form method="get" action="/api/account/exports/self" {
                button.button.plain type="submit" { "Download my data (JSON)" }
            }
        }
        section #import {
            h2 { "Bring a file back" }
            p { "It adds the habits and ticks you do not have. What you have stays as it is, and so do your settings." }
            (form(outcome))
        }
    }
}

/// Without the script an answer is a new page, and no page may fill in a file: it is chosen once to look and once to import.
/// What is new on that page takes the focus, for it is far down.
fn form(outcome: Option<Outcome<'_>>) -> Markup {
    let is_refused = matches!(outcome, Some(Outcome::Refused(_)));
    let described = if is_refused { "file-fault file-hint" } else { "file-hint" };
    html! {
        form.stack method="post" action="/account/import" enctype="multipart/form-data" novalidate data-import {
            div.field {
                label for="file" { "File" }
                input #file type="file" name="file" accept=".json,application/json" aria-describedby=(described)
                    aria-invalid=[is_refused.then_some("true")] data-most=(LARGEST) data-too-large=(too_large()) autofocus[is_refused];
                p.hint #file-hint { "The one you downloaded here, or from the Atlas before this one." }
                // The script puts later answers in the place of this one, and they are read aloud.
                div #import-answer role="status" { @if let Some(outcome) = outcome { (answer(outcome)) } }
            }
            div.actions {
                button.button.plain type="submit" name="what" value="check" { "See what would change" }
                button.button type="submit" name="what" value="import" { "Import" }
            }
        }
    }
}

/// What is said of a file that is too large; the script says it without sending the file.
pub fn too_large() -> String {
    format!("This file is too large: {} MB is the most.", LARGEST >> 20)
}

fn answer(outcome: Outcome<'_>) -> Markup {
    match outcome {
        Outcome::Refused(why) => html! { p.fault #file-fault { (why) } },
        Outcome::Checked(brought) => html! {
            div.notice.report tabindex="-1" autofocus {
                strong { "Nothing is changed yet." }
                (changes(brought, "would be added"))
                p.hint data-plain { "To import it, choose the file once more." }
            }
        },
        Outcome::Imported(brought) => html! {
            div.notice.report tabindex="-1" autofocus {
                strong { "The file is imported." }
                (changes(brought, "added"))
            }
        },
    }
}

fn changes(brought: Brought, added: &str) -> Markup {
    let left_out = brought.completions_without_habit;
    html! {
        ul {
            li { (count(brought.habits_added, "habit")) " " (added) }
            @if brought.habits_known > 0 { li { (count(brought.habits_known, "habit")) " here already" } }
            li { (count(brought.completions_added, "tick")) " " (added) }
            @if brought.completions_known > 0 { li { (count(brought.completions_known, "tick")) " here already" } }
            @if left_out > 0 { li { (count(left_out, "tick")) " left out: the file does not have the habit" } }
        }
    }
}

fn count(number: usize, what: &str) -> String {
    match number {
        0 => format!("No {what}s"),
        1 => format!("1 {what}"),
        _ => format!("{number} {what}s"),
    }
}
