//! Bar charts of amounts: an axis from 0 to a round number, gridlines, a bar for each row, and the same as a table.

use maud::{Markup, html};

use crate::domain::habits::amount::Amount;
use crate::web::ui::bar_chart::{Bar, MAX_VALUES, position};
use crate::web::ui::figures::{format_amount, format_percent, format_ratio};

/// A period with the sum of its amounts.
#[derive(Debug, Clone)]
pub struct AmountBar {
    pub bar: Bar,
    pub sum: Amount,
}

/// The chart. `caption` says what was summed up, and `unit` what one bar is.
pub fn amount_chart(caption: &str, unit: &str, bars: &[AmountBar]) -> Markup {
    let words: Vec<String> =
        bars.iter().map(|AmountBar { bar, sum }| format!("{} {}", bar.name, format_amount(*sum))).collect();
    let top = round_up(bars.iter().map(|bar| bar.sum).max().unwrap_or_default());
    let columns = u32::try_from(bars.len()).unwrap_or(1).max(1);
    html! {
        figure.chart-figure {
            svg.bar-chart.is-dense[bars.len() > MAX_VALUES] role="img" aria-label={ (caption) ": " (words.join(", ")) "." } {
                @for quarters in 0_u8..=4 {
                    @let y = format!("{}%", 100 - 25 * u32::from(quarters));
                    line.chart-line x2="100%" y1=(y) y2=(y) {}
                    @if quarters % 2 == 0 {
                        text.chart-axis y=(y) dx="-0.6em" dy="4" text-anchor="end" { (shorten(top.share(quarters.into(), 4))) }
                    }
                }
                @for (column, bar) in (0_u32..).zip(bars) { (draw_bar(bar, top, column, columns)) }
            }
            details.numbers {
                summary { "Show as table" }
                table {
                    caption { (caption) }
                    thead { tr { th scope="col" { (unit) } th scope="col" { "Amount" } th scope="col" { "Done" } th scope="col" { "Rate" } } }
                    tbody {
                        @for AmountBar { bar, sum } in bars {
                            tr { th scope="row" { (bar.name) } td { (format_amount(*sum)) } td { (format_ratio(bar.rate)) } td { (format_percent(bar.rate)) } }
                        }
                    }
                }
            }
        }
    }
}

fn draw_bar(AmountBar { bar, sum }: &AmountBar, top: Amount, column: u32, columns: u32) -> Markup {
    let (width, left) = (10_000 / columns, 10_000 * column / columns);
    let middle = position(left + width / 2);
    let height = u32::try_from(sum.thousandths() * 10_000 / top.thousandths().max(1)).unwrap_or(0);
    html! {
        rect.chart-bar x=(position(left + width * 18 / 100)) y=(position(10_000_u32.saturating_sub(height))) width=(position(width * 64 / 100))
            height=(position(height)) rx="3" { title { (bar.name) ": " (format_amount(*sum)) } }
        text.chart-value.is-empty[sum.is_zero()] x=(middle) y=(position(10_000_u32.saturating_sub(height))) dy="-6" text-anchor="middle" {
            (shorten(*sum))
        }
        @if !bar.label.is_empty() { text.chart-label x=(middle) y="100%" dy="20" text-anchor="middle" { (bar.label) } }
    }
}

/// The next number that is 1, 2, or 5 times a power of ten thousandths.
fn round_up(sum: Amount) -> Amount {
    let powers = std::iter::successors(Some(1_u64), |power| power.checked_mul(10));
    let round = powers.flat_map(|power| [power, 2 * power, 5 * power]).find(|round| sum.thousandths() <= *round);
    round.and_then(Amount::from_thousandths).unwrap_or(Amount::MAX)
}

/// At most five characters, for the axis: "7.5", "120", "12k".
fn shorten(amount: Amount) -> String {
    const THOUSAND: u64 = 1_000_000;
    match amount.thousandths() {
        0..10_000 => amount.share(1, 100).share(100, 1).to_string(),
        10_000..10_000_000 => (amount.thousandths() / 1_000).to_string(),
        number @ 10_000_000..1_000_000_000 => format!("{}k", number / THOUSAND),
        number => format!("{}M", number / (1_000 * THOUSAND)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn amount(thousandths: u64) -> Amount {
        Amount::from_thousandths(thousandths).unwrap()
    }

    #[test]
    fn the_axis_ends_with_a_round_number_and_its_labels_are_short() {
        for (sum, expected) in
            [(0, 1), (1, 1), (3_000, 5_000), (5_001, 10_000), (42_857, 50_000), (999_999_999_999, 999_999_999_999)]
        {
            assert_eq!(round_up(amount(sum)), amount(expected), "{sum}");
        }
        for (number, expected) in [
            (0, "0"),
            (250, "0.3"),
            (7_500, "7.5"),
            (42_857, "42"),
            (9_999_000, "9999"),
            (12_500_000, "12k"),
            (3_000_000_000, "3M"),
        ] {
            assert_eq!(shorten(amount(number)), expected);
        }
    }
}
