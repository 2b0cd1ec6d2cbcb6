//! The days before the listed one: a small control for each, which changes that day or explains why it is closed.

use maud::{Markup, PreEscaped, html};

use crate::domain::accounts::preferences::Backfill;
use crate::domain::habits::agenda::{DayState, HabitProgress, PAST_DAYS, past_days};
use crate::domain::habits::completion::CompletionWindow;
use crate::domain::{Day, Habit, HabitId, Refusal};
use crate::web::ui::closed_day::explain;
use crate::web::ui::date::{DateStyle, format_date};

/// The id of the explanation that closed days open.
const CLOSED_NOTE: &str = "closed-days";

/// What all rows show of a day. Dates are formatted once for the page, not for each row.
#[derive(Debug, Clone)]
struct PastDay {
    day: Day,
    /// `YYYY-MM-DD`
    date: String,
    /// "Sun, Nov 29"
    label: String,
    /// Whether the user may change the day.
    is_open: bool,
}

/// The days before the listed one, earliest first.
#[derive(Debug, Clone)]
pub struct PastDays([PastDay; PAST_DAYS]);

impl PastDays {
    /// The days before `listed`, at the time of `window`.
    pub fn new(listed: Day, window: CompletionWindow, backfill: Backfill) -> Self {
        Self(past_days(listed).map(|day| PastDay {
            day,
            date: day.to_string(),
            label: format_date(day, DateStyle::Weekday),
            is_open: window.is_open(day, backfill),
        }))
    }

    /// The names of the days, above their columns.
    pub fn names(&self) -> Markup {
        html! {
            div.past-names aria-hidden="true" {
                @for day in &self.0 { span { (day.label.split(',').next().unwrap_or_default()) } }
            }
        }
    }

    /// The days of one habit. `title_id` is the id of the element with its title.
    pub fn row(&self, habit: &Habit, progress: &HabitProgress, title_id: &str) -> Markup {
        let states = progress.past.iter().zip(progress.past_notes);
        html! {
            div.past role="group" aria-labelledby=(title_id) {
                @for (day, (state, has_note)) in self.0.iter().zip(states) {
                    @if *state != DayState::NotScheduled && day.is_open && has_amounts(habit, day.day) {
                        (amount_link(day, habit.id, *state, has_note))
                    } @else { @match state {
                        DayState::Done => (control(day, habit.id, has_note, ["done", "done", "false"])),
                        DayState::Open => (control(day, habit.id, has_note, ["open", "not done", "true"])),
                        DayState::Skipped => (control(day, habit.id, has_note, ["skipped", "skipped", "true"])),
                        DayState::Paused => (control(day, habit.id, has_note, ["paused", "paused", "true"])),
                        DayState::NotScheduled if has_note => span.past-day data-note { span.unseen { (PreEscaped(&day.label)) ": has a note" } },
                        // Screen readers skip it: there is nothing to do.
                        DayState::NotScheduled => span.past-day {},
                    } }
                }
            }
        }
    }

    /// Why days are closed, as a popover. Offline, days are closed that were open when the page was sent, so it is always there.
    pub fn closed_note(backfill: Backfill) -> Markup {
        html! {
            div.closed-note #(CLOSED_NOTE) popover {
                p { (explain(&Refusal::DayClosed(backfill))) }
                button.quiet type="button" popovertarget=(CLOSED_NOTE) popovertargetaction="hide" { "Close" }
            }
        }
    }
}

fn has_amounts(habit: &Habit, day: Day) -> bool {
    habit.schedule.has_amounts() && habit.schedule.rule_on(day).is_some_and(|rule| rule.goal.has_amounts())
}

/// A day whose amounts count leads to its entries.
fn amount_link(day: &PastDay, habit: HabitId, state: DayState, has_note: bool) -> Markup {
    let PastDay { date, label, .. } = day;
    let [state, word] = match state {
        DayState::Done => ["done", "done"],
        DayState::Skipped => ["skipped", "skipped"],
        DayState::Paused => ["paused", "paused"],
        DayState::Open | DayState::NotScheduled => ["open", "not done"],
    };
    html! {
        a.past-day href={ "/habits/" (habit) "?day=" (date) "#entries" } data-state=(state) data-note[has_note] aria-label={ (label) ": " (word) @if has_note { ", has a note" } } {}
    }
}

/// The control of a day on which the habit was due, done or skipped: its state, the word for it, and whether pressing it completes
/// the day. assets/past-days.js draws the same.
fn control(day: &PastDay, habit: HabitId, has_note: bool, state: [&'static str; 3]) -> Markup {
    let PastDay { date, label, is_open, .. } = day;
    let (date, label) = (PreEscaped(date), PreEscaped(label));
    let [state, word, next] = state.map(PreEscaped);
    let note = PreEscaped(if has_note { ", has a note" } else { "" });
    html! {
        @if *is_open {
            button.past-day type="submit" name="change" value={ (habit) ":" (date) ":" (next) } data-state=(state) data-note[has_note] aria-label={ (label) ": " (word) (note) } {}
        } @else {
            button.past-day.is-closed type="button" popovertarget=(PreEscaped(CLOSED_NOTE)) data-state=(state) data-note[has_note] aria-label={ (label) ": " (word) (note) } {}
        }
    }
}
