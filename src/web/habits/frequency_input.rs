//! The frequency of a habit, and its dates, as JSON sends them. Values of any type are read, so that each is refused beside its field.

use serde::Deserialize;
use serde_json::Value;

use crate::domain::{Day, FieldError, Frequency, Window};

/// `{"kind":"weekdays"}`, `{"kind":"times","times":3,"window":"week"}`, or `{"kind":"interval","days":3,"anchor":"2026-02-12"}`.
#[derive(Debug, Deserialize)]
pub struct FrequencyInput {
    kind: String,
    #[serde(default)]
    times: Value,
    /// `"week"`, `"month"`, or `{"rolling":14}`.
    #[serde(default)]
    window: Value,
    #[serde(default)]
    days: Value,
    anchor: Option<DayInput>,
}

impl FrequencyInput {
    /// Whether the habit goes by days of the week.
    pub fn is_weekdays(&self) -> bool {
        self.kind == "weekdays"
    }

    /// An interval without an anchor begins on `first`.
    ///
    /// # Errors
    /// A [`FieldError`] of the field `frequency`, `times`, `days`, or `anchor`.
    pub fn parse(&self, first: Day) -> Result<Frequency, FieldError> {
        match self.kind.as_str() {
            "weekdays" => Ok(Frequency::Weekdays),
            "times" => Frequency::parse_times(to_count(&self.times), self.parse_window()?),
            "interval" => {
                let anchor = self.anchor.as_ref().map_or(Ok(first), |anchor| anchor.parse("anchor"))?;
                Frequency::parse_interval(to_count(&self.days), anchor)
            }
            _ => Err(FieldError::new("frequency", "The kind of a frequency is weekdays, times, or interval.")),
        }
    }

    fn parse_window(&self) -> Result<Window, FieldError> {
        match (self.window.as_str(), self.window.get("rolling")) {
            (Some("week"), _) => Ok(Window::CalendarWeek),
            (Some("month"), _) => Ok(Window::CalendarMonth),
            (None, Some(days)) => Window::parse_rolling(to_count(days)),
            _ => Err(FieldError::new(
                "frequency",
                "A window is \"week\", \"month\", or {\"rolling\": a number of days}.",
            )),
        }
    }
}

/// A whole number. What isn't one is refused like 0.
fn to_count(value: &Value) -> i64 {
    value.as_i64().unwrap_or(0)
}

/// A date.
#[derive(Debug, Deserialize)]
#[serde(transparent)]
pub struct DayInput(Value);

impl DayInput {
    /// # Errors
    /// A [`FieldError`] of `field`.
    pub fn parse(&self, field: &'static str) -> Result<Day, FieldError> {
        Day::parse_field(field, self.0.as_str().unwrap_or_default())
    }
}
