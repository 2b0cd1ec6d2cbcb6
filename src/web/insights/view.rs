//! The insights page: the last 90 days in words, charts and tables.

use maud::{Markup, html};

use crate::domain::calendar::weekdays::{SHORT_NAMES, name};
use crate::domain::habits::insights::{CompletionRate, HEATMAP_WEEKS, Insights, Trend, TrendDirection, WINDOW_DAYS};
use crate::domain::{Day, Habit};
use crate::web::ui::date::{DateStyle, format_date};
use crate::web::ui::figures::{Figure, figures, format_percent, format_ratio, weekday_chart};
use crate::web::ui::heatmap::{CellMark, cell, legend, mark_definitions};
use crate::web::ui::layout::{Frame, NavItem, document};
use crate::web::ui::page_head::page_head;

/// The page: figures of all habits together, then the rate of each habit.
pub fn page(frame: &Frame<'_>, insights: &Insights, habits: &[(Habit, CompletionRate)]) -> Markup {
    let has_figures = insights.consistency.iter().any(|(_, rate)| rate.scheduled > 0);
    document(
        frame,
        "Insights",
        NavItem::Insights,
        &html! {
            div.insights data-testid="insights-dashboard" {
                (page_head("Insights", &html! { p { "Last " (WINDOW_DAYS) " days" } }))
                @if has_figures { (dashboard(insights, habits)) } @else { (empty(habits)) }
            }
        },
    )
}

fn empty(habits: &[(Habit, CompletionRate)]) -> Markup {
    html! {
        div.empty {
            h2 { "No insights yet" }
            @if habits.is_empty() {
                p { "See which days go best and whether you're improving. Add your first habit to get started." }
                p.actions { a.button href="/habits" { "New habit" } }
            } @else {
                p { "Nothing to show yet. Your insights start once you've done a habit or its first day is over." }
                p.actions { a.button.plain href="/habits" { "View habits" } }
            }
        }
    }
}

fn dashboard(insights: &Insights, habits: &[(Habit, CompletionRate)]) -> Markup {
    html! {
        (mark_definitions())
        section.part aria-labelledby="consistency" {
            h2 #consistency { "Consistency" }
            (figures(&insights.consistency.map(|(days, rate)| Figure {
                label: match days { 7 => "Last 7 days", 30 => "Last 30 days", _ => "Last 90 days" },
                value: format_percent(rate),
                detail: describe_rate(rate),
            })))
        }
        section.part aria-labelledby="trend" {
            h2 #trend { "Trend" }
            (trend(&insights.trend))
        }
        section.part aria-labelledby="weekdays" {
            h2 #weekdays { "By day of the week" }
            (best_and_worst(insights))
            (weekday_chart("Completion by day of the week", &insights.weekdays))
        }
        section.part aria-labelledby="weeks" {
            h2 #weeks { "Last 12 weeks" }
            (weeks(insights))
        }
        section.part aria-labelledby="by-habit" {
            h2 #by-habit { "By habit" }
            (by_habit(habits))
        }
    }
}

fn trend(trend: &Trend) -> Markup {
    let words = match trend.direction {
        _ if trend.current.scheduled == 0 || trend.previous.scheduled == 0 => "Too early to tell",
        TrendDirection::Up => "Going up",
        TrendDirection::Down => "Going down",
        TrendDirection::Flat => "Steady",
    };
    let describe = |rate: CompletionRate| match rate.scheduled {
        0 => "nothing scheduled".to_owned(),
        _ => format!("{} ({})", format_percent(rate), format_ratio(rate)),
    };
    html! {
        p.statement { strong { (words) } }
        p {
            "Last " (trend.window) " days: " (describe(trend.current)) ". Previous " (trend.window) " days: "
            (describe(trend.previous)) "."
        }
    }
}

/// The best and the worst day of the week. With only one day there is no worst one.
fn best_and_worst(insights: &Insights) -> Markup {
    let day = |(weekday, rate): (i8, CompletionRate)| {
        html! { strong { (name(weekday)) } ", " (format_percent(rate)) " (" (format_ratio(rate)) ")" }
    };
    html! {
        @match (insights.best, insights.worst) {
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

fn mark(rate: CompletionRate) -> CellMark {
    match rate {
        CompletionRate { scheduled: 0, .. } => CellMark::Nothing,
        CompletionRate { completed: 0, .. } => CellMark::Empty,
        CompletionRate { scheduled, completed } if completed >= scheduled => CellMark::All,
        CompletionRate { scheduled, completed } if completed * 2 >= scheduled => CellMark::Most,
        _ => CellMark::Some,
    }
}

/// Distance from one cell to the next, in SVG units.
const CELL_PITCH: u16 = 23;

fn weeks(insights: &Insights) -> Markup {
    let days = || insights.heatmap.iter().flatten().map(|(day, _)| *day);
    let (first, last) = (days().min().unwrap_or(insights.today), days().max().unwrap_or(insights.today));
    html! {
        figure.chart-figure {
            svg.chart viewBox="0 0 320 182" role="img" aria-label=(describe_weeks(insights, first, last)) {
                @for ((row, (_, short_name)), days) in (0_u16..).zip(SHORT_NAMES).zip(&insights.heatmap) {
                    text.chart-label x="0" y=(row * CELL_PITCH + 13) { (short_name) }
                    @for (column, (day, rate)) in (0_u16..).zip(days) {
                        (cell(mark(*rate), 44 + column * CELL_PITCH, row * CELL_PITCH, &describe_day(*day, *rate)))
                    }
                }
                @for column in [0_u16, 4, 8] {
                    text.chart-label x=(44 + column * CELL_PITCH) y="177" { (format_date(first.add_days(i32::from(column) * 7), DateStyle::Short)) }
                }
            }
            (legend(&[
                (CellMark::All, "all done"),
                (CellMark::Most, "half or more"),
                (CellMark::Some, "less than half"),
                (CellMark::Empty, "nothing done"),
                (CellMark::Nothing, "nothing scheduled"),
            ]))
            details.numbers {
                summary { "Show as table" }
                (table(insights, first))
            }
        }
    }
}

/// The text alternative of the heat map.
fn describe_weeks(insights: &Insights, first: Day, last: Day) -> String {
    let count = |wanted: CellMark| insights.heatmap.iter().flatten().filter(|(_, rate)| mark(*rate) == wanted).count();
    format!(
        "Every day from {} to {}: all done on {}, half or more on {}, less than half on {}, nothing done on {}, nothing scheduled on {}.",
        format_date(first, DateStyle::Long),
        format_date(last, DateStyle::Long),
        count(CellMark::All),
        count(CellMark::Most),
        count(CellMark::Some),
        count(CellMark::Empty),
        count(CellMark::Nothing),
    )
}

fn describe_rate(rate: CompletionRate) -> String {
    if rate.scheduled == 0 { "nothing scheduled".to_owned() } else { format!("{} done", format_ratio(rate)) }
}

fn describe_day(day: Day, rate: CompletionRate) -> String {
    format!("{}: {}", format_date(day, DateStyle::Weekday), describe_rate(rate))
}

fn table(insights: &Insights, first: Day) -> Markup {
    html! {
        section.wide tabindex="0" aria-label="Table of all days" {
            table.dense {
                caption { "Done / scheduled, by week" }
                thead { tr { th scope="col" { "Week of" } @for (_, short_name) in SHORT_NAMES { th scope="col" { (short_name) } } } }
                tbody {
                    @for column in 0..HEATMAP_WEEKS {
                        tr {
                            th scope="row" { (format_date(first.add_days(i32::try_from(column * 7).unwrap_or(0)), DateStyle::Short)) }
                            @for (_, rate) in insights.heatmap.iter().filter_map(|row| row.get(column)) {
                                td { @if rate.scheduled == 0 { "–" } @else { (rate.completed) "/" (rate.scheduled) } }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn by_habit(habits: &[(Habit, CompletionRate)]) -> Markup {
    html! {
        ul.by-habit {
            @for (habit, rate) in habits {
                li {
                    a href={ "/habits/" (habit.id) } { (habit.title) }
                    span { @if rate.scheduled == 0 { "nothing scheduled yet" } @else { (format_percent(*rate)) " · " (format_ratio(*rate)) } }
                }
            }
        }
    }
}
