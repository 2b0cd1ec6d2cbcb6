//! Bar charts of completion rates: an axis from 0 to 100 percent, gridlines, a bar with its value for each row, and the same
//! as a table.
//!
//! Positions are percentages, so a chart scales to any width while its text keeps its size.

use maud::{Markup, html};

use crate::domain::accounts::preferences::WeekStart;
use crate::domain::calendar::month::weekday_order;
use crate::domain::calendar::weekdays::{name, short_name};
use crate::domain::habits::insights::CompletionRate;
use crate::web::ui::figures::{format_percent, format_ratio};

/// The rate of one day of the week, one week, or one month.
#[derive(Debug, Clone)]
pub struct Bar {
    /// In words, for the table: "Monday".
    pub name: String,
    /// Below the bar; empty if there is no space for one: "Mon".
    pub label: String,
    pub rate: CompletionRate,
}

/// The most bars that have room for their values on a phone.
pub(super) const MAX_VALUES: usize = 12;

/// The chart. `caption` says what the rates are of, and `unit` what one bar is.
pub fn bar_chart(caption: &str, unit: &str, bars: &[Bar]) -> Markup {
    let scheduled = bars.iter().filter(|bar| bar.rate.scheduled > 0);
    let words: Vec<String> = scheduled.map(|bar| format!("{} {}", bar.name, format_percent(bar.rate))).collect();
    let words = if words.is_empty() { "nothing scheduled".to_owned() } else { words.join(", ") };
    html! {
        figure.chart-figure {
            svg.bar-chart.is-dense[bars.len() > MAX_VALUES] role="img" aria-label={ (caption) ": " (words) "." } {
                (axis())
                @for (column, bar) in (0_u32..).zip(bars) { (draw_bar(bar, column, u32::try_from(bars.len()).unwrap_or(1))) }
            }
            details.numbers {
                summary { "Show as table" }
                (table(caption, unit, bars))
            }
        }
    }
}

/// Gridlines from 0 to 100 percent.
pub(super) fn axis() -> Markup {
    html! {
        @for percent in [0_u32, 25, 50, 75, 100] {
            @let y = format!("{}%", 100 - percent);
            line.chart-line x2="100%" y1=(y) y2=(y) {}
            @if percent % 50 == 0 { text.chart-axis y=(y) dx="-0.6em" dy="4" text-anchor="end" { (percent) "%" } }
        }
    }
}

/// The bar fills 64 percent of its column.
fn draw_bar(bar: &Bar, column: u32, columns: u32) -> Markup {
    let (width, left) = (10_000 / columns, 10_000 * column / columns);
    let middle = position(left + width / 2);
    let percent = bar.rate.percent();
    let is_scheduled = bar.rate.scheduled > 0;
    html! {
        @if is_scheduled {
            rect.chart-bar x=(position(left + width * 18 / 100)) y={ (100 - percent) "%" } width=(position(width * 64 / 100))
                height={ (percent) "%" } rx="3" { title { (bar.name) ": " (format_percent(bar.rate)) " (" (format_ratio(bar.rate)) ")" } }
        }
        text.chart-value.is-empty[!is_scheduled] x=(middle) y={ (100 - percent) "%" } dy="-6" text-anchor="middle" {
            @if is_scheduled { (percent) } @else { "–" }
        }
        @if !bar.label.is_empty() { text.chart-label x=(middle) y="100%" dy="20" text-anchor="middle" { (bar.label) } }
    }
}

/// Writes hundredths of a percent: "14.28%".
pub(super) fn position(hundredths: u32) -> String {
    format!("{}.{:02}%", hundredths / 100, hundredths % 100)
}

fn table(caption: &str, unit: &str, bars: &[Bar]) -> Markup {
    html! {
        table {
            caption { (caption) }
            thead { tr { th scope="col" { (unit) } th scope="col" { "Done" } th scope="col" { "Rate" } } }
            tbody {
                @for bar in bars.iter().filter(|bar| bar.rate.scheduled > 0) {
                    tr { th scope="row" { (bar.name) } td { (format_ratio(bar.rate)) } td { (format_percent(bar.rate)) } }
                }
            }
        }
    }
}

/// A bar for each day of the week, in the user's order.
pub fn weekday_bars(rates: &[(i8, CompletionRate)], week_start: WeekStart) -> Vec<Bar> {
    let rate = |weekday: i8| rates.iter().find(|(day, _)| *day == weekday).map(|(_, rate)| *rate).unwrap_or_default();
    let bar = |weekday: i8| Bar {
        name: name(weekday).to_owned(),
        label: short_name(weekday).to_owned(),
        rate: rate(weekday),
    };
    weekday_order(week_start).map(bar).into()
}

/// Columns of a word's height, oldest first: how a habit went lately.
pub fn sparkline(rates: &[CompletionRate]) -> Markup {
    let columns = u32::try_from(rates.len()).unwrap_or(1);
    let words: Vec<String> = rates.iter().map(|rate| format_percent(*rate)).collect();
    html! {
        svg.sparkline role="img" aria-label={ "Week by week: " (words.join(", ")) } {
            line.chart-line x2="100%" y1="100%" y2="100%" {}
            @for (column, rate) in (0_u32..).zip(rates).filter(|(_, rate)| rate.completed > 0) {
                rect.chart-bar x=(position(10_000 * column / columns)) y={ (100 - rate.percent()) "%" } width=(position(7_000 / columns))
                    height={ (rate.percent()) "%" } rx="1" {}
            }
        }
    }
}
