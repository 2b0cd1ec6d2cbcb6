//! The sections of a day's list, which their headings fold away, and the menu that chooses what divides the list.

use maud::{Markup, html};

use crate::domain::accounts::preferences::DayGrouping;
use crate::domain::habits::agenda::{Agenda, HabitProgress};
use crate::domain::habits::agenda_sections::AgendaSection;
use crate::web::ui::icon::{Icon, icon};

/// A section around its rows, which are bare without a heading. The script keeps the count current.
pub fn day_section(section: &AgendaSection<'_>, rows: Markup) -> Markup {
    let Some(name) = section.name else { return rows };
    let (done, total) = (section.completed_count(), section.due_count());
    html! {
        section.day-section data-section=(name) {
            details open {
                summary.section-summary {
                    h2 dir="auto" { (name) }
                    span.section-count aria-hidden="true" data-section-count { @if total == 0 { "–" } @else { (done) "/" (total) } }
                    span.unseen data-section-label { (describe_progress(section.items.iter().map(|(_, item)| &item.progress))) }
                }
                (rows)
            }
        }
    }
}

/// "2 of 3 done". The script writes the same.
pub fn describe_progress<'a>(all: impl IntoIterator<Item = &'a HabitProgress>) -> Markup {
    let (mut done, mut total, mut skipped, mut paused) = (0, 0, 0, 0);
    for progress in all {
        done += usize::from(progress.done && progress.is_counted());
        total += usize::from(progress.is_counted());
        paused += usize::from(progress.is_paused);
        skipped += usize::from(progress.is_skipped && !progress.is_paused);
    }
    html! {
        @if total > 0 { (done) " of " (total) " done" }
        @else if skipped > 0 { "Skipped" }
        @else if paused > 0 { "Paused" }
        @else { "Nothing due" }
    }
}

/// The menu, for users whose habits have something to be grouped by. `from` is the path of the page.
pub fn grouping_menu(from: &str, agenda: &Agenda, grouping: DayGrouping) -> Markup {
    let has_times = || agenda.items.iter().any(|item| item.habit.time_of_day.is_some());
    if grouping.is_nothing() && agenda.groups.is_empty() && !has_times() {
        return html! {};
    }
    html! {
        button.menu-button type="button" popovertarget="group-by" aria-label="Group by" { (icon(Icon::Group)) }
        div #group-by .menu popover role="group" aria-label="Group by" {
            p.menu-title aria-hidden="true" { "Group by" }
            form method="post" action="/today/grouping" data-grouping {
                input type="hidden" name="from" value=(from);
                @for option in DayGrouping::ALL {
                    button type="submit" name="groupDayBy" value=(option.as_str()) aria-pressed=(if *option == grouping { "true" } else { "false" }) {
                        (option.label())
                    }
                }
            }
        }
    }
}
