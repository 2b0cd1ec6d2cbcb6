//! Instants and durations as text for operators. Logs and JSON use ISO 8601 instead.

use jiff::{SignedDuration, Timestamp};

/// An instant to the minute: `2026-11-29 16:07 UTC`.
pub fn format_utc(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

/// The date of an instant: `2026-11-29`.
pub fn format_utc_day(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d").to_string()
}

/// A duration in its largest sensible unit, rounded down: `90 s`, `5 min`, `36 h`, `7 d`.
pub fn format_duration(duration: SignedDuration) -> String {
    match duration.as_secs() {
        ..120 => format!("{} s", duration.as_secs()),
        120..7_200 => format!("{} min", duration.as_mins()),
        7_200..172_800 => format!("{} h", duration.as_hours()),
        _ => format!("{} d", duration.as_hours() / 24),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_is_shown_to_the_minute() {
        let at = "2026-11-29T16:07:37.173190393Z".parse().unwrap();
        assert_eq!((format_utc(at), format_utc_day(at)), ("2026-11-29 16:07 UTC".to_owned(), "2026-11-29".to_owned()));
    }

    #[test]
    fn a_duration_is_shown_in_its_largest_sensible_unit() {
        let format = |seconds| format_duration(SignedDuration::from_secs(seconds));
        assert_eq!(
            [119, 120, 7_199, 7_200, 172_799, 172_800].map(format),
            ["119 s", "2 min", "119 min", "2 h", "47 h", "2 d"]
        );
    }
}
