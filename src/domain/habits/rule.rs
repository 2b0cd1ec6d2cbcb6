//! The rule of a habit at one time: when it is scheduled, and what it asks for then.

use crate::domain::habits::frequency::Frequency;
use crate::domain::habits::goal::Goal;
use crate::domain::{Day, Weekdays};

/// A habit's rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// The days of the week on which it is scheduled, if its frequency goes by them.
    pub weekdays: Weekdays,
    pub frequency: Frequency,
    pub goal: Goal,
}

impl Rule {
    /// When it is scheduled, as text for users: "Mon, Wed", "3 times a week".
    pub fn summary(&self) -> String {
        self.frequency.summary(self.weekdays)
    }

    /// Whether `day` is scheduled. A habit to do a number of times in a period may be done on any day of it.
    pub fn matches(&self, day: Day) -> bool {
        match self.frequency {
            Frequency::Weekdays => self.weekdays.includes(day),
            Frequency::Times { .. } => true,
            Frequency::EveryDays { days, anchor } => {
                signed_distance(day, anchor).rem_euclid(i64::from(days.max(1))) == 0
            }
        }
    }

    /// [`Self::matches`] of `day`, of the day before, and so on without end. Days are counted instead of turned into dates.
    pub(super) fn backward_from(self, day: Day) -> impl Iterator<Item = bool> {
        let interval = match self.frequency {
            Frequency::EveryDays { days, .. } => i64::from(days.max(1)),
            _ => 1,
        };
        let mut left = match self.frequency {
            Frequency::EveryDays { anchor, .. } => signed_distance(day, anchor).rem_euclid(interval),
            _ => 0,
        };
        let mut weekday = day.weekday();
        std::iter::from_fn(move || {
            let matches = match self.frequency {
                Frequency::Weekdays => self.weekdays.contains(weekday),
                _ => left == 0,
            };
            weekday = weekday.previous();
            left = if left == 0 { interval - 1 } else { left - 1 };
            Some(matches)
        })
    }
}

/// Every day, done or not.
impl Default for Rule {
    fn default() -> Self {
        Weekdays::ALL.into()
    }
}

/// To be done on these days.
impl From<Weekdays> for Rule {
    fn from(weekdays: Weekdays) -> Self {
        Self { weekdays, frequency: Frequency::Weekdays, goal: Goal::YesNo }
    }
}

/// The days from `anchor` to `day`; negative when `day` is earlier.
fn signed_distance(day: Day, anchor: Day) -> i64 {
    let days = |later: Day, earlier: Day| i64::try_from(later.days_since(earlier)).unwrap_or(0);
    days(day, anchor) - days(anchor, day)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rules() -> impl Strategy<Value = Rule> {
        let weekdays =
            prop::collection::vec(1_i64..=7, 1..7).prop_map(|days| Rule::from(Weekdays::parse(days).unwrap()));
        let interval = (1_u16..=40, 0_i32..400).prop_map(|(days, anchor)| Rule {
            frequency: Frequency::EveryDays { days, anchor: Day::parse("2025-06-01").unwrap().add_days(anchor) },
            ..Rule::default()
        });
        prop_oneof![weekdays, interval]
    }

    #[test]
    fn an_interval_counts_from_its_anchor_in_both_directions() {
        let day = |text: &str| Day::parse(text).unwrap();
        let rule = Rule { frequency: Frequency::EveryDays { days: 3, anchor: day("2026-03-01") }, ..Rule::default() };
        let matching = ["2026-02-23", "2026-02-26", "2026-03-01", "2026-03-04"];
        assert!(matching.iter().all(|text| rule.matches(day(text))));
        assert!(!rule.matches(day("2026-02-28")) && !rule.matches(day("2026-03-02")));
    }

    proptest! {
        #[test]
        fn walking_back_agrees_with_asking_for_each_day(rule in rules(), today in 0_i32..500) {
            let today = Day::parse("2025-06-01").unwrap().add_days(today);
            for (back, matches) in (0..60).zip(rule.backward_from(today)) {
                prop_assert_eq!(matches, rule.matches(today.add_days(-back)));
            }
        }
    }
}
