//! Lists of habits by group.

use crate::domain::{GroupName, Habit};

/// The habits of a group, or those without one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HabitGroup<'a> {
    pub name: Option<&'a GroupName>,
    pub habits: Vec<&'a Habit>,
}

/// The groups of `habits` in the order of their first habits, after the habits without a group. No group is empty.
pub fn by_group(habits: &[Habit]) -> Vec<HabitGroup<'_>> {
    let mut groups = vec![HabitGroup { name: None, habits: Vec::new() }];
    for habit in habits {
        match groups.iter_mut().find(|group| is_same_group(group.name, habit.group.as_ref())) {
            Some(group) => group.habits.push(habit),
            None => groups.push(HabitGroup { name: habit.group.as_ref(), habits: vec![habit] }),
        }
    }
    groups.retain(|group| !group.habits.is_empty());
    groups
}

/// Whether two habits with these groups are listed together.
pub fn is_same_group(one: Option<&GroupName>, other: Option<&GroupName>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => one.is_same(other),
        (one, other) => one.is_none() && other.is_none(),
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use proptest::prelude::*;

    use super::*;
    use crate::domain::habits::habit::{HabitPlan, Title};
    use crate::domain::{Day, HabitId, Weekdays};

    fn habit(number: usize, group: &str) -> Habit {
        let plan = HabitPlan {
            group: GroupName::parse(group).unwrap(),
            ..HabitPlan::new(Title::parse(&number.to_string()).unwrap(), Weekdays::ALL)
        };
        let id = HabitId::generate(Timestamp::UNIX_EPOCH, [0; 10]);
        Habit::new(id, plan, 0, Day::parse("2026-02-12").unwrap(), Timestamp::UNIX_EPOCH)
    }

    proptest! {
        #[test]
        fn every_habit_is_in_its_group_once_and_groups_keep_the_order(names in prop::collection::vec("[abAB]?", 0..20)) {
            let habits: Vec<Habit> = names.iter().enumerate().map(|(n, name)| habit(n, name)).collect();
            let groups = by_group(&habits);
            let titles = |group: &HabitGroup<'_>| {
                group.habits.iter().map(|habit| habit.title.as_str().parse().unwrap()).collect::<Vec<usize>>()
            };
            let mut all: Vec<usize> = groups.iter().flat_map(titles).collect();
            for group in &groups {
                let places = titles(group);
                prop_assert!(!places.is_empty() && places.is_sorted());
                prop_assert!(group.habits.iter().all(|habit| is_same_group(habit.group.as_ref(), group.name)));
            }
            let firsts: Vec<usize> =
                groups.iter().filter(|group| group.name.is_some()).map(|group| titles(group)[0]).collect();
            prop_assert!(firsts.is_sorted());
            prop_assert!(groups.iter().skip(1).all(|group| group.name.is_some()));
            all.sort_unstable();
            prop_assert_eq!(all, (0..names.len()).collect::<Vec<_>>());
        }
    }
}
