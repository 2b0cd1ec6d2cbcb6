//! Parts of a habit's page about all of its time: its history by period, the longest streaks, and how often it was done by month
//! and day of the week.

use maud::{Markup, html};

use crate::app::habits::insights::HabitFigures;
use crate::domain::Day;
use crate::domain::accounts::preferences::WeekStart;
use crate::domain::calendar::month::{Month, weekday_order};
use crate::domain::calendar::weekdays::{name, short_name};
use crate::domain::habits::insights::CompletionRate;
use crate::domain::habits::intensity::Intensity;
use crate::domain::habits::period_rates::{Period, PeriodRate};
use crate::domain::habits::review::Review;
use crate::domain::habits::streak_runs::StreakRun;
use crate::web::ui::amount_chart::{AmountBar, amount_chart};
use crate::web::ui::bar_chart::{Bar, bar_chart};
use crate::web::ui::date::{DateStyle, format_date, format_range};
use crate::web::ui::figures::{format_percent, format_ratio};

/// The rate of each period, or the sum of its amounts if there are any, with links to the other kinds of periods. `year` is the one that the links keep.
pub fn periods(selected: Period, figures: &HabitFigures, year: Option<i16>) -> Markup {
    let rates = &figures.periods;
    let unit = figures.review.habit.unit.as_ref().map(|unit| format!(" in {}", unit.as_str())).unwrap_or_default();
    html! {
        section.part aria-labelledby="history" {
            div.part-head {
                h2 #history { "History" }
                nav.choices aria-label="Length of a period" {
                    @for period in Period::ALL {
                        a href=(address(year, period, "history")) aria-current=[(period == selected).then_some("true")] { (label(period)) }
                    }
                }
            }
            @if rates.iter().any(|rate| !rate.sum.is_zero()) {
                (amount_chart(&format!("Amount by {}{unit}", selected.as_str()), label(selected), &amount_bars(selected, rates)))
            } @else {
                (bar_chart(&format!("Completion by {}", selected.as_str()), label(selected), &bars(selected, rates)))
            }
        }
    }
}

/// The address of the page with a year and a kind of period. Default values are left out.
pub fn address(year: Option<i16>, period: Period, fragment: &str) -> String {
    let year = year.map(|year| format!("year={year}"));
    let by = (period != Period::default()).then(|| format!("by={}", period.as_str()));
    let query: Vec<String> = year.into_iter().chain(by).collect();
    format!("?{}#{fragment}", query.join("&"))
}

fn label(period: Period) -> &'static str {
    match period {
        Period::Week => "Week",
        Period::Month => "Month",
        Period::Quarter => "Quarter",
        Period::Year => "Year",
    }
}

fn bars(period: Period, rates: &[PeriodRate]) -> Vec<Bar> {
    let mut before = None;
    let bar = |PeriodRate { first, rate, .. }: &PeriodRate| {
        let label = axis_label(period, before, *first);
        before = Some(*first);
        Bar { name: describe_period(period, *first), label, rate: *rate }
    };
    rates.iter().map(bar).collect()
}

fn amount_bars(period: Period, rates: &[PeriodRate]) -> Vec<AmountBar> {
    bars(period, rates).into_iter().zip(rates).map(|(bar, rate)| AmountBar { bar, sum: rate.sum }).collect()
}

fn describe_period(period: Period, first: Day) -> String {
    match period {
        Period::Week => format!("Week of {}", format_date(first, DateStyle::Long)),
        Period::Month => format_date(first, DateStyle::Month),
        Period::Quarter => format!("Q{} {}", quarter(first), first.year()),
        Period::Year => first.year().to_string(),
    }
}

fn quarter(day: Day) -> i8 {
    (day.date().month() - 1) / 3 + 1
}

/// The label below a bar, given the first day of the bar before it. Only so many have one that they fit on a phone.
fn axis_label(period: Period, before: Option<Day>, first: Day) -> String {
    let is_new_month = before.is_none_or(|before| before.date().month() != first.date().month());
    match period {
        Period::Week if is_new_month => format_date(first, DateStyle::ShortMonthName),
        Period::Month if first.date().month() == 1 => first.year().to_string(),
        Period::Month if first.date().month() % 3 == 1 => format_date(first, DateStyle::ShortMonthName),
        Period::Quarter if quarter(first) == 1 => first.year().to_string(),
        Period::Year => first.year().to_string(),
        _ => String::new(),
    }
}

/// The longest streaks with their dates and a bar for the length of each.
pub fn best_streaks(runs: &[StreakRun]) -> Markup {
    html! {
        section.part aria-labelledby="best-streaks" {
            h2 #best-streaks { "Best streaks" }
            @if runs.is_empty() {
                p.hint { "Complete this habit on one of its days to start its first streak." }
            } @else {
                (streak_table(runs))
            }
        }
    }
}

/// Streaks with their dates and a bar for the length of each.
pub fn streak_table(runs: &[StreakRun]) -> Markup {
    let longest = runs.iter().map(|run| run.length).max().unwrap_or(1);
    html! {
        table.streak-chart {
            thead.unseen { tr { th scope="col" { "Dates" } th scope="col" { "Days" } } }
            tbody {
                @for run in runs {
                    tr {
                        th scope="row" { (format_range(run.first, run.last)) @if run.is_current { " " span.tag { "current" } } }
                        td {
                            svg.streak-bar aria-hidden="true" focusable="false" {
                                rect.chart-bar width={ (run.length * 100 / longest) "%" } height="100%" rx="3" {}
                            }
                            (run.length)
                        }
                    }
                }
            }
        }
    }
}

/// On how many days of a year something was done, by month and day of the week.
pub fn frequency(review: &Review, week_start: WeekStart) -> Markup {
    let caption = format!("Days done in {} by month and day of the week", review.year);
    html! {
        section.part aria-labelledby="frequency" {
            h2 #frequency { "Frequency" }
            (weekday_matrix(&caption, review.visible_frequencies(), week_start))
            p.hint { "Number of days done; darker for a larger share of them." }
        }
    }
}

/// A table of months by days of the week, whose cells are as intense as their rates. Those of a month begin with Monday.
pub fn weekday_matrix<'a>(
    caption: &str,
    months: impl Iterator<Item = (Month, &'a [CompletionRate; 7])>,
    week_start: WeekStart,
) -> Markup {
    let order = weekday_order(week_start);
    let rate = |rates: &[CompletionRate; 7], weekday: i8| {
        usize::try_from(weekday - 1).ok().and_then(|at| rates.get(at)).copied().unwrap_or_default()
    };
    html! {
        table.matrix {
            caption.unseen { (caption) }
            thead { tr { td {} @for weekday in order { th scope="col" { abbr title=(name(weekday)) { (short_name(weekday)) } } } } }
            tbody {
                @for (month, rates) in months {
                    tr {
                        th scope="row" { (format_date(month.first(), DateStyle::ShortMonthName)) }
                        @for weekday in order { (matrix_cell(rate(rates, weekday))) }
                    }
                }
            }
        }
    }
}

fn matrix_cell(rate: CompletionRate) -> Markup {
    html! {
        @match Intensity::from_rate(rate) {
            Some(intensity) => td data-level=(intensity.level()) title={ (format_ratio(rate)) ", " (format_percent(rate)) } { (rate.completed) },
            None => td { "–" },
        }
    }
}
