//! Small bar charts with one bar a day, and the same numbers as a table.

use maud::{Markup, html};

use crate::domain::Day;
use crate::web::ui::date::{DateStyle, format_date};

/// Units of the drawing: the height of the tallest bar, and the width of a day.
const HEIGHT: u64 = 48;
const STEP: u64 = 20;

/// What the bars, or the parts of one color of the bars, show.
#[derive(Debug, Clone)]
pub struct DailySeries {
    pub name: &'static str,
    /// One value a day, today's last.
    pub values: Vec<u64>,
}

/// How a value is written in the table.
type Format = fn(u64) -> String;

/// The chart of one count a day, the last of which is today's.
pub fn daily_chart(caption: &str, values: &[(Day, u64)]) -> Markup {
    let (days, series) = split("Count", values);
    let summary = format!("{caption}: {}.", summarize(&series.values));
    draw(caption, &summary, &days, &[series], |value| value.to_string())
}

/// The chart of two counts a day: bars of two parts, the second of which is an outline.
pub fn stacked_daily_chart(caption: &str, days: &[Day], series: &[DailySeries; 2]) -> Markup {
    let [first, second] = series;
    let words = [first, second].map(|series| format!("{} {}", series.name.to_lowercase(), summarize(&series.values)));
    draw(caption, &format!("{caption}: {}.", words.join("; ")), days, series, |value| value.to_string())
}

/// The chart of a size a day. A day without one has no bar.
pub fn daily_size_chart(caption: &str, values: &[(Day, u64)], format: Format) -> Markup {
    let (days, series) = split("Size", values);
    let sizes = || values.iter().filter(|(_, bytes)| *bytes > 0);
    let summary = match sizes().next_back() {
        Some((day, bytes)) => format!(
            "{caption}: on {} of {} days, the last on {} with {}.",
            sizes().count(),
            values.len(),
            format_date(*day, DateStyle::Short),
            format(*bytes)
        ),
        None => format!("{caption}: none in {} days.", values.len()),
    };
    draw(caption, &summary, &days, &[series], format)
}

fn split(name: &'static str, values: &[(Day, u64)]) -> (Vec<Day>, DailySeries) {
    let (days, values) = values.iter().copied().unzip();
    (days, DailySeries { name, values })
}

fn summarize(values: &[u64]) -> String {
    let total: u64 = values.iter().sum();
    format!("{total} in {} days, {} today", values.len(), values.last().copied().unwrap_or(0))
}

fn draw(caption: &str, summary: &str, days: &[Day], series: &[DailySeries], format: Format) -> Markup {
    let value = |series: &DailySeries, column: usize| series.values.get(column).copied().unwrap_or(0);
    let total = |column| series.iter().map(|series| value(series, column)).sum::<u64>();
    let most = (0..days.len()).map(total).max().unwrap_or(0).max(1);
    let width = days.len() as u64 * STEP;
    html! {
        figure.daily {
            figcaption.hint { (caption) ", last " (days.len()) " days" }
            svg.chart viewBox={ "0 0 " (width) " " (HEIGHT + 4) } role="img" aria-label=(summary) {
                @for (column, position) in (0..days.len()).zip(0_u64..) {
                    (bar(position * STEP, most, &series.iter().map(|series| value(series, column)).collect::<Vec<_>>()))
                }
                line.chart-base x1="0" x2=(width) y1=(HEIGHT + 3) y2=(HEIGHT + 3) {}
            }
            @if series.len() > 1 { (legend(series)) }
            details.numbers {
                summary { "Show as table" }
                table {
                    caption { (caption) }
                    thead { tr { th scope="col" { "Day" } @for series in series { th scope="col" { (series.name) } } } }
                    tbody {
                        @for (column, day) in days.iter().enumerate().rev() {
                            tr {
                                th scope="row" { (format_date(*day, DateStyle::Weekday)) }
                                @for series in series { td { (format(value(series, column))) } }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// The parts of a bar, from the bottom up. The smallest value is still visible.
fn bar(left: u64, most: u64, values: &[u64]) -> Markup {
    let mut bottom = HEIGHT + 2;
    html! {
        @for (part, value) in values.iter().enumerate().filter(|(_, value)| **value > 0) {
            @let height = u64::try_from((u128::from(*value) * u128::from(HEIGHT)).div_ceil(u128::from(most))).unwrap_or(HEIGHT);
            @let top = { bottom = bottom.saturating_sub(height); bottom };
            rect.chart-bar.is-outline[part > 0] x=(left + 3) y=(top) width=(STEP - 6) height=(height) rx="2" {}
        }
    }
}

fn legend(series: &[DailySeries]) -> Markup {
    html! {
        ul.legend {
            @for (part, series) in series.iter().enumerate() {
                li {
                    svg width="12" height="12" viewBox="0 0 12 12" aria-hidden="true" {
                        rect.chart-bar.is-outline[part > 0] x="1" y="1" width="10" height="10" rx="2" {}
                    }
                    (series.name)
                }
            }
        }
    }
}
