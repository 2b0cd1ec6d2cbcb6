//! Amounts in thousandths of their unit, so that sums are exact.

/// A number in thousandths. Negative and unreadable ones are 0, and there is a largest.
pub fn to_thousandths(number: f64) -> u64 {
    const MAX: f64 = 999_999_999_999.0;
    let thousandths = (number * 1_000.0).round();
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped")]
    if thousandths.is_finite() { thousandths.clamp(0.0, MAX) as u64 } else { 0 }
}

/// Thousandths as a decimal number without trailing zeros.
pub fn decimal(thousandths: u64) -> String {
    let (whole, rest) = (thousandths / 1_000, thousandths % 1_000);
    let text = format!("{whole}.{rest:03}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// The amount as a number.
pub fn to_number(thousandths: u64) -> f64 {
    decimal(thousandths).parse().unwrap_or_default()
}
