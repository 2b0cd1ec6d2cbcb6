//! The page on which several habits are selected and changed at once: one form, whose menu holds the changes.

use std::collections::BTreeSet;

use maud::{Markup, html};

use crate::domain::habits::grouped::{HabitGroup, by_group};
use crate::domain::{Habit, HabitColor, HabitId};
use crate::web::assets::embedded::address;
use crate::web::habits::form_input::KnownLabels;
use crate::web::habits::group_view::habit_group;
use crate::web::habits::list_filter::{ListFilter, filter_form};
use crate::web::ui::form::alert;
use crate::web::ui::habit_mark::{habit_color, habit_mark};
use crate::web::ui::layout::{Frame, document};
use crate::web::ui::navigation::NavItem;
use crate::web::ui::page_head::page_head;

/// The value of the color field that changes nothing.
pub const KEEP: &str = "keep";

/// The values of the form, as they were sent.
#[derive(Debug, Clone, Default)]
pub struct SelectInput {
    pub habits: BTreeSet<HabitId>,
    pub color: String,
    pub group: String,
    pub has_no_group: bool,
    pub added_tags: String,
    pub removed_tags: String,
}

/// What the page shows.
pub struct SelectPage<'a> {
    /// The active habits in the order the person chose.
    pub habits: &'a [Habit],
    pub filter: ListFilter<'a>,
    pub input: SelectInput,
    /// Why nothing was changed.
    pub alert: Option<&'a str>,
}

/// The page.
pub fn select_page(frame: &Frame<'_>, page: &SelectPage<'_>) -> Markup {
    let known = KnownLabels::from_habits(page.habits);
    let shown = page.habits.iter().filter(|habit| page.filter.is_shown(habit)).count();
    document(
        frame,
        "Select habits",
        NavItem::Habits,
        &html! {
            div.habits.is-selecting {
                (page_head("Select habits", &html! { a href="/habits" { "Cancel" } }))
                div.habits-main {
                    @if let Some(message) = page.alert { (alert(message)) }
                    (filter_form("/habits/select", &page.filter, &known.tags, shown, page.habits.len()))
                    form method="post" action="/habits/select" novalidate data-selection {
                        div.habit-lists { @for group in by_group(page.habits) { (group_list(page, &group)) } }
                        (selection_bar(&page.input, &known))
                    }
                }
            }
            script type="module" src=(address("habit-selection.js")) {}
            script type="module" src=(address("tag-suggestions.js")) {}
        },
    )
}

fn group_list(page: &SelectPage<'_>, group: &HabitGroup<'_>) -> Markup {
    let list = html! { ul.habit-list { @for habit in &group.habits { (row(page, habit)) } } };
    let Some(name) = group.name else { return list };
    let is_hidden = !group.habits.iter().any(|habit| page.filter.is_shown(habit));
    habit_group(name, group.habits.len(), None, is_hidden, &list)
}

fn row(page: &SelectPage<'_>, habit: &Habit) -> Markup {
    html! {
        li.habit data-habit=(habit.id) data-habit-title=(habit.title) data-color=[habit_color(habit)]
            data-tags=[(!habit.tags.is_empty()).then(|| habit.tags.to_text())] hidden[!page.filter.is_shown(habit)] {
            label.habit-line.habit-choice {
                input type="checkbox" name="habit" value=(habit.id) checked[page.input.habits.contains(&habit.id)];
                (habit_mark(habit))
                span.habit-text {
                    span.habit-title dir="auto" { (habit.title) }
                    span.habit-days {
                        (habit.schedule.rule().summary())
                        @for tag in &habit.tags { " · " bdi { (tag) } }
                    }
                }
            }
        }
    }
}

/// What is done with the selected habits. The changes come first in the document, so Enter in a field makes them.
fn selection_bar(input: &SelectInput, known: &KnownLabels<'_>) -> Markup {
    html! {
        div.selection-bar {
            // The script shows both.
            label.check hidden data-select-all { input type="checkbox" aria-label="Select all"; "All" }
            p.hint role="status" data-selected {}
            button.button.plain type="button" popovertarget="selection-menu" { "Change…" }
            div #selection-menu .menu.selection-menu popover role="group" aria-label="Changes" { (changes(input, known)) }
            button.button type="submit" name="action" value="archive" { "Archive" }
        }
    }
}

fn changes(input: &SelectInput, known: &KnownLabels<'_>) -> Markup {
    let groups = known.groups.iter().map(|group| group.as_str());
    let tags = || known.tags.iter().map(|tag| tag.as_str());
    html! {
        div.field {
            label for="color" { "Color" }
            select #color name="color" {
                option value=(KEEP) { "Keep" }
                option value="" selected[input.color.is_empty()] { "None" }
                @for color in HabitColor::ALL.map(HabitColor::as_str) {
                    option.color-name value=(color) selected[color == input.color] { (color) }
                }
            }
        }
        (text_field("group", "Move to group", &input.group, groups))
        label.check { input type="checkbox" name="noGroup" value="true" checked[input.has_no_group]; "Remove from group" }
        (text_field("tags", "Add tags", &input.added_tags, tags()))
        (text_field("removedTags", "Remove tags", &input.removed_tags, tags()))
        button.button type="submit" name="action" value="change" { "Apply" }
    }
}

fn text_field<'a>(name: &str, label: &str, value: &str, suggestions: impl Iterator<Item = &'a str>) -> Markup {
    html! {
        div.field {
            label for=(name) { (label) }
            input id=(name) name=(name) type="text" value=[(!value.is_empty()).then_some(value)] dir="auto" autocomplete="off"
                list={ (name) "-known" };
            datalist id={ (name) "-known" } { @for known in suggestions { option value=(known) {} } }
        }
    }
}
