//! The habits a person keeps: the list first, forms to add and change one, and the archive.

use maud::{Markup, html};

use super::assets::address;
use super::form::{Field, alert, area, described_by, fault_of, field, notes};
use super::layout::{Frame, Here, document};
use crate::domain::weekdays::NAMES;
use crate::domain::{Fault, Habit, HabitId};

/// What was typed about a habit.
#[derive(Debug, Clone)]
pub struct Typed {
    /// Title.
    pub title: String,
    /// Description.
    pub description: String,
    /// ISO numbers of the chosen weekdays.
    pub weekdays: Vec<i64>,
}

impl Default for Typed {
    /// A new habit is for every day until somebody says otherwise.
    fn default() -> Self {
        Self { title: String::new(), description: String::new(), weekdays: (1..=7).collect() }
    }
}

impl From<&Habit> for Typed {
    fn from(habit: &Habit) -> Self {
        Self {
            title: habit.title.as_str().to_owned(),
            description: habit.description.as_ref().map(|text| text.as_str().to_owned()).unwrap_or_default(),
            weekdays: habit.schedule.weekdays().numbers().into_iter().map(i64::from).collect(),
        }
    }
}

/// What is open on the page besides the list.
#[derive(Debug, Clone, Default)]
pub enum Open {
    /// The form for a new habit, with what was typed.
    #[default]
    Nothing,
    /// The same, after a fault.
    Adding(Typed),
    /// The form that changes this habit.
    Changing(HabitId, Typed),
    /// The question whether to put this habit away.
    Leaving(HabitId),
}

/// The page: what is kept, what is open, and what is wrong with what was typed.
pub struct Page<'a> {
    /// The active habits in the person's own order.
    pub habits: &'a [Habit],
    /// How many are in the archive.
    pub archived: usize,
    /// What is open.
    pub open: Open,
    /// What is wrong.
    pub faults: &'a [Fault],
    /// Something about the whole page went wrong.
    pub trouble: Option<&'a str>,
}

/// The list first, the form second.
pub fn page(frame: &Frame<'_>, page: &Page<'_>) -> Markup {
    let adding = match &page.open {
        Open::Adding(typed) => typed.clone(),
        _ => Typed::default(),
    };
    let faults = if matches!(page.open, Open::Adding(_)) { page.faults } else { &[] };
    document(
        frame,
        "Habits",
        Here::Habits,
        &html! {
            div.habits {
                h1 { "Habits" }
                @if let Some(message) = page.trouble { (alert(message)) }
                @if page.habits.is_empty() {
                    p.lead.empty-line { "None yet. Name something small that you would like to do on certain days." }
                } @else {
                    ul.habit-list data-order {
                        @for (index, habit) in page.habits.iter().enumerate() { (row(page, index, habit)) }
                    }
                }
                @if page.archived > 0 {
                    p { a href="/habits/archive" { "Archive (" (page.archived) ")" } }
                }
                section.new-habit {
                    h2 { @if page.habits.is_empty() { "Your first one" } @else { "Add another" } }
                    (plan_form("/habits", "Create habit", "", &adding, faults))
                }
            }
            script type="module" src=(address("habits.js")) {}
        },
    )
}

fn row(page: &Page<'_>, index: usize, habit: &Habit) -> Markup {
    let open = match &page.open {
        Open::Changing(id, typed) if *id == habit.id => change_form(habit, typed, page.faults),
        Open::Leaving(id) if *id == habit.id => leave_form(habit),
        _ => html! {},
    };
    html! {
        li.habit id={ "habit-" (habit.id) } data-habit=(habit.id) data-habit-title=(habit.title) {
            div.habit-line {
                div.habit-text {
                    a.habit-title href={ "/habits/" (habit.id) } { (habit.title) }
                    @if let Some(about) = &habit.description { span.habit-about { (about) } }
                    span.habit-days { (habit.schedule.weekdays().summary()) }
                }
                div.habit-actions {
                    @if page.habits.len() > 1 { (mover(habit, index, page.habits.len())) }
                    (opener("edit", "Edit", habit))
                    (opener("delete", "Delete", habit))
                }
            }
            (open)
        }
    }
}

/// Up and Down, which work without a script and without dragging.
fn mover(habit: &Habit, index: usize, count: usize) -> Markup {
    html! {
        form.habit-move method="post" action={ "/habits/" (habit.id) "/move" } data-move {
            button.quiet type="submit" name="direction" value="up" disabled[index == 0] { "Up" }
            button.quiet type="submit" name="direction" value="down" disabled[index + 1 == count] { "Down" }
        }
    }
}

/// A button that opens something on this page. It asks for the page again, so it needs no script.
fn opener(what: &str, label: &str, habit: &Habit) -> Markup {
    html! {
        form method="get" action="/habits" {
            input type="hidden" name=(what) value=(habit.id);
            button.quiet type="submit" { (label) }
        }
    }
}

fn change_form(habit: &Habit, typed: &Typed, faults: &[Fault]) -> Markup {
    html! {
        div.habit-open {
            (plan_form(&format!("/habits/{}", habit.id), "Save changes", "edit-", typed, faults))
            p.hint { "Other weekdays count from today on. What was planned before stays as it was." }
            p { a href="/habits" { "Leave it as it is" } }
        }
    }
}

fn leave_form(habit: &Habit) -> Markup {
    html! {
        div.habit-open role="dialog" aria-labelledby="leaving" {
            h2 #leaving { "Put this one away?" }
            p { "It leaves your lists and goes to the archive with everything you did. From there you can take it back, or delete it for good." }
            form.actions method="post" action={ "/habits/" (habit.id) "/archive" } {
                button.button type="submit" { "Delete habit" }
                a.button.plain href="/habits" { "Keep it" }
            }
        }
    }
}

/// The fields of a habit. `prefix` keeps the ids of two such forms on one page apart.
fn plan_form(action: &str, submit: &str, prefix: &'static str, typed: &Typed, faults: &[Fault]) -> Markup {
    let title =
        Field { name: "title", label: "Title", kind: "text", value: &typed.title, autocomplete: "off", hint: None };
    let fault = fault_of("weekdays", faults);
    html! {
        form.stack method="post" action=(action) novalidate {
            (field(prefix, &title, faults))
            (area(prefix, "description", "Description (optional)", &typed.description, faults))
            fieldset.field.weekdays aria-describedby=[described_by(prefix, "weekdays", false, fault.is_some())] {
                legend { "On these days" }
                div.pills {
                    @for (number, name) in NAMES {
                        label.pill {
                            input type="checkbox" name="weekdays" value=(number) checked[typed.weekdays.contains(&i64::from(number))];
                            span { (name) }
                        }
                    }
                }
                div.presets data-presets hidden {
                    button.quiet type="button" data-days="1 2 3 4 5 6 7" { "Every day" }
                    button.quiet type="button" data-days="1 2 3 4 5" { "Weekdays" }
                    button.quiet type="button" data-days="6 7" { "Weekend" }
                }
                (notes(prefix, "weekdays", None, fault))
            }
            button.button type="submit" { (submit) }
        }
    }
}

/// The archive: what was put away, the latest first. `refused` is a deletion whose typed title did not fit.
pub fn archive(
    frame: &Frame<'_>,
    habits: &[Habit],
    refused: Option<(HabitId, &[Fault])>,
    trouble: Option<&str>,
) -> Markup {
    document(
        frame,
        "Archive",
        Here::Habits,
        &html! {
            div.habits {
                h1 { "Archive" }
                p.lead { "What you put away, with everything you did." }
                @if let Some(message) = trouble { (alert(message)) }
                @if habits.is_empty() { p.empty-line { "Nothing is put away." } }
                ul.habit-list {
                    @for habit in habits {
                        (archived(habit, refused.filter(|(id, _)| *id == habit.id).map(|(_, faults)| faults)))
                    }
                }
                p { a href="/habits" { "Back to habits" } }
            }
        },
    )
}

fn archived(habit: &Habit, refused: Option<&[Fault]>) -> Markup {
    let prefix = format!("delete-{}-", habit.id);
    let confirm = Field {
        name: "confirm",
        label: "Type the title to confirm",
        kind: "text",
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
                        button.quiet type="submit" { "Restore" }
                    }
                }
            }
            details.habit-open open[refused.is_some()] {
                summary { "Delete for good" }
                form.stack method="post" action={ "/habits/" (habit.id) "/delete" } novalidate {
                    p { "The habit and every tick of it are gone then. Nobody can bring them back." }
                    (field(&prefix, &confirm, refused.unwrap_or(&[])))
                    button.button type="submit" { "Delete for good" }
                }
            }
        }
    }
}
