//! The part of the insights page about each habit: its rate, its weeks, and its strength.

use maud::{Markup, html};

use crate::app::habits::insights::HabitInsights;
use crate::domain::habits::recent_weeks::RecentWeek;
use crate::web::ui::bar_chart::sparkline;
use crate::web::ui::date::{DateStyle, format_date};
use crate::web::ui::figures::{format_percent, format_ratio};
use crate::web::ui::habit_mark::{habit_color, habit_mark};

/// The order of the habits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum HabitSort {
    /// As on the habits page.
    #[default]
    Manual,
    /// The strongest first.
    Strength,
}

impl HabitSort {
    const ALL: [Self; 2] = [Self::Manual, Self::Strength];

    /// The value of `?sort=`; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|order| order.as_str() == text)
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::Manual => "manual",
            Self::Strength => "strength",
        }
    }

    fn label(self) -> &'static str {
        match self {
            Self::Manual => "Your order",
            Self::Strength => "Strength",
        }
    }

    /// Sorts habits that are in the user's order.
    pub fn sort(self, habits: &mut [HabitInsights]) {
        if self == Self::Strength {
            habits.sort_by(|one, other| other.strength.value().total_cmp(&one.strength.value()));
        }
    }
}

/// Every habit with its weeks in its color, and links that change the order.
pub fn by_habit(habits: &[HabitInsights], weeks: &[RecentWeek], order: HabitSort) -> Markup {
    html! {
        section.part aria-labelledby="by-habit" {
            div.part-head {
                h2 #by-habit { "By habit" }
                @if habits.len() > 1 {
                    nav.choices aria-label="Order of the habits" {
                        @for choice in HabitSort::ALL {
                            a href={ "?sort=" (choice.as_str()) "#by-habit" } aria-current=[(choice == order).then_some("true")] { (choice.label()) }
                        }
                    }
                }
            }
            (list(habits))
            details.numbers {
                summary { "Show as table" }
                (table(habits, weeks))
            }
        }
    }
}

fn list(habits: &[HabitInsights]) -> Markup {
    html! {
        ul.by-habit {
            @for HabitInsights { habit, rate, strength, weeks } in habits {
                li data-color=[habit_color(habit)] {
                    (habit_mark(habit))
                    a href={ "/habits/" (habit.id) } dir="auto" { (habit.title) }
                    (sparkline(weeks))
                    span.by-habit-strength { "Strength " (strength.percent()) "%" }
                    span.by-habit-rate {
                        @if rate.scheduled == 0 { "nothing scheduled yet" } @else { strong { (format_percent(*rate)) } " " (format_ratio(*rate)) }
                    }
                }
            }
        }
    }
}

fn table(habits: &[HabitInsights], weeks: &[RecentWeek]) -> Markup {
    html! {
        section.wide tabindex="0" aria-label="Table of all habits" {
            table.dense {
                caption { "Completion by habit and week" }
                thead {
                    tr {
                        th scope="col" { "Week of" }
                        @for week in weeks { th scope="col" { (format_date(week.first(), DateStyle::Short)) } }
                        th scope="col" { "Strength" }
                    }
                }
                tbody {
                    @for HabitInsights { habit, weeks, strength, .. } in habits {
                        tr {
                            th scope="row" dir="auto" { (habit.title) }
                            @for rate in weeks { td { (format_percent(*rate)) } }
                            td { (strength.percent()) "%" }
                        }
                    }
                }
            }
        }
    }
}
