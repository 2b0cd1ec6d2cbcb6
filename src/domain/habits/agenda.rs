//! The list of one day: the habits that are due, which of them are completed, and the days before.

use crate::domain::habits::amount_progress::AmountProgress;
use crate::domain::habits::group::distinct;
use crate::domain::habits::streak_runs::StreakUnit;
use crate::domain::{Day, GroupName, Habit, History, Pause, Pauses, Window};

/// How many days before the listed one a row shows.
pub const PAST_DAYS: usize = 6;

/// A habit on one day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DayState {
    /// Completed, whether the habit was scheduled for the day or not.
    Done,
    /// Scheduled and not completed.
    Open,
    /// Scheduled, but left out by the user: neither done nor missed.
    Skipped,
    /// Paused by the user, and not done.
    Paused,
    NotScheduled,
}

/// How a habit is doing as of the listed day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HabitProgress {
    pub done: bool,
    /// Whether the listed day is skipped or paused: neither done nor open.
    pub is_skipped: bool,
    pub is_paused: bool,
    /// Whether the listed day has a note.
    pub has_note: bool,
    /// The length of the current streak.
    pub streak: u32,
    pub streak_unit: StreakUnit,
    /// The days before the listed one, earliest first.
    pub past: [DayState; PAST_DAYS],
    /// Which of them have a note.
    pub past_notes: [bool; PAST_DAYS],
    /// Its amounts, if the listed day has any.
    pub amount: Option<AmountProgress>,
    /// Whether nothing is missed if the day stays as it is: a limit that isn't exceeded yet, or a week that has days left for it.
    pub is_undecided: bool,
    /// The week, the month, or the days that had what the habit asks for before the listed day, so that it may rest.
    pub resting: Option<Window>,
}

impl HabitProgress {
    /// Whether the day's count includes the habit.
    pub fn is_counted(&self) -> bool {
        !self.is_skipped && !self.is_undecided && self.resting.is_none()
    }
}

/// A habit on the list of a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgendaItem {
    pub habit: Habit,
    pub progress: HabitProgress,
}

/// The list of one day, in the user's order. Completed habits come last if the user prefers that, and resting ones after all others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agenda {
    pub day: Day,
    pub items: Vec<AgendaItem>,
    /// The groups of all active habits, in the user's order.
    pub groups: Vec<GroupName>,
    /// The habits that were taken off the list, because they are paused.
    pub paused: PausedHabits,
}

/// Habits that are paused on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PausedHabits {
    pub count: usize,
    /// The day on which all of them are back, if it's the same for all.
    pub until: Option<Day>,
}

impl Agenda {
    /// Builds the list of `day` from all active habits in the user's order.
    pub fn new(
        habits: Vec<Habit>,
        day: Day,
        completed_last: bool,
        is_listed: impl Fn(&Habit) -> bool,
        progress_of: impl Fn(&Habit) -> HabitProgress,
    ) -> Self {
        let groups = distinct(habits.iter().filter_map(|habit| habit.group.as_ref())).into_iter().cloned().collect();
        let (mut items, mut completed) = (Vec::with_capacity(habits.len()), Vec::with_capacity(habits.len()));
        let mut resting = Vec::new();
        for habit in habits.into_iter().filter(|habit| is_listed(habit)) {
            let progress = progress_of(&habit);
            let list = match progress.resting {
                Some(_) => &mut resting,
                None if completed_last && progress.done => &mut completed,
                None => &mut items,
            };
            list.push(AgendaItem { habit, progress });
        }
        items.append(&mut completed);
        items.append(&mut resting);
        Self { day, items, groups, paused: PausedHabits::default() }
    }

    /// Takes paused habits off the list; `of_owner` are the pauses of all habits.
    pub fn hide_paused(&mut self, of_owner: &Pauses) {
        let day = self.day;
        let paused = self.items.extract_if(.., |item| item.progress.is_paused);
        let ends: Vec<Option<Day>> =
            paused.map(|item| item.habit.all_pauses(of_owner).find(day).and_then(Pause::until)).collect();
        let until = ends.first().copied().flatten().filter(|first| ends.iter().all(|end| *end == Some(*first)));
        self.paused = PausedHabits { count: ends.len(), until };
    }

    /// How many habits are due, without skipped and resting ones and limits that are still kept.
    pub fn due_count(&self) -> usize {
        self.items.iter().filter(|item| item.progress.is_counted()).count()
    }

    pub fn completed_count(&self) -> usize {
        self.items.iter().filter(|item| item.progress.done && item.progress.is_counted()).count()
    }

    /// Whether something is due and all of it is completed.
    pub fn is_complete(&self) -> bool {
        let due = self.due_count();
        due > 0 && self.completed_count() == due
    }
}

/// The days before `day`, earliest first.
pub fn past_days<const COUNT: usize>(day: Day) -> [Day; COUNT] {
    let mut days = [day; COUNT];
    let mut earlier = day;
    for slot in days.iter_mut().rev() {
        earlier = earlier.yesterday();
        *slot = earlier;
    }
    days
}

/// A habit on each of the days before `day`, earliest first. It is scheduled on none before `first`, the first day for which it can
/// be completed.
pub fn past_states<const COUNT: usize>(habit: &Habit, history: &History, day: Day, first: Day) -> [DayState; COUNT] {
    let mut states = [DayState::NotScheduled; COUNT];
    let mut done = history.backward_from(day).skip(1);
    let scheduled = habit.schedule.backward_from(day).skip(1).zip(1..=day.days_since(first));
    let mut scheduled = scheduled.map(|(is_scheduled, _)| is_scheduled);
    let mut at = day;
    for state in states.iter_mut().rev() {
        at = at.yesterday();
        *state = match (done.next().unwrap_or(false), scheduled.next().unwrap_or(false)) {
            (_, true) if history.is_paused(at) => DayState::Paused,
            (_, true) if history.skipped().contains(at) => DayState::Skipped,
            (true, _) => DayState::Done,
            (false, true) if history.counts(at) => DayState::Open,
            (false, _) => DayState::NotScheduled,
        };
    }
    states
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use proptest::prelude::*;

    use super::*;
    use crate::domain::habits::habit::{HabitPlan, Title};
    use crate::domain::{HabitId, Weekdays};

    proptest! {
        #[test]
        fn the_days_before_are_those_of_the_schedule_and_of_the_history(
            done in prop::collection::btree_set(0_i32..30, 0..20),
            weekdays in prop::collection::btree_set(1_i64..=7, 1..=7),
            skipped in prop::collection::btree_set(0_i32..40, 0..6),
            start in 0_i32..30,
            change in prop::option::of((0_i32..30, prop::collection::btree_set(1_i64..=7, 1..=7))),
        ) {
            // Around the turn of a year, because completions are stored by year.
            let first = Day::parse("2025-12-18").unwrap();
            let plan = HabitPlan::new(Title::parse("Read").unwrap(), Weekdays::parse(weekdays).unwrap());
            let id = HabitId::generate(Timestamp::UNIX_EPOCH, [0; 10]);
            let mut habit = Habit::new(id, plan, 0, first.add_days(start), Timestamp::UNIX_EPOCH);
            if let Some((from, weekdays)) = change {
                habit.schedule.change_from(first.add_days(from), Weekdays::parse(weekdays).unwrap());
            }
            let mut history = History::of_days(done.iter().map(|offset| first.add_days(*offset)));
            for offset in skipped {
                history.skip(first.add_days(offset), first.add_days(offset));
            }
            for offset in 0..40 {
                let day = first.add_days(offset);
                let expected = past_days::<PAST_DAYS>(day)
                    .map(|day| match (history.is_done(day), habit.schedule.is_scheduled(day)) {
                        (_, true) if !history.counts(day) => DayState::Skipped,
                        (true, _) => DayState::Done,
                        (false, true) => DayState::Open,
                        (false, false) => DayState::NotScheduled,
                    });
                prop_assert_eq!(past_states(&habit, &history, day, habit.schedule.start()), expected, "{}", day);
            }
        }
    }
}
