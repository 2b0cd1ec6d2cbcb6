//! The fields for the days on which a habit begins and ends, and from which a change counts. Most habits do without.

use maud::{Markup, html};

use crate::domain::field_error::FieldErrors;
use crate::domain::habits::schedule::ScheduleVersion;
use crate::domain::{Day, FieldError, Habit};
use crate::web::habits::short_field::{ShortField, short_field};

/// What the fields contain, as it was typed.
#[derive(Debug, Clone, Default)]
pub struct DateFields {
    /// Empty is today.
    pub effective_from: String,
    /// Empty is today for a new habit, and the first day that it has for another.
    pub starts_on: String,
    /// Empty is no end.
    pub ends_on: String,
}

/// The fields, parsed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ParsedDates {
    pub effective_from: Option<Day>,
    pub starts_on: Option<Day>,
    pub ends_on: Option<Day>,
}

impl DateFields {
    /// The fields for the newest rule of a habit, which may be planned for a day after `today`.
    pub fn new(habit: &Habit, today: Day) -> Self {
        let is_planned = |version: &ScheduleVersion| version.weekdays.is_some() && today < version.from;
        let planned = habit.schedule.versions().filter(is_planned).last();
        let text = |day: Option<Day>| day.map(|day| day.to_string()).unwrap_or_default();
        Self {
            effective_from: text(planned.map(|version| version.from)),
            starts_on: habit.schedule.start().to_string(),
            ends_on: text(habit.ends_on()),
        }
    }

    /// Parses the fields, and records errors of the fields `effectiveFrom`, `startsOn`, and `endsOn`.
    pub fn parse(&self, errors: &mut FieldErrors) -> ParsedDates {
        let mut parse = |field, text: &str| {
            let day = (!text.trim().is_empty()).then(|| Day::parse_field(field, text));
            day.and_then(|day| errors.record(day))
        };
        ParsedDates {
            effective_from: parse("effectiveFrom", &self.effective_from),
            starts_on: parse("startsOn", &self.starts_on),
            ends_on: parse("endsOn", &self.ends_on),
        }
    }
}

/// The fields. Only the form of an existing habit asks from when on changes count. Ids begin with `prefix`, as in
/// [`field`](crate::web::ui::form::field).
pub fn date_fields(prefix: &str, fields: &DateFields, is_new: bool, errors: &[FieldError]) -> Markup {
    let date = |name, label, value| {
        short_field(prefix, &ShortField { name, label, keyboard: None, input_type: "date", value }, errors)
    };
    html! {
        @if !is_new { (date("effectiveFrom", "Changes apply from (today if empty)", &fields.effective_from)) }
        div.date-pair {
            (date("startsOn", if is_new { "Starts on (today if empty)" } else { "Starts on" }, &fields.starts_on))
            (date("endsOn", "Ends on (optional)", &fields.ends_on))
        }
    }
}
