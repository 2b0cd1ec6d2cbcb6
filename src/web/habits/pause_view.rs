//! The dialog that pauses a habit or all habits, and what pages say of pauses.

use maud::{Markup, html};

use crate::app::habits::pauses::PauseScope;
use crate::domain::{Day, FieldError, Pause, Pauses};
use crate::web::ui::confirm_dialog::QUESTION_ID;
use crate::web::ui::date::{DateStyle, format_date, format_range, format_upcoming};
use crate::web::ui::form::{description_ids, field_notes, find_error, has_first_error};

/// The values of the form.
#[derive(Debug, Clone, Default)]
pub struct PauseInput {
    pub first: String,
    pub last: String,
}

impl PauseInput {
    /// The form before anything is typed.
    pub fn starting_on(day: Day) -> Self {
        Self { first: day.to_string(), last: String::new() }
    }
}

/// The path of the forms that change the pauses.
fn pauses_path(scope: PauseScope) -> String {
    match scope {
        PauseScope::AllHabits => "/pauses".to_owned(),
        PauseScope::Habit(id) => format!("/habits/{id}/pauses"),
    }
}

/// What follows the word "paused" if a pause contains `today`: " until Friday", or nothing without an end.
pub fn describe_end(pauses: &Pauses, today: Day) -> Option<String> {
    let until = pauses.find(today)?.until();
    Some(until.map(|until| format!(" until {}", format_upcoming(until, today))).unwrap_or_default())
}

/// "Dec 24, 2026 – Jan 2, 2027", or "from December 24, 2026".
fn describe_days(pause: Pause) -> String {
    match pause.last {
        Some(last) => format_range(pause.first, last),
        None => format!("from {}", format_date(pause.first, DateStyle::Long)),
    }
}

/// The button that ends the current pause. `from` is the page to return to.
pub fn resume_form(scope: PauseScope, from: &str, name: &str) -> Markup {
    html! {
        form method="post" action={ (pauses_path(scope)) "/resume" } {
            input type="hidden" name="from" value=(from);
            button.quiet type="submit" aria-label=(name) { "Resume now" }
        }
    }
}

/// When all habits are or will be paused, and the button that opens `dialog`.
pub fn pause_all_line(pauses: &Pauses, today: Day, dialog: &Markup) -> Markup {
    let current = describe_end(pauses, today);
    let next = pauses.from_day(today).next();
    html! {
        div.pause-all data-row {
            div.pause-line {
                @if let Some(text) = &current { p { "All habits are paused" (text) "." } }
                @else if let Some(pause) = next { p { "All habits will be paused " (describe_days(pause)) "." } }
                @if current.is_some() { (resume_form(PauseScope::AllHabits, "/habits", "Resume all habits now")) }
                form method="get" action={ "/habits#" (QUESTION_ID) } data-open {
                    input type="hidden" name="pause" value="all";
                    button.quiet type="submit" { (if next.is_some() { "Change pause" } else { "Pause all habits" }) }
                }
            }
            (dialog)
        }
    }
}

/// The dialog, open in the page. With JavaScript, `row-forms.js` shows it above the page.
pub fn pause_dialog(
    scope: PauseScope,
    pauses: &Pauses,
    today: Day,
    input: &PauseInput,
    errors: &[FieldError],
) -> Markup {
    let (question, button, cancel) = match scope {
        PauseScope::AllHabits => ("Pause all habits", "Pause all habits", "/habits#page-title".to_owned()),
        PauseScope::Habit(id) => ("Pause this habit", "Pause habit", format!("/habits#actions-{id}")),
    };
    let path = pauses_path(scope);
    html! {
        dialog.row-form.confirm.pause-dialog open aria-labelledby=(QUESTION_ID) {
            h2 id=(QUESTION_ID) tabindex="-1" { (question) }
            p { "Paused days don't break streaks or lower any rate. What you do on them still counts." }
            (upcoming(&path, pauses, today))
            form.stack method="post" action=(path) novalidate {
                div.pause-dates {
                    (date_field("first", "First day", &input.first, errors))
                    (date_field("last", "Last day (optional)", &input.last, errors))
                }
                div.actions {
                    button.button type="submit" { (button) }
                    a.button.plain href=(cancel) data-cancel { "Cancel" }
                }
            }
        }
    }
}

/// The pauses that aren't over, each with a button that ends or removes it.
fn upcoming(path: &str, pauses: &Pauses, today: Day) -> Markup {
    let upcoming: Vec<Pause> = pauses.from_day(today).collect();
    html! {
        @if !upcoming.is_empty() {
            ul.pause-list {
                @for pause in upcoming {
                    @let days = describe_days(pause);
                    @let is_current = pause.first <= today;
                    li {
                        span { (if is_current { "Now: " } else { "" }) (days) }
                        form method="post" action={ (path) (if is_current { "/resume" } else { "/remove" }) } {
                            @if !is_current {
                                input type="hidden" name="first" value=(pause.first);
                                @if let Some(last) = pause.last { input type="hidden" name="last" value=(last); }
                            }
                            button.quiet type="submit" aria-label=[(!is_current).then(|| format!("Remove pause {days}"))] {
                                (if is_current { "Resume now" } else { "Remove" })
                            }
                        }
                    }
                }
            }
        }
    }
}

fn date_field(name: &'static str, label: &str, value: &str, errors: &[FieldError]) -> Markup {
    let error = find_error(name, errors);
    let id = format!("pause-{name}");
    html! {
        div.field {
            label for=(id) { (label) }
            input id=(id) name=(name) type="date" value=[(!value.is_empty()).then_some(value)] autocomplete="off"
                aria-describedby=[description_ids("pause-", name, false, error.is_some())]
                aria-invalid=[error.map(|_| "true")] autofocus[has_first_error(name, errors)];
            (field_notes("pause-", name, None, error))
        }
    }
}
