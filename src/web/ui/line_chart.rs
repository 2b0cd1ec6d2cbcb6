//! A line chart of percentages over time: an axis from 0 to 100 percent, gridlines, and the same as a table.

use maud::{Markup, html};

use crate::web::ui::bar_chart::{axis, position};

/// A point of the line. Points are evenly spaced.
#[derive(Debug, Clone)]
pub struct LinePoint {
    /// In words, for the table: "Feb 9, 2026".
    pub name: String,
    /// Below the line; empty if there is no space for one: "Feb".
    pub label: String,
    pub percent: u32,
}

/// The chart. `caption` says what the percentages are of, `unit` what one point is, and `value` what it has.
pub fn line_chart(caption: &str, unit: &str, value: &str, points: &[LinePoint]) -> Markup {
    let steps = u32::try_from(points.len().saturating_sub(1)).unwrap_or(1).max(1);
    let coordinates: Vec<String> =
        (0_u32..).zip(points).map(|(column, point)| format!("{column},{}", 100 - point.percent.min(100))).collect();
    html! {
        figure.chart-figure {
            svg.bar-chart role="img" aria-label=(describe(caption, points)) {
                (axis())
                // Stretched to the size of the chart; the width of the line stays.
                svg width="100%" height="100%" viewBox={ "0 0 " (steps) " 100" } preserveAspectRatio="none" overflow="visible" {
                    polyline.chart-curve points=(coordinates.join(" ")) vector-effect="non-scaling-stroke" {}
                }
                @for (column, point) in (0_u32..).zip(points).filter(|(_, point)| !point.label.is_empty()) {
                    text.chart-label x=(position(10_000 * column / steps)) y="100%" dy="20" text-anchor="middle" { (point.label) }
                }
            }
            details.numbers {
                summary { "Show as table" }
                table {
                    caption { (caption) }
                    thead { tr { th scope="col" { (unit) } th scope="col" { (value) } } }
                    tbody { @for point in points.iter().rev() { tr { th scope="row" { (point.name) } td { (point.percent) "%" } } } }
                }
            }
        }
    }
}

fn describe(caption: &str, points: &[LinePoint]) -> String {
    let percents = || points.iter().map(|point| point.percent);
    match (points.first(), points.last(), percents().min(), percents().max()) {
        (Some(first), Some(last), Some(min), Some(max)) => format!(
            "{caption}: {}% on {}, {}% on {}, between {min}% and {max}%.",
            first.percent, first.name, last.percent, last.name
        ),
        _ => format!("{caption}: nothing yet."),
    }
}
