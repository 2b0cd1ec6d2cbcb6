//! The habits page with the forms to create and edit a habit, and the archive.

use maud::{Markup, html};

use crate::domain::calendar::weekdays::SHORT_NAMES;
use crate::domain::{FieldError, Habit, HabitId};
use crate::web::assets::embedded::address;
use crate::web::habits::appearance_fields::{Appearance, appearance_fields};
use crate::web::ui::form::{Field, alert, description_ids, field, field_notes, find_error, text_area};
use crate::web::ui::layout::{Frame, NavItem, document};
use crate::web::ui::page_head::page_head;

/// The values of the form of a habit.
#[derive(Debug, Clone)]
pub struct HabitFormInput {
    pub title: String,
    pub description: String,
    /// ISO numbers of the days of the week: Monday is 1, Sunday is 7.
    pub weekdays: Vec<i64>,
    /// The name of a color, or nothing.
    pub color: String,
    pub emoji: String,
}

impl Default for HabitFormInput {
    /// An empty form, with every day of the week selected.
    fn default() -> Self {
        Self {
            title: String::new(),
            description: String::new(),
            weekdays: (1..=7).collect(),
            color: String::new(),
            emoji: String::new(),
        }
    }
}

impl From<&Habit> for HabitFormInput {
    fn from(habit: &Habit) -> Self {
        Self {
            title: habit.title.as_str().to_owned(),
            description: habit.description.as_ref().map(|text| text.as_str().to_owned()).unwrap_or_default(),
            weekdays: habit.schedule.weekdays().iso_numbers().into_iter().map(i64::from).collect(),
            color: habit.color.map(|color| color.as_str().to_owned()).unwrap_or_default(),
            emoji: habit.emoji.as_ref().map(|emoji| emoji.as_str().to_owned()).unwrap_or_default(),
        }
    }
}

/// The form that is open on the page, besides the empty one for a new habit.
#[derive(Debug, Clone, Default)]
pub enum OpenForm {
    #[default]
    None,
    /// The form for a new habit, with values that had errors.
    Create(HabitFormInput),
    /// The form of an existing habit.
    Edit(HabitId, HabitFormInput),
    /// The dialog that confirms archiving.
    Archive(HabitId),
}

/// What the habits page shows.
pub struct HabitsPage<'a> {
    /// The active habits in the order the person chose.
    pub habits: &'a [Habit],
    pub archived_count: usize,
    pub open: OpenForm,
    /// The errors of the open form.
    pub errors: &'a [FieldError],
    /// An error that concerns the whole page.
    pub alert: Option<&'a str>,
}

/// The habits page.
pub fn page(frame: &Frame<'_>, page: &HabitsPage<'_>) -> Markup {
    let (new_habit, errors) = match &page.open {
        OpenForm::Create(input) => (input.clone(), page.errors),
        _ => (HabitFormInput::default(), &[][..]),
    };
    let is_editing = matches!(page.open, OpenForm::Edit(..));
    let submit = html! { button.button type="submit" { "Create habit" } };
    let new_habit_section = html! {
        section.new-habit {
            h2 { "New habit" }
            (habit_form("/habits", "", &new_habit, errors, &submit))
        }
    };
    document(
        frame,
        "Habits",
        NavItem::Habits,
        &html! {
            div.habits {
                (page_head("Habits", &html! {}))
                @if let Some(message) = page.alert { (alert(message)) }
                // A form for one habit comes after the form for a new one, as scripts written for the predecessor expect.
                @if is_editing { (new_habit_section) }
                @if page.habits.is_empty() {
                    p.lead.empty-line { "No habits yet. Start with something small." }
                } @else {
                    ul.habit-list data-order {
                        @for (index, habit) in page.habits.iter().enumerate() { (row(page, index, habit)) }
                    }
                }
                @if page.archived_count > 0 {
                    p { a href="/habits/archive" { "Archive (" (page.archived_count) ")" } }
                }
                @if !is_editing { (new_habit_section) }
            }
            script type="module" src=(address("habits.js")) {}
        },
    )
}

fn row(page: &HabitsPage<'_>, index: usize, habit: &Habit) -> Markup {
    let open = match &page.open {
        OpenForm::Edit(id, input) if *id == habit.id => edit_form(habit, input, page.errors),
        OpenForm::Archive(id) if *id == habit.id => archive_dialog(habit),
        _ => html! {},
    };
    let title = habit.title.as_str();
    html! {
        li.habit data-habit=(habit.id) data-habit-title=(habit.title) {
            div.habit-line {
                div.habit-text {
                    a.habit-title id={ "habit-" (habit.id) } href={ "/habits/" (habit.id) } { (habit.title) }
                    @if let Some(description) = &habit.description { span.habit-about { (description) } }
                    span.habit-days { (habit.schedule.weekdays().summary()) }
                }
                div.habit-actions {
                    @if page.habits.len() > 1 { (move_buttons(habit, index, page.habits.len())) }
                    (open_button("edit", "edit-title", "Edit", &format!("Edit {title}"), habit))
                    (open_button("delete", "archive-title", "Archive", &format!("Archive {title} (delete from this list)"), habit))
                }
            }
            (open)
        }
    }
}

/// Buttons that move a habit, for everyone who cannot drag it. They work without JavaScript.
fn move_buttons(habit: &Habit, index: usize, count: usize) -> Markup {
    let title = habit.title.as_str();
    html! {
        form.habit-move method="post" action={ "/habits/" (habit.id) "/move" } data-move {
            button.quiet type="submit" name="direction" value="up" aria-label={ "Move " (title) " up" } disabled[index == 0] { "Up" }
            button.quiet type="submit" name="direction" value="down" aria-label={ "Move " (title) " down" } disabled[index + 1 == count] { "Down" }
        }
    }
}

/// A button that opens a form of a habit. It loads the page again, so it works without JavaScript. `name` is the
/// accessible name, and the element with the id `focus` gets the focus.
fn open_button(parameter: &str, focus: &str, label: &str, name: &str, habit: &Habit) -> Markup {
    html! {
        form method="get" action={ "/habits#" (focus) } {
            input type="hidden" name=(parameter) value=(habit.id);
            button.quiet type="submit" aria-label=(name) { (label) }
        }
    }
}

fn edit_form(habit: &Habit, input: &HabitFormInput, errors: &[FieldError]) -> Markup {
    let submit = html! {
        p.hint { "Changes apply from today. Past days keep their schedule." }
        div.actions {
            button.button type="submit" { "Save changes" }
            a.button.plain href="/habits" { "Cancel" }
        }
    };
    html! {
        div.habit-open { (habit_form(&format!("/habits/{}", habit.id), "edit-", input, errors, &submit)) }
    }
}

fn archive_dialog(habit: &Habit) -> Markup {
    html! {
        div.habit-open role="dialog" aria-labelledby="archive-title" {
            h2 #archive-title tabindex="-1" { "Archive this habit?" }
            p { "It moves to the archive with its history. You can restore it anytime." }
            form.actions method="post" action={ "/habits/" (habit.id) "/archive" } {
                button.button type="submit" aria-label="Archive habit (delete habit from your lists)" { "Archive habit" }
                a.button.plain href="/habits" { "Cancel" }
            }
        }
    }
}

/// The form of a habit, which ends with `submit`. `prefix` keeps the ids of two such forms on a page apart.
fn habit_form(
    action: &str,
    prefix: &'static str,
    input: &HabitFormInput,
    errors: &[FieldError],
    submit: &Markup,
) -> Markup {
    let title = Field {
        name: "title",
        label: "Title",
        input_type: "text",
        value: &input.title,
        autocomplete: "off",
        hint: None,
    };
    let weekdays_error = find_error("weekdays", errors);
    html! {
        form.stack method="post" action=(action) novalidate {
            (field(prefix, &title, errors))
            (text_area(prefix, "description", "Description (optional)", &input.description, errors))
            fieldset.field.weekdays aria-describedby=[description_ids(prefix, "weekdays", false, weekdays_error.is_some())] {
                legend { "Days" }
                div.pills {
                    @for (number, name) in SHORT_NAMES {
                        label.pill {
                            input type="checkbox" name="weekdays" value=(number) checked[input.weekdays.contains(&i64::from(number))];
                            span { (name) }
                        }
                    }
                }
                div.presets data-presets hidden {
                    button.quiet type="button" data-days="1 2 3 4 5 6 7" { "Every day" }
                    button.quiet type="button" data-days="1 2 3 4 5" { "Weekdays" }
                    button.quiet type="button" data-days="6 7" { "Weekends" }
                }
                (field_notes(prefix, "weekdays", None, weekdays_error))
            }
            (appearance_fields(prefix, Appearance { color: &input.color, emoji: &input.emoji }, errors))
            (submit)
        }
    }
}

/// The archive page. `failed_deletion` is a deletion that was not confirmed correctly; `message` concerns the whole
/// page.
pub fn archive(
    frame: &Frame<'_>,
    habits: &[Habit],
    failed_deletion: Option<(HabitId, &[FieldError])>,
    message: Option<&str>,
) -> Markup {
    document(
        frame,
        "Archive",
        NavItem::Habits,
        &html! {
            div.habits {
                (page_head("Archive", &html! {}))
                p.lead { "Archived habits keep their history." }
                @if let Some(message) = message { (alert(message)) }
                @if habits.is_empty() { p.empty-line { "Your archive is empty." } }
                ul.habit-list {
                    @for habit in habits {
                        (archived_row(habit, failed_deletion.filter(|(id, _)| *id == habit.id).map(|(_, errors)| errors)))
                    }
                }
                p { a href="/habits" { "Back to habits" } }
            }
        },
    )
}

fn archived_row(habit: &Habit, deletion_errors: Option<&[FieldError]>) -> Markup {
    let prefix = format!("delete-{}-", habit.id);
    let confirm = Field {
        name: "confirm",
        label: "Type the title to confirm",
        input_type: "text",
        value: "",
        autocomplete: "off",
        hint: None,
    };
    html! {
        li.habit data-habit-title=(habit.title) {
            div.habit-line {
                div.habit-text {
                    a.habit-title href={ "/habits/" (habit.id) } { (habit.title) }
                    span.habit-days { (habit.schedule.weekdays().summary()) }
                }
                div.habit-actions {
                    form method="post" action={ "/habits/" (habit.id) "/restore" } {
                        button.quiet type="submit" aria-label={ "Restore " (habit.title.as_str()) } { "Restore" }
                    }
                }
            }
            details.habit-open open[deletion_errors.is_some()] {
                summary { "Delete" }
                form.stack method="post" action={ "/habits/" (habit.id) "/delete" } novalidate {
                    p { "This deletes the habit and its history. You can't undo it." }
                    (field(&prefix, &confirm, deletion_errors.unwrap_or(&[])))
                    button.button type="submit" aria-label={ "Delete " (habit.title.as_str()) } { "Delete" }
                }
            }
        }
    }
}
