//! The notes on the page of a habit, and of the day that is open in the calendar: a form for a new one, and each with a link that
//! opens its form. assets/notes.js opens and sends the forms without leaving the page.

use maud::{Markup, html};

use crate::app::habits::notes::{DayNote, NoteKey, NotesPage};
use crate::domain::habits::day_log::MAX_NOTE_CHARS;
use crate::domain::text_search::TextSearch;
use crate::domain::{Day, Habit};
use crate::web::assets::embedded::address;
use crate::web::notes::input::NoteFormInput;
use crate::web::ui::date::{DateStyle, format_date};
use crate::web::ui::form::{alert, description_ids, field_notes, find_error, has_first_error};
use crate::web::ui::habit_mark::{habit_color, habit_mark};
use crate::web::ui::markdown::render_markdown;

/// What a list says of a note besides its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoteHead {
    /// On the page of a habit.
    Day,
    /// In the list of a day.
    Habit,
}

/// The script of pages with notes.
pub fn script() -> Markup {
    html! { script type="module" src=(address("notes.js")) {} }
}

/// The part of a habit's page. `page_address` is that of the page.
pub fn habit_notes(
    habit: &Habit,
    page: &NotesPage,
    today: Day,
    page_address: &str,
    input: Option<&NoteFormInput>,
) -> Markup {
    let is_new = |day: Day| page.notes.first().is_none_or(|newest| newest.day != day);
    let blank = NoteFormInput::new(Some(today).filter(|day| is_new(*day)));
    let new = input.filter(|input| !page.notes.iter().any(|note| input.edits(note)));
    html! {
        (script())
        section.part.notes #notes-part data-notes aria-labelledby="notes" {
            div.part-head {
                h2 #notes { "Notes" }
                @if !page.notes.is_empty() { a.part-link href={ "/notes?habit=" (habit.id) } { "Search notes" } }
            }
            @if habit.is_active() || new.is_some() {
                (new_note(new.is_some(), &html! {
                    input type="hidden" name="habitId" value=(habit.id);
                    (date_field(new.unwrap_or(&blank), today))
                }, new.unwrap_or(&blank), page_address))
            }
            @if page.notes.is_empty() {
                p.hint { "No notes yet. Write down how a day went, and it appears here and in the year above." }
            } @else {
                ul.note-list { @for note in &page.notes { (entry(note, NoteHead::Day, page_address, None, input)) } }
                @if page.next.is_some() { p { a.part-link href={ "/notes?habit=" (habit.id) } { "All notes of this habit" } } }
            }
        }
    }
}

/// The notes of a day in the calendar. `without_note` are the habits that can get one.
pub fn day_notes(
    day: Day,
    notes: &[DayNote],
    without_note: &[Habit],
    page_address: &str,
    input: Option<&NoteFormInput>,
) -> Markup {
    let blank = NoteFormInput::new(Some(day));
    let new = input.filter(|input| !notes.iter().any(|note| input.edits(note)));
    html! {
        (script())
        div.notes-part #notes-part data-notes {
            @if !notes.is_empty() || !without_note.is_empty() || new.is_some() {
                section.notes aria-labelledby="notes" {
                    h3 #notes { "Notes" }
                    @if !notes.is_empty() {
                        ul.note-list { @for note in notes { (entry(note, NoteHead::Habit, page_address, None, input)) } }
                    }
                    @if !without_note.is_empty() || new.is_some() {
                        (new_note(new.is_some(), &html! {
                            input type="hidden" name="date" value=(day);
                            (habit_field(new.unwrap_or(&blank), without_note))
                        }, new.unwrap_or(&blank), page_address))
                    }
                }
            }
        }
    }
}

/// One note. `input` is the form that is open, maybe for this note.
pub fn entry(
    note: &DayNote,
    head: NoteHead,
    page_address: &str,
    search: Option<&TextSearch>,
    input: Option<&NoteFormInput>,
) -> Markup {
    let DayNote { day, habit, note: text } = note;
    let key = NoteKey { day: *day, habit: habit.id };
    let date = format_date(*day, DateStyle::Full);
    let input = input.filter(|input| input.edits(note));
    let edit_label = match head {
        NoteHead::Day => format!("Edit the note of {date}"),
        NoteHead::Habit => format!("Edit the note on {}", habit.title.as_str()),
    };
    html! {
        li.note data-color=[habit_color(habit)] {
            div.note-head {
                @match head {
                    NoteHead::Day => a href={ "/calendar/" (day) } { time datetime=(day) { (date) } },
                    NoteHead::Habit => span.note-habit { (habit_mark(habit)) a href={ "/habits/" (habit.id) } dir="auto" { (habit.title) } },
                }
                @if input.is_none() {
                    a.quiet href=(edit_address(note, head, page_address)) data-edit-note=(key) aria-label=(edit_label) { "Edit" }
                }
            }
            @match input {
                Some(input) => (edit_form(note, page_address, input)),
                None => div.note-text { (render_markdown(text.as_str(), search)) },
            }
        }
    }
}

/// The address of the page with the form of the note.
fn edit_address(note: &DayNote, head: NoteHead, page_address: &str) -> String {
    let separator = if page_address.contains('?') { '&' } else { '?' };
    match head {
        NoteHead::Day => format!("{page_address}{separator}note={}#notes", note.day),
        NoteHead::Habit => format!("{page_address}{separator}note={}#notes", note.habit.id),
    }
}

/// The form for a new note, folded until it is opened.
fn new_note(is_open: bool, fields: &Markup, input: &NoteFormInput, page_address: &str) -> Markup {
    html! {
        details.more-options.note-new open[is_open] {
            summary { "Add note" }
            form.note-form.stack method="post" action="/notes" data-note-form="new" novalidate {
                input type="hidden" name="from" value=(page_address);
                (fields)
                (text_field("new-", input))
                p.actions { button.button.plain type="submit" { "Save note" } }
            }
        }
    }
}

fn edit_form(note: &DayNote, page_address: &str, input: &NoteFormInput) -> Markup {
    let other_error = input.errors.iter().find(|error| error.field != "note");
    html! {
        form.note-form.stack method="post" action="/notes" data-note-form=(NoteKey { day: note.day, habit: note.habit.id }) novalidate {
            input type="hidden" name="from" value=(page_address);
            input type="hidden" name="habitId" value=(note.habit.id);
            input type="hidden" name="date" value=(note.day);
            input type="hidden" name="replaces" value=(input.replaces);
            @if let Some(error) = other_error { (alert(&error.message)) }
            (text_field("edit-", input))
            p.actions {
                button.button.plain type="submit" { "Save note" }
                a.quiet href={ (page_address) "#notes" } data-cancel { "Cancel" }
                button.quiet type="submit" name="delete" value="true" { "Delete note" }
            }
        }
    }
}

fn text_field(prefix: &str, input: &NoteFormInput) -> Markup {
    let error = find_error("note", &input.errors);
    let description = description_ids(prefix, "note", true, error.is_some());
    html! {
        div.field {
            label for={ (prefix) "note" } { "Note" }
            textarea id={ (prefix) "note" } name="note" rows="4" maxlength=(MAX_NOTE_CHARS) dir="auto" aria-describedby=[description]
                aria-invalid=[error.map(|_| "true")] autofocus[has_first_error("note", &input.errors) || (input.is_edit() && input.errors.is_empty())] { (input.note) }
            (field_notes(prefix, "note", Some("**bold**, *italic*, lists, and links work."), error))
        }
    }
}

fn date_field(input: &NoteFormInput, today: Day) -> Markup {
    let error = find_error("date", &input.errors);
    html! {
        div.field {
            label for="new-date" { "Day" }
            input #new-date type="date" name="date" value=(input.date) max=(today) required aria-describedby=[description_ids("new-", "date", false, error.is_some())]
                aria-invalid=[error.map(|_| "true")] autofocus[has_first_error("date", &input.errors)];
            (field_notes("new-", "date", None, error))
        }
    }
}

fn habit_field(input: &NoteFormInput, habits: &[Habit]) -> Markup {
    let error = find_error("habitId", &input.errors).or_else(|| find_error("date", &input.errors));
    html! {
        div.field {
            label for="new-habitId" { "Habit" }
            select #new-habitId name="habitId" aria-describedby=[description_ids("new-", "habitId", false, error.is_some())]
                aria-invalid=[error.map(|_| "true")] {
                @for habit in habits { option value=(habit.id) selected[habit.id.to_string() == input.habit] { (habit.title) } }
            }
            (field_notes("new-", "habitId", None, error))
        }
    }
}
