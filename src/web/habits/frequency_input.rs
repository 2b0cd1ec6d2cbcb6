//! The frequency of a habit as JSON sends it.

use serde::Deserialize;

use crate::domain::{Day, FieldError, Frequency, Window};

/// `{"kind":"weekdays"}`, `{"kind":"times","times":3,"window":"week"}`, or `{"kind":"interval","days":3,"anchor":"2026-02-12"}`.
#[derive(Debug, Deserialize)]
pub struct FrequencyInput {
    kind: String,
    times: Option<i64>,
    window: Option<WindowInput>,
    days: Option<i64>,
    anchor: Option<String>,
}

/// `"week"`, `"month"`, or `{"rolling":14}`.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum WindowInput {
    Calendar(String),
    Rolling { rolling: i64 },
}

impl FrequencyInput {
    /// An interval without an anchor begins on `today`.
    ///
    /// # Errors
    /// A [`FieldError`] of the field `frequency`, `times`, `days`, or `anchor`.
    pub fn parse(&self, today: Day) -> Result<Frequency, FieldError> {
        match self.kind.as_str() {
            "weekdays" => Ok(Frequency::Weekdays),
            "times" => Frequency::parse_times(self.times.unwrap_or(0), self.parse_window()?),
            "interval" => Frequency::parse_interval(self.days.unwrap_or(0), self.parse_anchor(today)?),
            _ => Err(FieldError::new("frequency", "The kind of a frequency is weekdays, times, or interval.")),
        }
    }

    fn parse_window(&self) -> Result<Window, FieldError> {
        match &self.window {
            Some(WindowInput::Calendar(name)) if name == "week" => Ok(Window::CalendarWeek),
            Some(WindowInput::Calendar(name)) if name == "month" => Ok(Window::CalendarMonth),
            Some(WindowInput::Rolling { rolling }) => Window::parse_rolling(*rolling),
            _ => Err(FieldError::new(
                "frequency",
                "A window is \"week\", \"month\", or {\"rolling\": a number of days}.",
            )),
        }
    }

    fn parse_anchor(&self, today: Day) -> Result<Day, FieldError> {
        let Some(anchor) = &self.anchor else { return Ok(today) };
        Day::parse(anchor).map_err(|error| FieldError::new("anchor", error.message))
    }
}
