//! The parts of a habit's page about its goals: how much of the current periods is done, and the totals of all time.

use maud::{Markup, html};

use crate::app::habits::insights::HabitFigures;
use crate::domain::habits::completion_interval::CompletionInterval;
use crate::domain::habits::period_rates::Period;
use crate::domain::habits::period_targets::{PeriodTarget, TargetProgress};
use crate::domain::{Amount, Habit};
use crate::web::ui::date::{DateStyle, format_date};
use crate::web::ui::figures::{format_amount, format_count};

/// A bar for each current period, with what was done by the same day of the period before.
pub fn targets(targets: &[PeriodTarget], habit: &Habit) -> Markup {
    html! {
        section.part aria-labelledby="targets" {
            h2 #targets { "Targets" }
            ul.targets { @for target in targets { (row(target, habit)) } }
        }
    }
}

/// A row in words and numbers.
struct Row {
    /// "3"
    done: String,
    /// "of 5 days", "of at most 14"
    of: String,
    value: u64,
    max: u64,
    before: Option<String>,
    /// "2 over the limit"
    excess: Option<String>,
}

impl Row {
    fn new(progress: TargetProgress, habit: &Habit) -> Self {
        let of_amounts = |sum: Amount, target: Amount, before: Option<Amount>, of: &str| Self {
            done: format_amount(sum),
            of: format!("{of} {}", with_unit(round(target), habit)),
            value: sum.thousandths().min(target.thousandths()),
            max: target.thousandths(),
            before: before.map(format_amount),
            excess: None,
        };
        match progress {
            TargetProgress::Days { done, planned, before } => Self {
                done: done.to_string(),
                of: format!("of {}", format_count(planned, "day")),
                value: done.into(),
                max: planned.into(),
                before: before.map(|before| before.to_string()),
                excess: None,
            },
            TargetProgress::AtLeast { sum, target, before } => of_amounts(sum, target, before, "of"),
            TargetProgress::AtMost { sum, target, before } => {
                let excess = sum.saturating_sub(target);
                let excess = (!excess.is_zero()).then(|| format!("{} over the limit", with_unit(excess, habit)));
                Self { excess, ..of_amounts(sum, target, before, "of at most") }
            }
        }
    }
}

fn row(target: &PeriodTarget, habit: &Habit) -> Markup {
    let period = target.period.as_str();
    let id = format!("target-{period}");
    let Row { done, of, value, max, before, excess } = Row::new(target.progress, habit);
    html! {
        li {
            label for=(id) { "This " (period) }
            span.target-figure { strong { (done) } " " (of) }
            progress id=(id) max=(max.max(1)) value=(value) {}
            @if let Some(excess) = excess { span.target-detail { strong { (excess) } } }
            @else if let Some(before) = before { span.target-detail { (before) " by " (same_day(target.period)) } }
        }
    }
}

fn same_day(period: Period) -> &'static str {
    match period {
        Period::Week => "this day last week",
        Period::Month => "this day last month",
        Period::Quarter => "this day last quarter",
        Period::Year => "this day last year",
    }
}

/// "1,250 km", or "1,250" for a habit without a unit.
fn with_unit(amount: Amount, habit: &Habit) -> String {
    let unit = habit.unit.as_ref().map(|unit| format!(" {}", unit.as_str()));
    format!("{}{}", format_amount(amount), unit.unwrap_or_default())
}

/// A target that is a share of another has decimals that say nothing.
fn round(amount: Amount) -> Amount {
    let step = match amount.thousandths() {
        0..10_000 => 1,
        10_000..100_000 => 100,
        _ => 1_000,
    };
    amount.share(1, step).share(step, 1)
}

/// What was done since the first day, and how often.
pub fn totals(HabitFigures { review, totals, entries, interval, .. }: &HabitFigures) -> Markup {
    html! {
        section.part aria-labelledby="totals" {
            h2 #totals { "Totals" }
            dl.pairs {
                div {
                    dt { "Done" }
                    dd {
                        strong { (format_count(totals.days, "day")) }
                        @if let Some(first) = totals.first { " " span.hint { "since " (format_date(first, DateStyle::Long)) } }
                    }
                }
                @if let Some(amount) = totals.amount {
                    div {
                        dt { "Amount" }
                        dd {
                            strong { (with_unit(amount, &review.habit)) }
                            " " span.hint { "in " (entries) @if *entries == 1 { " entry" } @else { " entries" } }
                        }
                    }
                }
                @if let Some(interval) = interval { (interval_rows(interval)) }
            }
        }
    }
}

fn interval_rows(CompletionInterval { average, wanted, overdue }: &CompletionInterval) -> Markup {
    html! {
        @if let Some(average) = average {
            div {
                dt { "On average" }
                dd { strong { (format_interval(*average)) } " " span.hint { "planned " (format_interval(*wanted)) } }
            }
        }
        @if let Some(days) = overdue {
            div { dt { "Overdue" } dd { strong { "by " (format_count(*days, "day")) } } }
        }
    }
}

/// "every day", "every 2.3 days".
fn format_interval(days: f64) -> String {
    let text = format!("{days:.1}");
    match text.strip_suffix(".0").unwrap_or(&text) {
        "1" => "every day".to_owned(),
        number => format!("every {number} days"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_and_shares_are_rounded() {
        let found = [1.0, 1.04, 7.0 / 3.0, 14.0].map(format_interval);
        assert_eq!(found, ["every day", "every day", "every 2.3 days", "every 14 days"]);
        let rounded = |thousandths| round(Amount::from_thousandths(thousandths).unwrap()).to_string();
        assert_eq!([4_286, 42_857, 521_429].map(rounded), ["4.286", "42.9", "521"]);
    }
}
