//! The habits a person keeps, and the form for a new one.

use maud::{Markup, html};

use super::form::{Field, alert, area, described_by, fault_of, field, notes};
use super::layout::{Frame, Here, document};
use crate::domain::weekdays::NAMES;
use crate::domain::{Fault, Habit};

/// What was typed into the form for a new habit.
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

/// The list first, the form second.
pub fn page(frame: &Frame<'_>, habits: &[Habit], typed: &Typed, faults: &[Fault], busy: Option<&str>) -> Markup {
    document(
        frame,
        "Habits",
        Here::Habits,
        &html! {
            div.habits {
                h1 { "Habits" }
                @if habits.is_empty() {
                    p.lead.empty-line { "None yet. Name something small that you would like to do on certain days." }
                } @else {
                    ul.habit-list { @for habit in habits { (row(habit)) } }
                }
                section.new-habit {
                    h2 { @if habits.is_empty() { "Your first one" } @else { "Add another" } }
                    @if let Some(message) = busy { (alert(message)) }
                    (create_form(typed, faults))
                }
            }
        },
    )
}

fn row(habit: &Habit) -> Markup {
    html! {
        li.habit id={ "habit-" (habit.id) } data-habit-title=(habit.title.as_str()) {
            div.habit-text {
                span.habit-title { (habit.title.as_str()) }
                @if let Some(about) = &habit.description { span.habit-about { (about.as_str()) } }
            }
            span.habit-days { (habit.schedule.weekdays().summary()) }
        }
    }
}

fn create_form(typed: &Typed, faults: &[Fault]) -> Markup {
    let title =
        Field { name: "title", label: "Title", kind: "text", value: &typed.title, autocomplete: "off", hint: None };
    let fault = fault_of("weekdays", faults);
    html! {
        form.stack method="post" action="/habits" novalidate {
            (field(&title, faults))
            (area("description", "Description (optional)", &typed.description, faults))
            fieldset.field.weekdays aria-describedby=[described_by("weekdays", false, fault.is_some())] {
                legend { "On these days" }
                div.pills {
                    @for (number, name) in NAMES {
                        label.pill {
                            input type="checkbox" name="weekdays" value=(number) checked[typed.weekdays.contains(&i64::from(number))];
                            span { (name) }
                        }
                    }
                }
                (notes("weekdays", None, fault))
            }
            button.button type="submit" { "Create habit" }
        }
    }
}
