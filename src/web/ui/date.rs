//! How people read dates and times. Every page formats them here, so that one style is used throughout.

use jiff::Timestamp;
use maud::{Markup, html};

use crate::domain::{Day, Zone};

/// How much of a date is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DateStyle {
    /// "Sunday, November 29, 2026"
    Full,
    /// "November 29, 2026"
    Long,
    /// "Sun, Nov 29"
    Weekday,
    /// "Nov 29"
    Short,
    /// "November 2026"
    Month,
    /// "November"
    MonthName,
    /// "Nov"
    ShortMonthName,
}

/// Writes a day, or its month, in American English.
pub fn format_date(day: Day, style: DateStyle) -> String {
    let format = match style {
        DateStyle::Full => "%A, %B %-d, %Y",
        DateStyle::Long => "%B %-d, %Y",
        DateStyle::Weekday => "%a, %b %-d",
        DateStyle::Short => "%b %-d",
        DateStyle::Month => "%B %Y",
        DateStyle::MonthName => "%B",
        DateStyle::ShortMonthName => "%b",
    };
    day.date().strftime(format).to_string()
}

/// Writes a day that comes after `today`: "Friday" within a week, and later "December 12", with the year if it's another one.
pub fn format_upcoming(day: Day, today: Day) -> String {
    let format = match (day.days_since(today), day.year() == today.year()) {
        (0..=6, _) => "%A",
        (_, true) => "%B %-d",
        (_, false) => "%B %-d, %Y",
    };
    day.date().strftime(format).to_string()
}

/// Writes the days from `first` to `last`: "Oct 2 – Nov 3, 2026".
pub fn format_range(first: Day, last: Day) -> String {
    let (short, end) = (
        |day: Day| format_date(day, DateStyle::Short),
        format!("{}, {}", format_date(last, DateStyle::Short), last.year()),
    );
    match (first == last, first.year() == last.year()) {
        (true, _) => end,
        (false, true) => format!("{} – {end}", short(first)),
        (false, false) => format!("{}, {} – {end}", short(first), first.year()),
    }
}

/// An instant in the time zone of the person who reads it: "November 29, 2026 at 16:22".
pub fn format_time(at: Timestamp, zone: &Zone) -> String {
    at.to_zoned(zone.time_zone().clone()).strftime("%B %-d, %Y at %H:%M").to_string()
}

/// An instant for admins: "Nov 29, 2026, 16:07 UTC". The `datetime` attribute has the seconds.
pub fn utc_time(at: Timestamp) -> Markup {
    html! { time datetime=(at.strftime("%Y-%m-%dT%H:%M:%SZ")) { (at.strftime("%b %-d, %Y, %H:%M UTC")) } }
}

/// The day of an instant for admins, in UTC: "Nov 29, 2026". The `datetime` attribute has the time.
pub fn utc_date(at: Timestamp) -> Markup {
    html! { time datetime=(at.strftime("%Y-%m-%dT%H:%M:%SZ")) { (at.strftime("%b %-d, %Y")) } }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_and_times_have_one_style() {
        let day = Day::parse("2026-11-09").unwrap();
        for (style, text) in [
            (DateStyle::Full, "Monday, November 9, 2026"),
            (DateStyle::Long, "November 9, 2026"),
            (DateStyle::Weekday, "Mon, Nov 9"),
            (DateStyle::Short, "Nov 9"),
            (DateStyle::Month, "November 2026"),
            (DateStyle::MonthName, "November"),
            (DateStyle::ShortMonthName, "Nov"),
        ] {
            assert_eq!(format_date(day, style), text);
        }
        let before = Day::parse("2025-12-30").unwrap();
        for (first, text) in
            [(day, "Nov 9, 2026"), (day.yesterday(), "Nov 8 – Nov 9, 2026"), (before, "Dec 30, 2025 – Nov 9, 2026")]
        {
            assert_eq!(format_range(first, day), text);
        }
        let at = "2026-11-29T16:07:37Z".parse().unwrap();
        assert_eq!(format_time(at, &Zone::parse("Europe/Lisbon").unwrap()), "November 29, 2026 at 16:07");
        let element = "<time datetime=\"2026-11-29T16:07:37Z\">Nov 29, 2026, 16:07 UTC</time>";
        assert_eq!(utc_time(at).into_string(), element);
        assert_eq!(utc_date(at).into_string(), "<time datetime=\"2026-11-29T16:07:37Z\">Nov 29, 2026</time>");
    }
}
