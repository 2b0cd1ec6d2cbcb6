//! Figures about completed days: large numbers, and rates in words.

use maud::{Markup, html};

use crate::domain::habits::amount::Amount;
use crate::domain::habits::insights::CompletionRate;

/// A large number with a label above and details below it.
pub struct Figure<'a> {
    pub label: &'a str,
    pub value: String,
    pub detail: String,
}

/// Shows figures side by side.
pub fn figures(figures: &[Figure<'_>]) -> Markup {
    html! {
        dl.figures {
            @for figure in figures {
                div.figure { dt { (figure.label) } dd.figure-number { (figure.value) } dd.figure-detail { (figure.detail) } }
            }
        }
    }
}

/// Writes an amount with groups of digits: "1,234.5".
pub fn format_amount(amount: Amount) -> String {
    let text = amount.to_string();
    let (whole, decimals) = text.split_once('.').map_or((text.as_str(), None), |(whole, rest)| (whole, Some(rest)));
    let mut grouped = String::new();
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    decimals.map_or(grouped.clone(), |decimals| format!("{grouped}.{decimals}"))
}

/// "1 day", "2 days".
pub fn format_count(count: u32, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

/// Writes a rate as a ratio: "6 of 7".
pub fn format_ratio(rate: CompletionRate) -> String {
    format!("{} of {}", rate.completed, rate.scheduled)
}

/// Writes a rate as "86%", or a dash if nothing was scheduled.
pub fn format_percent(rate: CompletionRate) -> String {
    if rate.scheduled == 0 { "–".to_owned() } else { format!("{}%", rate.percent()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_have_groups_of_digits() {
        let text = |thousandths| format_amount(Amount::from_thousandths(thousandths).unwrap());
        assert_eq!([0, 500, 999_000, 1_234_500, 1_000_000_000].map(text), ["0", "0.5", "999", "1,234.5", "1,000,000"]);
        assert_eq!([format_count(1, "day"), format_count(0, "day")], ["1 day", "0 days"]);
    }
}
