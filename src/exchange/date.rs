//! Dates as tables have them.

use jiff::civil;

use crate::domain::Day;

/// Which number of `3/4/2026` is the month.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DateOrder {
    MonthFirst,
    DayFirst,
}

/// Reads `2026-03-04`, `2026/3/4`, `20260304`, `4.3.2026`, and `3/4/2026` in the given order, each also with a time behind it.
pub fn parse_date(text: &str, order: DateOrder) -> Option<Day> {
    let (date, has_dots) = split(text)?;
    let [first, second, third] = date;
    let is_year = |number: i16| number > 31;
    let (year, month, day) = match (is_year(first), order) {
        (true, _) => (first, second, third),
        (false, DateOrder::MonthFirst) if !has_dots => (third, first, second),
        (false, _) => (third, second, first),
    };
    let (month, day) = (i8::try_from(month).ok()?, i8::try_from(day).ok()?);
    civil::Date::new(year, month, day).ok().and_then(Day::from_date)
}

/// The order that a column of dates must have; `None` if every date can be read in both orders.
pub fn find_order<'a>(mut dates: impl Iterator<Item = &'a str>) -> Option<DateOrder> {
    dates.find_map(|date| match split(date)? {
        ([first, _, _], _) if first > 31 => None,
        (_, true) => None,
        ([13..=31, _, _], _) => Some(DateOrder::DayFirst),
        ([_, 13..=31, _], _) => Some(DateOrder::MonthFirst),
        _ => None,
    })
}

/// Whether a date has its month and day in an order that depends on the country.
pub fn is_ambiguous(text: &str) -> bool {
    matches!(split(text), Some(([first, second, _], false)) if first <= 12 && second <= 12 && first != second)
}

/// The three numbers of a date, and whether dots are between them.
fn split(text: &str) -> Option<([i16; 3], bool)> {
    let date = text.trim().split([' ', 'T']).next()?;
    if date.len() == 8 && date.bytes().all(|byte| byte.is_ascii_digit()) {
        let number = |from: usize, to: usize| date.get(from..to)?.parse().ok();
        return Some(([number(0, 4)?, number(4, 6)?, number(6, 8)?], false));
    }
    let separator = date.chars().find(|c| !c.is_ascii_digit()).filter(|c| matches!(c, '-' | '/' | '.'))?;
    let mut numbers = date.trim_end_matches(separator).split(separator).map(|number| number.parse::<i16>().ok());
    let date = [numbers.next()??, numbers.next()??, numbers.next()??];
    numbers.next().is_none().then_some((date, separator == '.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_as_tables_have_them() {
        for (text, expected) in [
            ("2026-03-04", Some("2026-03-04")),
            ("2026-03-04T21:15:00Z", Some("2026-03-04")),
            ("2026/3/4 21:15", Some("2026-03-04")),
            ("20260304", Some("2026-03-04")),
            ("4.3.2026", Some("2026-03-04")),
            ("3/4/2026", Some("2026-03-04")),
            ("2026-02-30", None),
            ("1969-12-31", None),
            ("2200-01-01", None),
            ("3/4/26", None),
            ("yesterday", None),
            ("99999999999-1-1", None),
            ("", None),
        ] {
            assert_eq!(
                parse_date(text, DateOrder::MonthFirst).map(|day| day.to_string()).as_deref(),
                expected,
                "{text}"
            );
        }
        assert_eq!(parse_date("3/4/2026", DateOrder::DayFirst).unwrap().to_string(), "2026-04-03");
    }

    #[test]
    fn the_order_is_found_from_a_date_that_has_only_one() {
        assert_eq!(find_order(["1/2/2026", "13/2/2026"].into_iter()), Some(DateOrder::DayFirst));
        assert_eq!(find_order(["1/2/2026", "2/13/2026"].into_iter()), Some(DateOrder::MonthFirst));
        assert_eq!(find_order(["1/2/2026", "2026-01-13"].into_iter()), None);
        assert!(is_ambiguous("1/2/2026") && !is_ambiguous("1/1/2026") && !is_ambiguous("1.2.2026"));
    }
}
