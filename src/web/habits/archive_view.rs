//! The archive: habits that can be restored or deleted.

use maud::{Markup, html};

use crate::domain::{Habit, HabitId};
use crate::web::assets::embedded::address;
use crate::web::habits::view::open_button;
use crate::web::ui::confirm_dialog::{ConfirmDialog, confirm_dialog};
use crate::web::ui::form::alert;
use crate::web::ui::habit_mark::{habit_color, habit_mark};
use crate::web::ui::layout::{Frame, document};
use crate::web::ui::navigation::NavItem;
use crate::web::ui::page_head::page_head;

/// What the archive shows.
pub struct ArchivePage<'a> {
    /// The last archived habit comes first.
    pub habits: &'a [Habit],
    /// The habit whose deletion the dialog confirms, and on how many days it was done.
    pub deleting: Option<(HabitId, usize)>,
    /// An error that concerns the whole page.
    pub alert: Option<&'a str>,
}

/// The archive page.
pub fn archive(frame: &Frame<'_>, page: &ArchivePage<'_>) -> Markup {
    document(
        frame,
        "Archive",
        NavItem::Habits,
        &html! {
            div.archive {
                (page_head("Archive", &html! {}))
                @if let Some(message) = page.alert { (alert(message)) }
                @if page.habits.is_empty() {
                    div.empty {
                        h2 { "Your archive is empty" }
                        p { "Habits that you archive keep their history here. You can restore them anytime." }
                        p.actions { a.button.plain href="/habits" { "Back to habits" } }
                    }
                } @else {
                    p.hint { "Archived habits keep their history." }
                    ul.habit-list { @for habit in page.habits { (row(page, habit)) } }
                }
                @if !page.habits.is_empty() { p { a href="/habits" { "Back to habits" } } }
            }
            script type="module" src=(address("habits.js")) {}
        },
    )
}

fn row(page: &ArchivePage<'_>, habit: &Habit) -> Markup {
    let title = habit.title.as_str();
    html! {
        li.habit data-habit=(habit.id) data-habit-title=(habit.title) data-color=[habit_color(habit)] {
            div.habit-line {
                (habit_mark(habit))
                div.habit-text {
                    a.habit-title id={ "habit-" (habit.id) } href={ "/habits/" (habit.id) } dir="auto" { (habit.title) }
                    span.habit-days { (habit.schedule.rule().summary()) }
                }
                div.habit-actions {
                    form method="post" action={ "/habits/" (habit.id) "/restore" } {
                        button.quiet type="submit" data-key="r" aria-label={ "Restore " (title) } { "Restore" }
                    }
                    (open_button("/habits/archive", "delete", habit, &html! {
                        button.quiet type="submit" data-key="d" aria-label={ "Delete " (title) } { "Delete" }
                    }))
                }
            }
            @if let Some((_, days)) = page.deleting.filter(|(id, _)| *id == habit.id) { (deletion_dialog(habit, days)) }
        }
    }
}

fn deletion_dialog(habit: &Habit, days: usize) -> Markup {
    let history = match days {
        0 => "It was never done".to_owned(),
        1 => "The day on which it was done goes with it".to_owned(),
        days => format!("The {days} days on which it was done go with it"),
    };
    confirm_dialog(&ConfirmDialog {
        question: "Delete this habit?",
        consequence: &format!("This permanently deletes “{}”. {history}. You can't undo this.", habit.title.as_str()),
        action: &format!("/habits/{}/delete", habit.id),
        button: "Delete habit",
        button_name: None,
        is_default: false,
        cancel: &format!("/habits/archive#habit-{}", habit.id),
    })
}
