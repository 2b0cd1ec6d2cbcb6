//! What an edit of a habit's schedule changes in its figures, said before it is saved.

use crate::domain::Day;
use crate::domain::accounts::preferences::WeekStart;
use crate::domain::habits::history::History;
use crate::domain::habits::schedule::Schedule;
use crate::domain::habits::streak::current_streak;
use crate::domain::habits::streak_runs::StreakUnit;
use crate::domain::habits::strength_history::current_strength;

/// The figures of a habit as of today.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CurrentFigures {
    /// The length of the current streak.
    pub streak: u32,
    pub streak_unit: StreakUnit,
    pub strength_percent: u32,
}

impl CurrentFigures {
    /// The figures of a history that `schedule` has judged.
    pub fn new(schedule: &Schedule, history: &History, today: Day, week_start: WeekStart) -> Self {
        Self {
            streak: current_streak(schedule, history, today, week_start),
            streak_unit: StreakUnit::of_rule(schedule.rule_as_of(today)),
            strength_percent: current_strength(schedule, history, today).percent(),
        }
    }

    fn describe_streak(self) -> String {
        format!("{} {}", self.streak, self.unit())
    }

    fn unit(self) -> String {
        format!("{}{}", self.streak_unit.as_str(), if self.streak == 1 { "" } else { "s" })
    }
}

/// The figures before an edit and after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EditPreview {
    pub before: CurrentFigures,
    pub after: CurrentFigures,
}

impl EditPreview {
    /// The change in a sentence for the user: "Streak 12 → 9 days, strength 81% → 74%."
    pub fn sentence(&self) -> String {
        match (self.describe_streak(), self.describe_strength()) {
            (None, None) => "Your streak and strength stay the same.".to_owned(),
            (Some(streak), None) => format!("Streak {streak}."),
            (None, Some(strength)) => format!("Strength {strength}."),
            (Some(streak), Some(strength)) => format!("Streak {streak}, strength {strength}."),
        }
    }

    fn describe_streak(&self) -> Option<String> {
        let Self { before, after } = *self;
        let is_same_unit = before.streak_unit == after.streak_unit;
        match () {
            // Two streaks of nothing are the same in any unit.
            () if before.streak == after.streak && (is_same_unit || after.streak == 0) => None,
            () if is_same_unit => Some(format!("{} → {} {}", before.streak, after.streak, after.unit())),
            () => Some(format!("{} → {}", before.describe_streak(), after.describe_streak())),
        }
    }

    fn describe_strength(&self) -> Option<String> {
        let (before, after) = (self.before.strength_percent, self.after.strength_percent);
        (before != after).then(|| format!("{before}% → {after}%"))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::Weekdays;
    use crate::domain::calendar::day::inclusive_range;

    fn day(text: &str) -> Day {
        Day::parse(text).unwrap()
    }

    fn sentence(before: (u32, StreakUnit, u32), after: (u32, StreakUnit, u32)) -> String {
        let figures =
            |(streak, streak_unit, strength_percent)| CurrentFigures { streak, streak_unit, strength_percent };
        EditPreview { before: figures(before), after: figures(after) }.sentence()
    }

    #[test]
    fn the_sentence_says_what_changes_and_nothing_else() {
        use StreakUnit::{Day, Week};
        for (before, after, expected) in [
            ((12, Day, 81), (9, Day, 74), "Streak 12 → 9 days, strength 81% → 74%."),
            ((2, Day, 10), (1, Day, 10), "Streak 2 → 1 day."),
            ((12, Day, 81), (2, Week, 81), "Streak 12 days → 2 weeks."),
            ((0, Day, 81), (0, Week, 85), "Strength 81% → 85%."),
            ((12, Day, 81), (12, Day, 81), "Your streak and strength stay the same."),
        ] {
            assert_eq!(sentence(before, after), expected);
        }
    }

    proptest! {
        #[test]
        fn a_change_that_begins_after_today_changes_no_figure_and_one_from_the_first_day_is_as_if_it_always_applied(
            done in prop::collection::btree_set(0_i32..60, 0..60),
            weekdays in prop::collection::btree_set(1_i64..=7, 1..=7),
        ) {
            let (first, today) = (day("2026-01-01"), day("2026-02-20"));
            let history = History::of_days(done.into_iter().map(|days| first.add_days(days)));
            let figures = |schedule: &Schedule| CurrentFigures::new(schedule, &history, today, WeekStart::Monday);
            let before = Schedule::new(first, Weekdays::ALL);
            let rule = Weekdays::parse(weekdays).unwrap();
            let (mut later, mut always) = (before.clone(), before.clone());
            later.change_from(today.add_days(1), rule);
            always.change_from(first, rule);
            prop_assert_eq!(figures(&later), figures(&before));
            prop_assert_eq!(figures(&always), figures(&Schedule::new(first, rule)));
            // The streak, day by day.
            let planned = inclusive_range(first, today).rev().filter(|day| rule.includes(*day));
            let run = planned.skip_while(|day| *day == today && !history.is_done(*day)).take_while(|day| history.is_done(*day));
            prop_assert_eq!(figures(&always).streak as usize, run.count());
        }
    }
}
