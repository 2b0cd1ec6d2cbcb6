//! The fields for a habit's frequency, unless it goes by days of the week: a number of times a week, a month, or in any number of
//! days, or every few days.
//!
//! They are folded, because most habits go by days of the week. The style sheet hides the fields that the choice doesn't need.

use maud::{Markup, html};

use crate::domain::{Day, FieldError, Frequency, Window};
use crate::web::habits::short_field::{ShortField, short_field};
use crate::web::ui::form::{find_error, options};

/// The choices, each with its label.
const CHOICES: [(&str, &str); 5] = [
    ("weekdays", "On the days above"),
    ("week", "Times a week"),
    ("month", "Times a month"),
    ("rolling", "Times in any number of days"),
    ("interval", "Every few days"),
];

/// What the fields contain, as it was typed.
#[derive(Debug, Clone, Default)]
pub struct FrequencyFields {
    /// One of the choices; empty is days of the week.
    pub choice: String,
    pub times: String,
    pub days: String,
    pub anchor: String,
}

impl From<Frequency> for FrequencyFields {
    fn from(frequency: Frequency) -> Self {
        let fields = |choice: &str| Self { choice: choice.to_owned(), ..Self::default() };
        match frequency {
            Frequency::Weekdays => fields("weekdays"),
            Frequency::Times { times, window } => {
                let times = times.to_string();
                match window {
                    Window::CalendarWeek => Self { times, ..fields("week") },
                    Window::CalendarMonth => Self { times, ..fields("month") },
                    Window::RollingDays(days) => Self { times, days: days.to_string(), ..fields("rolling") },
                }
            }
            Frequency::EveryDays { days, anchor } => {
                Self { days: days.to_string(), anchor: anchor.to_string(), ..fields("interval") }
            }
        }
    }
}

impl FrequencyFields {
    /// Whether the habit goes by days of the week.
    pub fn is_weekdays(&self) -> bool {
        !CHOICES.iter().skip(1).any(|(choice, _)| *choice == self.choice)
    }

    /// An interval without a first day begins on `first`.
    ///
    /// # Errors
    /// A [`FieldError`] of the field `times`, `days`, or `anchor`.
    pub fn parse(&self, first: Day) -> Result<Frequency, FieldError> {
        // What isn't a number is refused like 0.
        let number = |text: &str| text.trim().parse().unwrap_or(0);
        let times = number(&self.times);
        match self.choice.as_str() {
            "week" => Frequency::parse_times(times, Window::CalendarWeek),
            "month" => Frequency::parse_times(times, Window::CalendarMonth),
            "rolling" => Frequency::parse_times(times, Window::parse_rolling(number(&self.days))?),
            "interval" => Frequency::parse_interval(number(&self.days), self.parse_anchor(first)?),
            _ => Ok(Frequency::Weekdays),
        }
    }

    fn parse_anchor(&self, first: Day) -> Result<Day, FieldError> {
        match self.anchor.trim() {
            "" => Ok(first),
            text => Day::parse_field("anchor", text),
        }
    }
}

/// The fields, folded unless they are in use or one has an error. Ids begin with `prefix`, as in
/// [`field`](crate::web::ui::form::field).
pub fn frequency_fields(prefix: &str, fields: &FrequencyFields, errors: &[FieldError]) -> Markup {
    let has_error = ["times", "days", "anchor"].iter().any(|name| find_error(name, errors).is_some());
    let number = |name, label, value| {
        short_field(prefix, &ShortField { name, label, keyboard: Some("numeric"), input_type: "text", value }, errors)
    };
    let anchor =
        ShortField { name: "anchor", label: "First day", keyboard: None, input_type: "date", value: &fields.anchor };
    html! {
        details.more-options.frequency open[has_error || !fields.is_weekdays()] {
            summary { "Other frequency" }
            div.more-fields {
                div.field {
                    label for={ (prefix) "frequency" } { "How often" }
                    select id={ (prefix) "frequency" } name="frequency" autocomplete="off" { (options(CHOICES, &fields.choice)) }
                }
                (number("times", "Times", &fields.times))
                (number("days", "Number of days", &fields.days))
                (short_field(prefix, &anchor, errors))
            }
        }
    }
}
