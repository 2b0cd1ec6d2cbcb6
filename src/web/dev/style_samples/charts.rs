//! Samples of progress, figures, charts, and the marks of heat maps.

use maud::{Markup, html};

use crate::domain::accounts::preferences::WeekStart;
use crate::domain::calendar::month::Month;
use crate::domain::habits::insights::CompletionRate;
use crate::domain::habits::streak_runs::{StreakRun, StreakUnit};
use crate::domain::{Day, HabitColor};
use crate::web::insights::history_view::{streak_table, weekday_matrix};
use crate::web::ui::bar_chart::{Bar, bar_chart, sparkline, weekday_bars};
use crate::web::ui::daily_chart::daily_chart;
use crate::web::ui::figures::{Figure, figures};
use crate::web::ui::heatmap::{CellMark, legend};
use crate::web::ui::line_chart::{LinePoint, line_chart};

/// A day on which something is left, and one on which everything is done.
pub fn progress_bars(theme: &str) -> Markup {
    html! {
        @for (name, done) in [("open", 1), ("complete", 3)] {
            @let id = format!("{theme}-{name}");
            div.is-complete[done == 3] {
                div.strip {
                    p.strip-count { (done) " of 3 done" }
                    div.progress-bar { label.unseen for=(id) { "Progress" } progress id=(id) max="3" value=(done) {} }
                    @if done == 3 { p.complete-message { "All done for today" } }
                }
            }
        }
    }
}

pub fn habit_colors(_: &str) -> Markup {
    html! {
        @for color in [None].into_iter().chain(HabitColor::ALL.map(Some)) {
            @let name = color.map_or("none", HabitColor::as_str);
            div data-color=[color.map(HabitColor::as_str)] {
                (legend(&[(CellMark::Done, name)]))
                (sparkline(&sample_rates()))
            }
        }
    }
}

pub fn bar_charts(_: &str) -> Markup {
    let days: Vec<_> = (1..=7).zip(sample_rates()).collect();
    let bars = weekday_bars(&days, WeekStart::Monday);
    let weeks: Vec<_> = bars.iter().cycle().take(14).map(|bar| Bar { label: String::new(), ..bar.clone() }).collect();
    let point = |(bar, percent): (&Bar, u32)| LinePoint { name: bar.name.clone(), label: bar.label.clone(), percent };
    let points: Vec<_> = bars.iter().zip([5, 20, 15, 40, 60, 55, 82]).map(point).collect();
    html! {
        (figures(&[
            Figure { label: "Current streak", value: "12".to_owned(), detail: "days in a row".to_owned() },
            Figure { label: "Last 30 days", value: "86%".to_owned(), detail: "24 of 28".to_owned() },
        ]))
        (bar_chart("Completed by day of the week", "Day", &bars))
        (bar_chart("Completed by week", "Week", &weeks))
        (line_chart("Strength", "Day", "Strength", &points))
        (daily_chart("Completions", &sample_days(14).zip([3, 0, 9, 12, 7, 4, 4, 8, 11, 10, 0, 5, 9, 6]).collect::<Vec<_>>()))
    }
}

/// The parts of a habit's page that need a long history.
pub fn streaks_and_months(theme: &str) -> Markup {
    let runs: Vec<_> = sample_days(3).zip([31, 12, 4]).map(|(first, length)| run(first, length)).collect();
    let months: Vec<_> = sample_days(60).step_by(31).map(|day| (Month::containing(day), sample_rates())).collect();
    html! {
        div data-color="indigo" {
            (streak_table(&runs))
            (weekday_matrix(&format!("Days done, {theme}"), months.iter().map(|(month, rates)| (*month, rates)), WeekStart::Monday))
        }
    }
}

fn run(first: Day, length: u32) -> StreakRun {
    let last = first.add_days(i32::try_from(length).unwrap_or(1) - 1);
    StreakRun { first, last, length, unit: StreakUnit::Day, is_current: length == 4 }
}

pub fn marks(_: &str) -> Markup {
    legend(&[
        (CellMark::Nothing, "nothing scheduled"),
        (CellMark::Empty, "none done"),
        (CellMark::Low, "a few done"),
        (CellMark::Medium, "about half done"),
        (CellMark::High, "most done"),
        (CellMark::All, "all done"),
        (CellMark::Done, "habit done"),
        (CellMark::Open, "due today"),
        (CellMark::Extra, "unscheduled"),
        (CellMark::Note, "with a note"),
    ])
}

/// The first days of a year.
fn sample_days(count: usize) -> impl Iterator<Item = Day> {
    (0..count).filter_map(|index| Day::from_index(2026, index))
}

/// From nothing to everything, and a day without a schedule.
fn sample_rates() -> [CompletionRate; 7] {
    let rate = |completed, scheduled| CompletionRate { scheduled, completed };
    [rate(0, 4), rate(1, 4), rate(2, 4), rate(3, 4), rate(4, 4), rate(0, 0), rate(7, 9)]
}
