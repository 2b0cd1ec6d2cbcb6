//! Insights: what the last ninety days say, in words, pictures and tables.

use maud::{Markup, html};

use super::figures::{Figure, by_weekday, figures, long_date, of, percent};
use super::heatmap::{Mark, legend, place, shapes};
use super::layout::{Frame, Here, document};
use crate::domain::insights::{Direction, Insights, Tally, Trend, WEEKS, WINDOW};
use crate::domain::weekdays::{NAMES, name};
use crate::domain::{Day, Habit};

/// The figures over all habits, then each habit.
pub fn page(frame: &Frame<'_>, found: &Insights, habits: &[(Habit, Tally)]) -> Markup {
    let something = found.consistency.iter().any(|(_, tally)| tally.scheduled > 0);
    document(
        frame,
        "Insights",
        Here::Insights,
        &html! {
            div.insights data-testid="insights-dashboard" {
                header.page-head {
                    h1 { "Insights" }
                    p.date { "The " (WINDOW) " days up to " time datetime=(found.today) { (long_date(found.today)) } }
                }
                @if something { (dashboard(found, habits)) } @else { (nothing(habits)) }
            }
        },
    )
}

fn nothing(habits: &[(Habit, Tally)]) -> Markup {
    html! {
        div.empty {
            h2 { "Nothing to look back on yet" }
            @if habits.is_empty() {
                p { "Insights show how regularly you do what you planned: by week, by weekday, and which way it goes. They begin with your first habit." }
                p.actions { a.button href="/habits" { "Add a habit" } }
            } @else {
                p { "No day that you planned has come yet. The first figures are here on the first day a habit is due." }
                p.actions { a.button.plain href="/habits" { "Look at your habits" } }
            }
        }
    }
}

fn dashboard(found: &Insights, habits: &[(Habit, Tally)]) -> Markup {
    html! {
        (shapes())
        section.part aria-labelledby="consistency" {
            h2 #consistency { "Consistency" }
            (figures(&found.consistency.map(|(days, tally)| Figure {
                about: match days { 7 => "Last 7 days", 30 => "Last 30 days", _ => "Last 90 days" },
                number: percent(tally),
                detail: if tally.scheduled == 0 { "nothing planned".to_owned() } else { format!("{} done", of(tally)) },
            })))
        }
        section.part aria-labelledby="trend" {
            h2 #trend { "Trend" }
            (trend(&found.trend))
        }
        section.part aria-labelledby="weekdays" {
            h2 #weekdays { "Weekdays" }
            (extremes(found))
            (by_weekday("Done of what was planned, by weekday", &found.weekdays))
        }
        section.part aria-labelledby="weeks" {
            h2 #weeks { "Twelve weeks" }
            (weeks(found))
        }
        section.part aria-labelledby="by-habit" {
            h2 #by-habit { "Habit by habit" }
            (by_habit(habits))
        }
    }
}

fn trend(trend: &Trend) -> Markup {
    let words = match trend.direction {
        _ if trend.current.scheduled == 0 || trend.previous.scheduled == 0 => "Too early to tell",
        Direction::Up => "Going up",
        Direction::Down => "Going down",
        Direction::Flat => "Steady",
    };
    let part = |tally: Tally| match tally.scheduled {
        0 => "nothing planned".to_owned(),
        _ => format!("{} ({})", percent(tally), of(tally)),
    };
    html! {
        p.statement { strong { (words) } }
        p {
            "The last " (trend.window) " days: " (part(trend.current)) ". The " (trend.window) " days before: "
            (part(trend.previous)) "."
        }
    }
}

/// Best and worst weekday; of one alone neither can be said.
fn extremes(found: &Insights) -> Markup {
    let day =
        |(weekday, tally): (i8, Tally)| html! { strong { (name(weekday)) } ", " (percent(tally)) " (" (of(tally)) ")" };
    html! {
        @match (found.best, found.worst) {
            (Some(best), Some(worst)) if best.0 != worst.0 => {
                dl.pairs {
                    div { dt { "Best day" } dd { (day(best)) } }
                    div { dt { "Hardest day" } dd { (day(worst)) } }
                }
            }
            (Some(only), _) => p { "Best day so far: " (day(only)) },
            _ => {}
        }
    }
}

fn mark(tally: Tally) -> Mark {
    match tally {
        Tally { scheduled: 0, .. } => Mark::Nothing,
        Tally { completed: 0, .. } => Mark::Empty,
        Tally { scheduled, completed } if completed >= scheduled => Mark::All,
        Tally { scheduled, completed } if completed * 2 >= scheduled => Mark::Most,
        _ => Mark::Some,
    }
}

/// From one box to the next in the twelve weeks, in units of the drawing.
const STEP: u16 = 23;

fn weeks(found: &Insights) -> Markup {
    let ends = || found.heatmap.iter().flatten().map(|(day, _)| *day);
    let (first, last) = (ends().min().unwrap_or(found.today), ends().max().unwrap_or(found.today));
    html! {
        figure.chart-figure {
            svg.chart viewBox="0 0 320 182" role="img" aria-label=(in_words(found, first, last)) {
                @for ((row, (_, short)), days) in (0_u16..).zip(NAMES).zip(&found.heatmap) {
                    text.chart-label x="0" y=(row * STEP + 13) { (short) }
                    @for (column, (day, tally)) in (0_u16..).zip(days) {
                        (place(mark(*tally), 44 + column * STEP, row * STEP, &said(*day, *tally)))
                    }
                }
                @for column in [0_u16, 4, 8] {
                    text.chart-label x=(44 + column * STEP) y="177" { (short_date(first.plus(i32::from(column) * 7))) }
                }
            }
            (legend(&[
                (Mark::All, "all done"),
                (Mark::Most, "half or more"),
                (Mark::Some, "less than half"),
                (Mark::Empty, "nothing done"),
                (Mark::Nothing, "nothing planned"),
            ]))
            details.numbers {
                summary { "Every day as a table" }
                (table(found, first))
            }
        }
    }
}

fn in_words(found: &Insights, first: Day, last: Day) -> String {
    let count =
        |wanted: &[Mark]| found.heatmap.iter().flatten().filter(|(_, tally)| wanted.contains(&mark(*tally))).count();
    format!(
        "Every day from {} to {}: all done on {}, half or more on {}, less than half on {}, nothing done on {}, nothing planned on {}.",
        long_date(first),
        long_date(last),
        count(&[Mark::All]),
        count(&[Mark::Most]),
        count(&[Mark::Some]),
        count(&[Mark::Empty]),
        count(&[Mark::Nothing]),
    )
}

fn said(day: Day, tally: Tally) -> String {
    let what = if tally.scheduled == 0 { "nothing planned".to_owned() } else { format!("{} done", of(tally)) };
    format!("{}: {what}", day.date().strftime("%a, %-d %B"))
}

fn short_date(day: Day) -> String {
    day.date().strftime("%-d %b").to_string()
}

fn table(found: &Insights, first: Day) -> Markup {
    html! {
        section.wide tabindex="0" aria-label="Every day as a table" {
            table.dense {
                caption { "Done/planned on each day of the seven that begin with the date" }
                thead { tr { th scope="col" { "From" } @for (_, short) in NAMES { th scope="col" { (short) } } } }
                tbody {
                    @for column in 0..WEEKS {
                        tr {
                            th scope="row" { (short_date(first.plus(i32::try_from(column * 7).unwrap_or(0)))) }
                            @for (_, tally) in found.heatmap.iter().filter_map(|row| row.get(column)) {
                                td { @if tally.scheduled == 0 { "–" } @else { (tally.completed) "/" (tally.scheduled) } }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn by_habit(habits: &[(Habit, Tally)]) -> Markup {
    html! {
        ul.by-habit {
            @for (habit, tally) in habits {
                li {
                    a href={ "/habits/" (habit.id) } { (habit.title) }
                    span { @if tally.scheduled == 0 { "nothing planned yet" } @else { (percent(*tally)) " · " (of(*tally)) } }
                }
            }
        }
    }
}
