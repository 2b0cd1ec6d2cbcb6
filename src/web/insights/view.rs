//! The insights page: the last 90 days in words, charts and tables.

use maud::{Markup, html};

use crate::app::habits::insights::{HabitInsights, InsightsOverview};
use crate::domain::Day;
use crate::domain::accounts::preferences::WeekStart;
use crate::domain::calendar::weekdays::{name, short_name};
use crate::domain::habits::insights::{CompletionRate, Insights, Trend, TrendDirection, WINDOW_DAYS};
use crate::domain::habits::period_comparison::PeriodComparison;
use crate::domain::habits::recent_weeks::{RECENT_WEEKS, RecentWeek};
use crate::web::insights::by_habit_view::{HabitSort, by_habit};
use crate::web::ui::bar_chart::{Bar, bar_chart, weekday_bars};
use crate::web::ui::date::{DateStyle, format_date};
use crate::web::ui::figures::{Figure, figures, format_percent, format_ratio};
use crate::web::ui::heatmap::{CellMark, cell, legend, mark_definitions};
use crate::web::ui::layout::{Frame, NavItem, document};
use crate::web::ui::page_head::page_head;

/// The page: figures of all habits together, then the rate of each habit.
pub fn page(frame: &Frame<'_>, overview: &InsightsOverview, order: HabitSort, week_start: WeekStart) -> Markup {
    let has_figures = overview.insights.consistency.iter().any(|(_, rate)| rate.scheduled > 0);
    document(
        frame,
        "Insights",
        NavItem::Insights,
        &html! {
            div.insights data-testid="insights-dashboard" {
                (page_head("Insights", &html! { p { "Last " (WINDOW_DAYS) " days" } a.quiet href="/notes" { "Notes" } }))
                @if has_figures { (dashboard(overview, order, week_start)) } @else { (empty(&overview.habits)) }
            }
        },
    )
}

fn empty(habits: &[HabitInsights]) -> Markup {
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

fn dashboard(overview: &InsightsOverview, order: HabitSort, week_start: WeekStart) -> Markup {
    let InsightsOverview { insights, comparisons, weeks, habits } = overview;
    html! {
        (mark_definitions())
        section.part aria-labelledby="consistency" {
            h2 #consistency { "Consistency" }
            (figures(&insights.consistency.map(|(days, rate)| Figure {
                label: match days { 7 => "Last 7 days", 30 => "Last 30 days", _ => "Last 90 days" },
                value: format_percent(rate),
                detail: describe_rate(rate),
            })))
            (comparison(comparisons))
        }
        div.pair {
            section.part aria-labelledby="trend" {
                h2 #trend { "Trend" }
                (trend(&insights.trend))
                (bar_chart("Completion by week", "Week of", &week_bars(weeks)))
            }
            section.part aria-labelledby="weekdays" {
                h2 #weekdays { "By day of the week" }
                (best_and_worst(insights))
                (bar_chart("Completion by day of the week", "Day", &weekday_bars(&insights.weekdays, week_start)))
            }
            section.part aria-labelledby="weeks" {
                h2 #weeks { "Last 12 weeks" }
                (heatmap(weeks, insights.today))
            }
            (by_habit(habits, weeks, order))
        }
    }
}

/// How much more or less was done than before: "Last 30 days: 12% more than in the 30 days before."
fn comparison(comparisons: &[PeriodComparison]) -> Markup {
    let sentence = |comparison: &PeriodComparison| {
        let days = comparison.days;
        let change = match comparison.change_percent()? {
            0 => "as much as".to_owned(),
            more @ 1.. => format!("{more}% more than"),
            less => format!("{}% less than", less.unsigned_abs()),
        };
        Some(format!("Last {days} days: {change} in the {days} days before."))
    };
    let sentences: Vec<String> = comparisons.iter().filter_map(sentence).collect();
    html! {
        @if !sentences.is_empty() { p.hint { (sentences.join(" ")) } }
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
        html! { strong { (name(weekday)) } ", " (format_percent(rate)) " " span.hint { "(" (format_ratio(rate)) ")" } }
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

/// A bar for each week. The first one that begins in a month has its name.
fn week_bars(weeks: &[RecentWeek]) -> Vec<Bar> {
    let mut month = None;
    let bar = |week: &RecentWeek| {
        let first = week.first();
        let is_new = month.replace(first.date().month()) != Some(first.date().month());
        Bar {
            name: format_date(first, DateStyle::Short),
            label: if is_new { format_date(first, DateStyle::ShortMonthName) } else { String::new() },
            rate: week.total,
        }
    };
    weeks.iter().map(bar).collect()
}

/// Distance from one cell to the next, in SVG units.
const CELL_PITCH: u16 = 23;

/// A column for each week and a row for each day of the week.
fn heatmap(weeks: &[RecentWeek; RECENT_WEEKS], today: Day) -> Markup {
    html! {
        figure.chart-figure {
            svg.chart viewBox="0 0 320 182" role="img" aria-label=(describe_weeks(weeks, today)) {
                @for (row, (day, _)) in (0_u16..).zip(weeks.iter().flat_map(|week| week.days).take(7)) {
                    text.chart-label x="0" y=(row * CELL_PITCH + 13) { (short_name(day.weekday().to_monday_one_offset())) }
                }
                @for (column, week) in (0_u16..).zip(weeks) {
                    @for (row, (day, rate)) in (0_u16..).zip(week.days) {
                        @if let Some(rate) = rate {
                            (cell(CellMark::from_rate(rate), 44 + column * CELL_PITCH, row * CELL_PITCH, &describe_day(day, rate)))
                        }
                    }
                    @if column % 4 == 0 {
                        text.chart-label x=(44 + column * CELL_PITCH) y="177" { (format_date(week.first(), DateStyle::Short)) }
                    }
                }
            }
            (legend(&[
                (CellMark::All, "all done"),
                (CellMark::High, "70–99%"),
                (CellMark::Medium, "40–69%"),
                (CellMark::Low, "1–39%"),
                (CellMark::Empty, "nothing done"),
                (CellMark::Nothing, "nothing scheduled"),
            ]))
            details.numbers {
                summary { "Show as table" }
                (heatmap_table(weeks))
            }
        }
    }
}

/// The text alternative of the heat map.
fn describe_weeks(weeks: &[RecentWeek], today: Day) -> String {
    let days = || weeks.iter().flat_map(|week| week.days);
    let count = |wanted: CellMark| {
        days().filter(|(_, rate)| rate.is_some_and(|rate| CellMark::from_rate(rate) == wanted)).count()
    };
    let first = days().map(|(day, _)| day).min().unwrap_or(today);
    format!(
        "Every day from {} to {}: all done on {}, 70 to 99 percent on {}, 40 to 69 percent on {}, less on {}, nothing done on {}, nothing scheduled on {}.",
        format_date(first, DateStyle::Long),
        format_date(today, DateStyle::Long),
        count(CellMark::All),
        count(CellMark::High),
        count(CellMark::Medium),
        count(CellMark::Low),
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

fn heatmap_table(weeks: &[RecentWeek]) -> Markup {
    let days = weeks.iter().flat_map(|week| week.days).take(7);
    html! {
        section.wide tabindex="0" aria-label="Table of all days" {
            table.dense {
                caption { "Done / scheduled, by week" }
                thead {
                    tr {
                        th scope="col" { "Week of" }
                        @for (day, _) in days { th scope="col" { (short_name(day.weekday().to_monday_one_offset())) } }
                    }
                }
                tbody {
                    @for week in weeks {
                        tr {
                            th scope="row" { (format_date(week.first(), DateStyle::Short)) }
                            @for (_, rate) in week.days {
                                td {
                                    @match rate {
                                        Some(CompletionRate { scheduled, completed }) if scheduled > 0 => { (completed) "/" (scheduled) }
                                        Some(_) => "–",
                                        None => {}
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}
