//! The page of a habit: its streaks, one calendar year, its rates, and its schedule over time.

use maud::{Markup, html};

use crate::app::habits::insights::HabitFigures;
use crate::domain::accounts::preferences::WeekStart;
use crate::domain::habits::period_rates::Period;
use crate::domain::habits::review::{DayStatus, Review};
use crate::domain::habits::schedule::ScheduleVersion;
use crate::domain::habits::window_plan::has_windows;
use crate::domain::{Day, Habit};
use crate::web::entries::view::{EntriesPart, entries_part};
use crate::web::insights::history_view::{best_streaks, frequency, periods};
use crate::web::insights::strength_view::strength_part;
use crate::web::insights::targets_view::{targets, totals};
use crate::web::insights::year_view::year_part;
use crate::web::notes::input::NoteFormInput;
use crate::web::notes::part_view::habit_notes;
use crate::web::today::skip_control::{SkipLabel, skip_button};
use crate::web::ui::bar_chart::{bar_chart, weekday_bars};
use crate::web::ui::date::{DateStyle, format_date};
use crate::web::ui::figures::{Figure, figures, format_percent, format_ratio};
use crate::web::ui::habit_mark::{habit_color, habit_mark};
use crate::web::ui::layout::{Frame, NavItem, document};
use crate::web::ui::page_head::page_head;

/// What the address and the settings choose.
#[derive(Debug, Clone, Copy)]
pub struct PageSelection {
    /// The year, if the address names one.
    pub year: Option<i16>,
    /// The periods of the history.
    pub period: Period,
    pub week_start: WeekStart,
}

/// The page: a year day by day, then all of the habit's time.
pub fn page(
    frame: &Frame<'_>,
    figures: &HabitFigures,
    selection: &PageSelection,
    entries: Option<&EntriesPart<'_>>,
    note: Option<&NoteFormInput>,
) -> Markup {
    let PageSelection { year, period, week_start } = *selection;
    let review = &figures.review;
    let habit = &review.habit;
    document(
        frame,
        &format!("{}, {}", habit.title.as_str(), review.year),
        NavItem::Habits,
        &html! {
            div.insights.habit-page data-color=[habit_color(habit)] {
                (header(review))
                @if let Some(entries) = entries { (entries_part(entries)) }
                (summary(figures))
                (year_part(review, week_start, period))
                (habit_notes(habit, &figures.notes, review.today, &format!("/habits/{}", habit.id), note))
                div.pair {
                    @if !figures.targets.is_empty() { (targets(&figures.targets, habit)) }
                    @if figures.totals.first.is_some() || figures.interval.is_some_and(|interval| interval.overdue.is_some()) {
                        (totals(figures))
                    }
                    (strength_part(&figures.strengths, review.today))
                    (periods(period, figures, year))
                    (best_streaks(&figures.best_streaks))
                    // Days of the week have no rates when any of them will do.
                    @if review.total.scheduled > 0 && !has_windows(&habit.schedule) {
                        section.part aria-labelledby="weekdays" {
                            h2 #weekdays { "By day of the week" }
                            (bar_chart(&format!("Completion in {} by day of the week", review.year), "Day", &weekday_bars(&review.weekdays, week_start)))
                        }
                    }
                    @if review.visible_frequencies().next().is_some() { (frequency(review, week_start)) }
                    section.part aria-labelledby="schedule" {
                        h2 #schedule { "Schedule" }
                        (schedule_history(habit))
                    }
                }
            }
        },
    )
}

fn header(review: &Review) -> Markup {
    let habit = &review.habit;
    let (path, label) = if habit.is_active() { ("/habits", "All habits") } else { ("/habits/archive", "Archive") };
    html! {
        div.habit-head {
            p.back { a href=(path) { (label) } }
            div.habit-heading {
                (habit_mark(habit))
                (page_head(&habit.title, &actions(review)))
            }
            @if let Some(description) = &habit.description { p.lead.about dir="auto" { (description) } }
            @if !habit.is_active() { p.notice { "This habit is archived. Its history is kept." } }
            @if let Some(note) = date_note(habit, review.today) { p.notice { (note) } }
        }
    }
}

/// That the habit hasn't begun or has ended, or when it will end.
fn date_note(habit: &Habit, today: Day) -> Option<String> {
    let date = |day| format_date(day, DateStyle::Long);
    match (habit.schedule.start(), habit.ends_on()) {
        (start, _) if today < start => Some(format!("Starts on {}.", date(start))),
        (_, Some(end)) if end < today => Some(format!("Ended on {}. Its history is kept.", date(end))),
        (_, Some(end)) => Some(format!("Ends on {}.", date(end))),
        (_, None) => None,
    }
}

/// What can be done with the habit. Printing needs a script.
fn actions(review: &Review) -> Markup {
    let habit = &review.habit;
    html! {
        div.head-actions {
            @if habit.is_active() && matches!(review.today_status, DayStatus::Due | DayStatus::Skipped) {
                form method="post" action="/today" {
                    input type="hidden" name="from" value={ "/habits/" (habit.id) };
                    input type="hidden" name="today" value=(review.today);
                    (skip_button(habit, review.today, review.today_status == DayStatus::Skipped, SkipLabel::Today))
                }
            }
            button.quiet type="button" data-print hidden { "Print" }
            @if habit.is_active() {
                a.quiet href={ "/habits?edit=" (habit.id) "#edit-title" } { "Edit" }
                a.quiet href={ "/habits?archive=" (habit.id) "#confirm-title" } { "Archive" }
            }
        }
    }
}

fn summary(HabitFigures { review, strengths, .. }: &HabitFigures) -> Markup {
    let streak = review.streak;
    let unit = |count: u32| format!("{}{}", streak.unit.as_str(), if count == 1 { "" } else { "s" });
    figures(&[
        Figure {
            label: "Strength",
            value: format!("{}%", strengths.last().copied().unwrap_or_default().percent()),
            detail: "as of today".to_owned(),
        },
        Figure { label: "Current streak", value: streak.current.to_string(), detail: unit(streak.current) },
        Figure { label: "Longest streak", value: streak.longest.to_string(), detail: unit(streak.longest) },
        Figure {
            label: &format!("Done in {}", review.year),
            value: format_percent(review.total),
            detail: match review.total.scheduled {
                0 => "nothing scheduled".to_owned(),
                _ => format!("{} scheduled days", format_ratio(review.total)),
            },
        },
    ])
}

/// Every version of the schedule, oldest first. A version that plans nothing comes from the archive or from an end.
fn schedule_history(habit: &Habit) -> Markup {
    let end = habit.ends_on();
    let line = |version: ScheduleVersion| {
        let is_end = end.is_some_and(|end| end < version.from);
        let nothing = if is_end {
            "ended"
        } else if habit.is_active() {
            "nothing planned"
        } else {
            "archived"
        };
        let days = version.rule().map_or_else(|| nothing.to_owned(), |rule| rule.summary());
        format!("From {}: {days}", format_date(version.from, DateStyle::Long))
    };
    html! {
        ol.versions { @for version in habit.schedule.versions() { li { (line(version)) } } }
    }
}
