//! Amounts: what is counted or measured on a day, in thousandths of the habit's unit, so that sums are exact.

use std::fmt;
use std::iter::Sum;

use serde::{Deserialize, Serialize};

use crate::domain::FieldError;
use crate::domain::habits::unit::Unit;

/// A number from 0 to 999,999,999.999 with up to three decimals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(try_from = "u64", into = "u64")]
pub struct Amount(u64);

const THOUSANDTHS: u64 = 1_000;

impl Amount {
    pub const ZERO: Self = Self(0);
    pub const ONE: Self = Self(THOUSANDTHS);
    pub const MAX: Self = Self(999_999_999_999);

    /// An amount in thousandths of a unit; `None` above [`Self::MAX`].
    pub fn from_thousandths(thousandths: u64) -> Option<Self> {
        (thousandths <= Self::MAX.0).then_some(Self(thousandths))
    }

    pub fn thousandths(self) -> u64 {
        self.0
    }

    pub fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// The amount, unless it's zero.
    ///
    /// # Errors
    /// A [`FieldError`] of `field`.
    pub fn require_positive(self, field: &'static str) -> Result<Self, FieldError> {
        if self.is_zero() { Err(FieldError::new(field, "Enter a number above 0.")) } else { Ok(self) }
    }

    /// The sum, at most [`Self::MAX`].
    #[must_use]
    pub fn saturating_add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0).min(Self::MAX.0))
    }

    /// The difference, at least zero.
    #[must_use]
    pub fn saturating_sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }

    /// This amount times `part` divided by `whole`, rounded to the nearest thousandth.
    #[must_use]
    pub fn share(self, part: usize, whole: usize) -> Self {
        let (part, whole) = (part as u128, (whole as u128).max(1));
        let rounded = (u128::from(self.0) * part * 2 + whole) / (whole * 2);
        Self(u64::try_from(rounded).unwrap_or(Self::MAX.0).min(Self::MAX.0))
    }

    /// The number of a JSON body; `None` for one that is negative, too large, or has more than three decimals.
    pub fn from_json(number: f64) -> Option<Self> {
        let thousandths = (number * 1_000.0).round();
        let is_exact = (thousandths / 1_000.0 - number).abs() <= number.abs() * 1e-12;
        if !number.is_finite() || number < 0.0 || !is_exact {
            return None;
        }
        // A float prints every integer of this size exactly.
        format!("{thousandths:.0}").parse().ok().and_then(Self::from_thousandths)
    }

    /// The number in a JSON body: an integer where it is one.
    pub fn to_json(self) -> serde_json::Value {
        if self.0.is_multiple_of(THOUSANDTHS) {
            return (self.0 / THOUSANDTHS).into();
        }
        self.to_string().parse::<f64>().map_or(serde_json::Value::Null, Into::into)
    }

    /// Parses what a user typed for a habit of this unit: `2.5`, `2,5`, `1 250`, `1,250.5`, and for minutes `1h 30m`, `1:30`, or
    /// `90 min`.
    ///
    /// # Errors
    /// A [`FieldError`] of `field`. A comma with exactly three digits behind it is refused: it can mean a thousand or a decimal.
    pub fn parse(field: &'static str, raw: &str, unit: Option<&Unit>) -> Result<Self, FieldError> {
        let text = raw.trim();
        if text.is_empty() {
            return Err(FieldError::new(field, "Enter a number."));
        }
        let in_minutes = unit.is_some_and(Unit::is_minutes);
        if in_minutes && let Some(minutes) = parse_duration(text) {
            return minutes.map_err(|()| too_large(field));
        }
        parse_number(field, text)
    }
}

fn too_large(field: &'static str) -> FieldError {
    FieldError::new(field, "Enter a number below 1,000,000,000.")
}

fn not_a_number(field: &'static str) -> FieldError {
    FieldError::new(field, "Enter a number such as 2 or 2.5.")
}

fn parse_number(field: &'static str, text: &str) -> Result<Amount, FieldError> {
    if text.starts_with(['-', '−']) {
        return Err(FieldError::new(field, "Enter a number that isn't negative."));
    }
    let text: String = text.chars().filter(|c| !matches!(c, ' ' | '\u{a0}' | '\u{202f}' | '\'' | '’')).collect();
    let is_single = |separator: char| text.chars().filter(|c| *c == separator).count() == 1;
    let (whole, decimals) = match text.char_indices().rfind(|(_, c)| matches!(c, '.' | ',')) {
        Some((at, separator)) if is_single(separator) => {
            text.split_at_checked(at).map_or(("", ""), |(whole, rest)| (whole, rest.get(1..).unwrap_or_default()))
        }
        // The same separator several times separates groups of digits.
        _ => (text.as_str(), ""),
    };
    let has_groups = whole.contains(['.', ',']);
    if !has_groups && decimals.len() == 3 && text.contains(',') && !whole.is_empty() && whole != "0" {
        return Err(FieldError::new(
            field,
            format!("Enter {whole}{decimals} or {whole}.{decimals}: a comma can mean both."),
        ));
    }
    let whole = ungroup(whole).ok_or_else(|| not_a_number(field))?;
    if whole.is_empty() && decimals.is_empty() || !decimals.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(not_a_number(field));
    }
    if decimals.trim_end_matches('0').len() > 3 {
        return Err(FieldError::new(field, "Enter at most three decimals."));
    }
    let decimals: String = decimals.chars().chain("000".chars()).take(3).collect();
    let thousandths = format!("{whole}{decimals}").trim_start_matches('0').parse::<u64>();
    match thousandths {
        Ok(number) => Amount::from_thousandths(number).ok_or_else(|| too_large(field)),
        Err(_) if whole.bytes().chain(decimals.bytes()).all(|byte| byte == b'0') => Ok(Amount::ZERO),
        Err(_) => Err(too_large(field)),
    }
}

/// Removes separators between groups of three digits; `None` when it isn't a number.
fn ungroup(whole: &str) -> Option<String> {
    let mut separators = whole.chars().filter(|c| !c.is_ascii_digit());
    let separator = separators.next();
    if separators.any(|other| Some(other) != separator) {
        return None;
    }
    let Some(separator) = separator else { return Some(whole.to_owned()) };
    let mut groups = whole.split(separator);
    let first = groups.next().filter(|first| (1..=3).contains(&first.len()))?;
    let rest: Vec<&str> = groups.collect();
    rest.iter().all(|group| group.len() == 3).then(|| format!("{first}{}", rest.concat()))
}

/// Minutes from `1h 30m`, `1:30`, `90 min` or `45s`; `None` when the text has another form, and an error when the time is too long.
fn parse_duration(text: &str) -> Option<Result<Amount, ()>> {
    let text = text.to_lowercase();
    let minutes = |parts: &[(u64, u64)]| {
        let thousandths =
            parts.iter().try_fold(0_u64, |sum, (number, factor)| sum.checked_add(number.checked_mul(*factor)?));
        thousandths.and_then(Amount::from_thousandths).ok_or(())
    };
    if let Some((hours, rest)) = text.split_once(':') {
        let is_clock = rest.len() == 2 && is_digits(hours) && is_digits(rest);
        let (hours, rest) = (hours.parse().unwrap_or(u64::MAX), rest.parse().unwrap_or(u64::MAX));
        return (is_clock && rest < 60).then(|| minutes(&[(hours, 60 * THOUSANDTHS), (rest, THOUSANDTHS)]));
    }
    let mut parts = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let (number, after) = rest.split_at_checked(digits)?;
        let after = after.trim_start();
        let word = after.find(|c: char| !c.is_alphabetic()).unwrap_or(after.len());
        let (word, after) = after.split_at_checked(word)?;
        let factor = match word {
            "h" | "hr" | "hrs" | "hour" | "hours" => 60 * THOUSANDTHS,
            "m" | "min" | "mins" | "minute" | "minutes" => THOUSANDTHS,
            _ => return None,
        };
        if number.is_empty() {
            return None;
        }
        parts.push((number.parse().unwrap_or(u64::MAX), factor));
        rest = after.trim_start();
    }
    (!parts.is_empty()).then(|| minutes(&parts))
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Without trailing zeros: `2`, `2.5`, `0.125`.
impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, rest) = (self.0 / THOUSANDTHS, self.0 % THOUSANDTHS);
        if rest == 0 {
            return write!(f, "{whole}");
        }
        write!(f, "{whole}.{}", format!("{rest:03}").trim_end_matches('0'))
    }
}

impl Sum for Amount {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::ZERO, Self::saturating_add)
    }
}

/// The stored number is out of range.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an amount above 999,999,999.999")]
pub struct AmountOutOfRange;

impl TryFrom<u64> for Amount {
    type Error = AmountOutOfRange;
    fn try_from(thousandths: u64) -> Result<Self, AmountOutOfRange> {
        Self::from_thousandths(thousandths).ok_or(AmountOutOfRange)
    }
}

impl From<Amount> for u64 {
    fn from(amount: Amount) -> Self {
        amount.0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(text: &str) -> Result<String, String> {
        Amount::parse("amount", text, None).map(|amount| amount.to_string()).map_err(|error| error.message)
    }

    #[test]
    fn both_decimal_notations_and_grouped_digits_are_read() {
        for (text, expected) in [
            ("2", "2"),
            (" 2.50 ", "2.5"),
            ("2,5", "2.5"),
            (".5", "0.5"),
            ("0,125", "0.125"),
            ("1.250", "1.25"),
            ("1,250.5", "1250.5"),
            ("1.250,5", "1250.5"),
            ("1 250", "1250"),
            ("1'250", "1250"),
            ("1,234,567", "1234567"),
            ("000", "0"),
            ("999999999.999", "999999999.999"),
        ] {
            assert_eq!(parse(text).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_amount_is_refused_with_the_reason() {
        for (text, reason) in [
            ("", "Enter a number."),
            ("-1", "isn't negative"),
            ("1,250", "Enter 1250 or 1.250"),
            ("1.2345", "three decimals"),
            ("1000000000", "below 1,000,000,000"),
            ("1e99", "such as 2"),
            ("NaN", "such as 2"),
            ("inf", "such as 2"),
            ("1.2.3", "such as 2"),
            ("12,34,567", "such as 2"),
            (".", "such as 2"),
            ("½", "such as 2"),
            ("1h", "such as 2"),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.contains(reason), "{text}: {error}");
        }
        assert!(parse(&"9".repeat(300)).unwrap_err().contains("below"));
        assert!(parse(&format!("0.{}", "1".repeat(300))).unwrap_err().contains("decimals"));
    }

    #[test]
    fn times_are_read_where_the_unit_is_minutes() {
        let minutes = Unit::parse("min").unwrap().unwrap();
        let parse = |text: &str| Amount::parse("amount", text, Some(&minutes)).map(|amount| amount.to_string());
        for (text, expected) in
            [("1h 30m", "90"), ("1H30", "x"), ("1:30", "90"), ("90 min", "90"), ("2 hours", "120"), ("45", "45")]
        {
            match parse(text) {
                Ok(found) => assert_eq!(found, expected, "{text}"),
                Err(_) => assert_eq!(expected, "x", "{text}"),
            }
        }
        assert!(parse("99999999999999999999h").is_err());
        assert!(parse("1:75").is_err());
    }

    proptest! {
        #[test]
        fn an_amount_reads_back_from_its_text_and_from_json(thousandths in 0..=Amount::MAX.thousandths()) {
            let amount = Amount::from_thousandths(thousandths).unwrap();
            prop_assert_eq!(Amount::parse("amount", &amount.to_string(), None).unwrap(), amount);
            prop_assert_eq!(Amount::from_json(amount.to_string().parse().unwrap()), Some(amount));
        }

        #[test]
        fn no_text_panics(text in ".{0,40}") {
            let minutes = Unit::parse("minutes").unwrap();
            let _ = Amount::parse("amount", &text, None);
            let _ = Amount::parse("amount", &text, minutes.as_ref());
        }
    }
}
