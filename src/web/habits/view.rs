//! The habits page: the list, and the form for a new habit.
//!
//! The form for a new habit is part of the page, beside the list on wide screens and below it elsewhere. On a phone, the script
//! moves it into a sheet while it is needed; without JavaScript, `/habits?new` shows it above the list.

use std::collections::BTreeMap;

use maud::{Markup, html};

use crate::app::habits::pauses::PauseScope;
use crate::domain::accounts::preferences::WeekStart;
use crate::domain::habits::grouped::{HabitGroup, by_group};
use crate::domain::habits::sort::{ListSort, SortFigure};
use crate::domain::{Day, FieldError, Habit, HabitId, Pauses};
use crate::web::assets::embedded::address;
use crate::web::habits::form::habit_form;
use crate::web::habits::form_input::{HabitForm, HabitFormInput, KnownLabels};
use crate::web::habits::group_view::{GroupPlace, habit_group};
use crate::web::habits::ideas::ideas;
use crate::web::habits::list_filter::{ListFilter, filter_form};
use crate::web::habits::pause_view::{PauseInput, describe_end, pause_all_line, pause_dialog};
use crate::web::ui::confirm_dialog::{ConfirmDialog, QUESTION_ID, confirm_dialog};
use crate::web::ui::date::{DateStyle, format_date};
use crate::web::ui::form::alert;
use crate::web::ui::habit_mark::{habit_color, habit_mark};
use crate::web::ui::icon::{Icon, icon};
use crate::web::ui::layout::{Frame, document};
use crate::web::ui::navigation::NavItem;
use crate::web::ui::page_head::page_head;

/// With more habits than this, or with a tag, the list can be filtered.
const MAX_UNFILTERED: usize = 10;

/// The form that is open on the page, besides the empty one for a new habit.
#[derive(Debug, Clone, Default)]
pub enum OpenForm {
    #[default]
    None,
    /// The empty form for a new habit comes first.
    New,
    /// The form for a new habit, with values that had errors.
    Create(HabitFormInput),
    /// The form of an existing habit, under its row, with a sentence about what it would change.
    Edit(HabitId, HabitFormInput, Option<String>),
    /// The dialog that confirms archiving.
    Archive(HabitId),
    /// The dialog that pauses a habit, or all habits.
    Pause(PauseScope, PauseInput),
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
    pub filter: ListFilter<'a>,
    /// The figures that the habits are sorted by.
    pub figures: &'a BTreeMap<HabitId, SortFigure>,
    pub today: Day,
    pub week_start: WeekStart,
    /// The pauses of all habits.
    pub all_pauses: &'a Pauses,
    /// The tags and groups that forms suggest.
    pub known: KnownLabels<'a>,
}

impl HabitsPage<'_> {
    fn form<'f>(
        &'f self,
        action: &'f str,
        prefix: &'static str,
        input: &'f HabitFormInput,
        errors: &'f [FieldError],
    ) -> HabitForm<'f> {
        HabitForm {
            action,
            prefix,
            is_new: prefix.is_empty(),
            week_start: self.week_start,
            input,
            errors,
            known: &self.known,
        }
    }

    fn is_filterable(&self) -> bool {
        self.habits.len() > MAX_UNFILTERED || !self.known.tags.is_empty()
    }

    fn is_shown(&self, habit: &Habit) -> bool {
        !self.is_filterable() || self.filter.is_shown(habit)
    }

    /// Whether the list is in the user's order, which can be changed then.
    fn is_movable(&self) -> bool {
        self.filter.sort == ListSort::Manual
    }
}

/// The habits page.
pub fn page(frame: &Frame<'_>, page: &HabitsPage<'_>) -> Markup {
    let is_editing = matches!(page.open, OpenForm::Edit(..));
    let is_new_first = matches!(page.open, OpenForm::New | OpenForm::Create(_));
    document(
        frame,
        "Habits",
        NavItem::Habits,
        &html! {
            div.habits.is-new-first[is_new_first] {
                (page_head("Habits", &html! {
                    @if page.habits.len() > 1 { a.select-link href="/habits/select" { "Select" } }
                    a.button.new-habit-link href="/habits?new#title" { "New habit" }
                }))
                // A form for one habit comes after the form for a new one, as scripts written for the predecessor expect.
                @if is_editing || is_new_first { (new_habit(page)) }
                div.habits-main {
                    @if let Some(message) = page.alert { (alert(message)) }
                    @if !page.habits.is_empty() && !page.all_pauses.is_empty() { (pause_all(page)) }
                    (list(page))
                    (ideas(page.habits))
                    @if !page.habits.is_empty() && page.all_pauses.is_empty() { (pause_all(page)) }
                    @if page.archived_count > 0 {
                        p { a href="/habits/archive" { "Archive (" (page.archived_count) ")" } }
                    }
                }
                @if !is_editing && !is_new_first { (new_habit(page)) }
            }
            script type="module" src=(address("habits.js")) {}
        },
    )
}

fn new_habit(page: &HabitsPage<'_>) -> Markup {
    let (input, errors) = match &page.open {
        OpenForm::Create(input) => (input.clone(), page.errors),
        _ => (HabitFormInput::default(), &[][..]),
    };
    let submit = html! { button.button type="submit" { "Create habit" } };
    html! {
        section.new-habit aria-labelledby="new-habit" {
            h2 #new-habit { "New habit" }
            (habit_form(&page.form("/habits", "", &input, errors), &submit))
        }
    }
}

/// Pausing all habits: below the list, and above it once there are such pauses.
fn pause_all(page: &HabitsPage<'_>) -> Markup {
    let dialog = if let OpenForm::Pause(PauseScope::AllHabits, input) = &page.open {
        pause_dialog(PauseScope::AllHabits, page.all_pauses, page.today, input, page.errors)
    } else {
        html! {}
    };
    pause_all_line(page.all_pauses, page.today, &dialog)
}

fn list(page: &HabitsPage<'_>) -> Markup {
    if page.habits.is_empty() {
        return html! { p.lead.empty-line { "No habits yet. Start with something small." } };
    }
    let (total, groups) = (page.habits.len(), by_group(page.habits));
    html! {
        @if page.is_filterable() {
            @let shown = page.habits.iter().filter(|habit| page.is_shown(habit)).count();
            (filter_form("/habits", &page.filter, &page.known.tags, shown, total))
        }
        @if groups.iter().any(|group| group.name.is_some()) { script src=(address("folded-sections.js")) {} }
        div.habit-lists data-sections="habits" data-order[page.is_movable()] {
            @for (index, group) in groups.iter().enumerate() { (group_list(page, &groups, index, group)) }
        }
    }
}

/// Rows that don't match are hidden, not left out: the script shows them again, and saves the order of all habits.
fn group_list(page: &HabitsPage<'_>, groups: &[HabitGroup<'_>], index: usize, group: &HabitGroup<'_>) -> Markup {
    let list = html! {
        ul.habit-list {
            @for (index, habit) in group.habits.iter().enumerate() { (row(page, (index, group.habits.len()), habit)) }
        }
    };
    let Some(name) = group.name else { return list };
    let first = groups.iter().position(|group| group.name.is_some());
    let place = GroupPlace { index, is_first: first == Some(index), is_last: index + 1 == groups.len() };
    let is_hidden = !group.habits.iter().any(|habit| page.is_shown(habit));
    habit_group(name, group.habits.len(), page.is_movable().then_some(place), is_hidden, &list)
}

/// The row of a habit with its place among those of its group, and how many these are.
fn row(page: &HabitsPage<'_>, (index, count): (usize, usize), habit: &Habit) -> Markup {
    let count = if page.is_movable() { count } else { 1 };
    let open = match &page.open {
        OpenForm::Edit(id, input, preview) if *id == habit.id => edit_form(page, habit, input, preview.as_deref()),
        OpenForm::Archive(id) if *id == habit.id => archive_dialog(habit),
        OpenForm::Pause(scope, input) if *scope == PauseScope::Habit(habit.id) => {
            pause_dialog(*scope, &habit.pauses, page.today, input, page.errors)
        }
        _ => html! {},
    };
    html! {
        li.habit.is-ended[habit.ends_on().is_some_and(|end| end < page.today)] data-habit=(habit.id) data-habit-title=(habit.title) data-color=[habit_color(habit)]
            data-tags=[(!habit.tags.is_empty()).then(|| habit.tags.to_text())] hidden[!page.is_shown(habit)] {
            div.habit-line {
                @if count > 1 {
                    // The script shows and explains it.
                    button.handle type="button" data-handle hidden aria-label={ "Reorder " (habit.title.as_str()) } {}
                }
                (habit_mark(habit))
                div.habit-text {
                    a.habit-title id={ "habit-" (habit.id) } href={ "/habits/" (habit.id) } dir="auto" { (habit.title) }
                    span.habit-days {
                        @if let Some(end) = describe_end(&habit.pauses, page.today) { strong.paused-mark { "Paused" (end) } " · " }
                        @if let Some(note) = date_note(habit, page.today) { (note) " · " }
                        (habit.schedule.rule_as_of(page.today).summary())
                        @if let Some(figure) = page.figures.get(&habit.id) { " · " (figure_text(*figure)) }
                        @for tag in &habit.tags { " · " bdi { (tag) } }
                    }
                }
                (menu(habit, index, count, page.today))
            }
            (open)
        }
    }
}

/// That a habit hasn't begun or has ended, or when it will end.
fn date_note(habit: &Habit, today: Day) -> Option<String> {
    let date = |day| format_date(day, DateStyle::Short);
    match (habit.schedule.start(), habit.ends_on()) {
        (start, _) if today < start => Some(format!("Starts {}", date(start))),
        (_, Some(end)) if end < today => Some(format!("Ended {}", date(end))),
        (_, Some(end)) => Some(format!("Ends {}", date(end))),
        (_, None) => None,
    }
}

/// The figure that the list is sorted by.
fn figure_text(figure: SortFigure) -> String {
    match figure {
        SortFigure::Streak(0, _) => "no streak".to_owned(),
        SortFigure::Streak(length, unit) => format!("{length}-{} streak", unit.as_str()),
        SortFigure::Strength(strength) => format!("{}% strength", strength.percent()),
    }
}

/// Everything that can be done with a habit. It works without JavaScript.
fn menu(habit: &Habit, index: usize, count: usize, today: Day) -> Markup {
    let name = format!("Actions for {}", habit.title.as_str());
    html! {
        button.menu-button id={ "actions-" (habit.id) } type="button" popovertarget={ "menu-" (habit.id) } aria-label=(name) {
            (icon(Icon::More))
        }
        div.menu id={ "menu-" (habit.id) } popover role="group" aria-label=(name) {
            (open_button("/habits", "edit", habit, &html! { button type="submit" data-key="e" { "Edit" } }))
            @if count > 1 {
                form method="post" action={ "/habits/" (habit.id) "/move" } data-move {
                    button type="submit" name="direction" value="up" disabled[index == 0] { "Move up" }
                    button type="submit" name="direction" value="down" disabled[index + 1 == count] { "Move down" }
                }
            }
            @if habit.pauses.find(today).is_some() {
                form method="post" action={ "/habits/" (habit.id) "/pauses/resume" } { button type="submit" { "Resume" } }
            }
            (open_button("/habits", "pause", habit, &html! { button type="submit" data-key="p" { "Pause" } }))
            (open_button("/habits", "archive", habit, &html! {
                button type="submit" data-key="a" aria-label="Archive (delete from this list)" { "Archive" }
            }))
        }
    }
}

/// A button that opens a form or a dialog of a habit. It loads the page again with that habit in the parameter; the script
/// opens the same without leaving the page.
pub fn open_button(path: &str, parameter: &str, habit: &Habit, button: &Markup) -> Markup {
    let focus = if parameter == "edit" { "edit-title" } else { QUESTION_ID };
    html! {
        form method="get" action={ (path) "#" (focus) } data-open {
            input type="hidden" name=(parameter) value=(habit.id);
            (button)
        }
    }
}

fn edit_form(page: &HabitsPage<'_>, habit: &Habit, input: &HabitFormInput, preview: Option<&str>) -> Markup {
    let action = format!("/habits/{}", habit.id);
    let submit = html! {
        p.hint { "Changes apply from today. To choose another day, open “More options.” Earlier days keep their schedule." }
        // The script keeps it current.
        p.edit-preview #edit-preview role="status" data-preview={ "/api/habits/" (habit.id) "/preview" } { @if let Some(preview) = preview { (preview) } }
        div.actions {
            button.button type="submit" { "Save changes" }
            button.button.plain type="submit" name="preview" value="true" formaction={ (action) "#edit-preview" } data-without-script { "Preview" }
            a.button.plain href={ "/habits#actions-" (habit.id) } data-cancel { "Cancel" }
        }
    };
    html! {
        div.row-form.habit-open { (habit_form(&page.form(&action, "edit-", input, page.errors), &submit)) }
    }
}

fn archive_dialog(habit: &Habit) -> Markup {
    confirm_dialog(&ConfirmDialog {
        question: "Archive this habit?",
        consequence: "It moves to the archive with its history. You can restore it anytime.",
        action: &format!("/habits/{}/archive", habit.id),
        button: "Archive habit",
        button_name: Some("Archive habit (delete habit from your lists)"),
        is_default: true,
        cancel: &format!("/habits#actions-{}", habit.id),
    })
}
