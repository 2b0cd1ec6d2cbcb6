//! Civil dates, months, days of the week, time zones, and their text forms for operators.

pub mod day;
pub mod format;
pub mod month;
pub mod weekdays;
pub mod zone;
