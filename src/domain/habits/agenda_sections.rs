//! The list of a day in sections: by group or by time of day.

use crate::domain::accounts::preferences::DayGrouping;
use crate::domain::habits::agenda::{Agenda, AgendaItem};
use crate::domain::habits::grouped::is_same_group;
use crate::domain::{GroupName, TimeOfDay};

/// The heading of habits for any time, while others have a time of day.
const ANY_TIME: &str = "Any time";

/// A part of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgendaSection<'a> {
    /// `None` for a part without a heading, which comes first.
    pub name: Option<&'a str>,
    /// Each with its place in the whole list.
    pub items: Vec<(usize, &'a AgendaItem)>,
}

impl AgendaSection<'_> {
    /// How many habits are due, as [`Agenda::due_count`].
    pub fn due_count(&self) -> usize {
        self.items.iter().filter(|(_, item)| item.progress.is_counted()).count()
    }

    pub fn completed_count(&self) -> usize {
        self.items.iter().filter(|(_, item)| item.progress.done && item.progress.is_counted()).count()
    }
}

/// The sections of a list, none of them empty. In each, the items keep their order. assets/day-sections.js divides the same way.
pub fn divide(agenda: &Agenda, grouping: DayGrouping) -> Vec<AgendaSection<'_>> {
    let mut sections = match grouping {
        DayGrouping::Nothing => vec![section(agenda, None, |_| true)],
        DayGrouping::Group => by_group(agenda),
        DayGrouping::TimeOfDay => by_time_of_day(agenda),
    };
    sections.retain(|section| !section.items.is_empty());
    sections
}

/// Habits without a group, then the groups in the order of the list of habits.
fn by_group(agenda: &Agenda) -> Vec<AgendaSection<'_>> {
    let groups = std::iter::once(None).chain(agenda.groups.iter().map(Some));
    groups
        .map(|group| {
            let name = group.map(GroupName::as_str);
            section(agenda, name, |item| is_same_group(item.habit.group.as_ref(), group))
        })
        .collect()
}

/// The day from morning to evening, then what may be done at any time. One part needs no heading.
fn by_time_of_day(agenda: &Agenda) -> Vec<AgendaSection<'_>> {
    let has_times = agenda.items.iter().any(|item| item.habit.time_of_day.is_some());
    let any_time = has_times.then_some(ANY_TIME);
    let times = TimeOfDay::ALL.into_iter().map(Some).chain([None]);
    times
        .map(|time| {
            let name = time.map_or(any_time, |time| Some(time.label()));
            section(agenda, name, |item| item.habit.time_of_day == time)
        })
        .collect()
}

fn section<'a>(agenda: &'a Agenda, name: Option<&'a str>, has: impl Fn(&AgendaItem) -> bool) -> AgendaSection<'a> {
    AgendaSection { name, items: agenda.items.iter().enumerate().filter(|(_, item)| has(item)).collect() }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::domain::habits::agenda::{DayState, HabitProgress, PAST_DAYS};
    use crate::domain::habits::habit::{HabitPlan, Title};
    use crate::domain::habits::streak_runs::StreakUnit;
    use crate::domain::{Day, Habit, HabitId, Weekdays};

    /// Habits with a title, a group, and a time of day. On the list are those with a lower-case title; `a` is completed.
    fn agenda(habits: &[(&str, &str, &str)]) -> Agenda {
        let day = Day::parse("2026-02-12").unwrap();
        let habits = (0..).zip(habits).map(|(position, (title, group, time))| {
            let plan = HabitPlan {
                group: GroupName::parse(group).unwrap(),
                time_of_day: TimeOfDay::parse(time).unwrap(),
                ..HabitPlan::new(Title::parse(title).unwrap(), Weekdays::ALL)
            };
            let id = HabitId::generate(Timestamp::UNIX_EPOCH, [0; 10]);
            Habit::new(id, plan, position, day, Timestamp::UNIX_EPOCH)
        });
        let is_listed = |habit: &Habit| habit.title.as_str().chars().all(char::is_lowercase);
        let progress = |habit: &Habit| HabitProgress {
            done: habit.title.as_str() == "a",
            is_skipped: false,
            is_paused: false,
            streak: 0,
            streak_unit: StreakUnit::Day,
            past: [DayState::NotScheduled; PAST_DAYS],
            has_note: false,
            past_notes: [false; PAST_DAYS],
            amount: None,
            is_undecided: false,
            resting: None,
        };
        Agenda::new(habits.collect(), day, true, is_listed, progress)
    }

    /// Each section as "Name: titles".
    fn describe(agenda: &Agenda, grouping: DayGrouping) -> Vec<String> {
        let titles = |section: &AgendaSection<'_>| {
            section.items.iter().map(|(_, item)| item.habit.title.as_str()).collect::<String>()
        };
        let sections = divide(agenda, grouping);
        sections.iter().map(|section| format!("{}: {}", section.name.unwrap_or("-"), titles(section))).collect()
    }

    #[test]
    fn sections_keep_the_order_of_groups_and_of_the_day() {
        let habits =
            [("S", "sport", ""), ("a", "Work", "evening"), ("b", "Sport", ""), ("c", "", "morning"), ("d", "work", "")];
        let agenda = agenda(&habits);
        assert_eq!(describe(&agenda, DayGrouping::Nothing), ["-: bcda"]);
        // A habit that isn't due today has the first place in its group, and a completed one is last in its own.
        assert_eq!(describe(&agenda, DayGrouping::Group), ["-: c", "sport: b", "Work: da"]);
        assert_eq!(describe(&agenda, DayGrouping::TimeOfDay), ["Morning: c", "Evening: a", "Any time: bd"]);
    }

    #[test]
    fn a_list_of_one_part_has_no_heading() {
        let agenda = agenda(&[("b", "", ""), ("a", "", "")]);
        for grouping in DayGrouping::ALL {
            assert_eq!(describe(&agenda, *grouping), ["-: ba"], "{grouping:?}");
        }
        assert_eq!(divide(&self::agenda(&[]), DayGrouping::Group), []);
    }
}
