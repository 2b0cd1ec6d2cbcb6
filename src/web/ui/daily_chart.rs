//! A small bar chart with one bar a day, and the same numbers as a table.

use maud::{Markup, html};

use crate::domain::Day;
use crate::web::ui::date::{DateStyle, format_date};

/// Units of the drawing: the height of the tallest bar, and the width of a day.
const HEIGHT: u64 = 48;
const STEP: u64 = 20;

/// The chart of `values`, the last of which is today's.
pub fn daily_chart(caption: &str, values: &[(Day, u64)]) -> Markup {
    let most = values.iter().map(|(_, value)| *value).max().unwrap_or(0).max(1);
    let width = values.len() as u64 * STEP;
    let today = values.last().map_or(0, |(_, value)| *value);
    let total: u64 = values.iter().map(|(_, value)| *value).sum();
    let summary = format!("{caption}: {total} in {} days, {today} today.", values.len());
    html! {
        figure.daily {
            figcaption.hint { (caption) ", last " (values.len()) " days" }
            svg.chart viewBox={ "0 0 " (width) " " (HEIGHT + 4) } role="img" aria-label=(summary) {
                @for (column, (_, value)) in (0_u64..).zip(values) {
                    @let bar = (value * HEIGHT).div_ceil(most);
                    @if *value > 0 { rect.chart-bar x=(column * STEP + 3) y=(HEIGHT - bar + 2) width=(STEP - 6) height=(bar) rx="2" {} }
                }
                line.chart-base x1="0" x2=(width) y1=(HEIGHT + 3) y2=(HEIGHT + 3) {}
            }
            details.numbers {
                summary { "Show as table" }
                table {
                    caption { (caption) }
                    thead { tr { th scope="col" { "Day" } th scope="col" { "Count" } } }
                    tbody {
                        @for (day, value) in values.iter().rev() {
                            tr { th scope="row" { (format_date(*day, DateStyle::Weekday)) } td { (value) } }
                        }
                    }
                }
            }
        }
    }
}
