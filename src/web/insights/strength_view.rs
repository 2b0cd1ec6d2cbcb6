//! The part of a habit's page about its strength: a line over the last year, and how it's computed.

use maud::{Markup, html};

use crate::domain::Day;
use crate::domain::habits::strength::Strength;
use crate::web::ui::date::{DateStyle, format_date};
use crate::web::ui::line_chart::{LinePoint, line_chart};

/// The most points of the line: a year of weeks.
const MAX_POINTS: usize = 53;

/// The part. `strengths` are those of each day, oldest first, up to `today`.
pub fn strength_part(strengths: &[Strength], today: Day) -> Markup {
    html! {
        section.part aria-labelledby="strength" {
            div.part-head {
                h2 #strength { "Strength" }
                button.quiet type="button" popovertarget="about-strength" { "How it works" }
            }
            div.help-note #about-strength popover {
                p {
                    "Strength shows how firmly a habit is established. It grows with every day you do the habit and fades slowly when you don't. "
                    "After a good year, one missed day hardly shows."
                }
                p { "Atlas computes it like Loop Habit Tracker." }
                button.quiet type="button" popovertarget="about-strength" popovertargetaction="hide" { "Close" }
            }
            (line_chart("Strength over the last year", "Day", "Strength", &points(strengths, today)))
        }
    }
}

/// Every seventh day, ending today.
fn points(strengths: &[Strength], today: Day) -> Vec<LinePoint> {
    let weeks = strengths.iter().rev().step_by(7).take(MAX_POINTS);
    let mut days: Vec<(Day, Strength)> = Vec::with_capacity(MAX_POINTS);
    let mut day = today;
    for strength in weeks {
        days.push((day, *strength));
        day = day.add_days(-7);
    }
    let has_space = days.len() <= MAX_POINTS / 2;
    let mut before = None::<Day>;
    let point = |(day, strength): (Day, Strength)| {
        let is_new = before.is_some_and(|before| before.date().month() != day.date().month());
        before = Some(day);
        let is_labeled = is_new && (has_space || day.date().month() % 3 == 1);
        let label = if is_labeled { format_date(day, DateStyle::ShortMonthName) } else { String::new() };
        LinePoint { name: format_date(day, DateStyle::Long), label, percent: strength.percent() }
    };
    days.into_iter().rev().map(point).collect()
}
