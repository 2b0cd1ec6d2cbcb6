//! The calendar: one read of the file gives the month, the selected day, and the streaks.

use std::collections::{BTreeMap, BTreeSet};

use crate::app::habits::completions::{build_agenda, shown_with};
use crate::app::habits::judged_histories;
use crate::app::habits::notes::{DayNote, NoteFilter, load_notes};
use crate::app::{App, Error};
use crate::domain::accounts::preferences::WeekStart;
use crate::domain::calendar::month::Month;
use crate::domain::habits::agenda::Agenda;
use crate::domain::habits::amount_progress::AmountProgress;
use crate::domain::habits::completion::{CompletionWindow, last_begun_day};
use crate::domain::habits::day_ranges::DayRange;
use crate::domain::habits::insights::CompletionRate;
use crate::domain::habits::streak::{Streak, compute_streak};
use crate::domain::{Account, Day, Habit, HabitId, History, Refusal};
use crate::store::tables::habits;

/// What the calendar shows.
#[derive(Debug, Clone)]
pub struct CalendarMonth {
    pub month: Month,
    pub today: Day,
    pub week_start: WeekStart,
    /// For every day of the month.
    pub rates: BTreeMap<Day, CompletionRate>,
    /// The days of the month on which everything that was scheduled is skipped.
    pub skipped: BTreeSet<Day>,
    /// The days of the month with a note, also of an archived habit.
    pub noted: BTreeSet<Day>,
    /// The selected day, of this month or another.
    pub day: Option<OpenDay>,
    /// The streak of every habit; empty while no habit was ever completed.
    pub streaks: Vec<(Habit, Streak)>,
}

/// The selected day.
#[derive(Debug, Clone)]
pub struct OpenDay {
    pub agenda: Agenda,
    /// Why its completions cannot be changed, if they cannot.
    pub closed: Option<Refusal>,
    /// The notes of the day, also of archived habits.
    pub notes: Vec<DayNote>,
    /// The active habits that can get a note: those that have begun and have none. Empty for a day that hasn't begun.
    pub without_note: Vec<Habit>,
}

/// The active habits of an account, and their completions.
struct HabitHistories {
    habits: Vec<Habit>,
    done: BTreeMap<HabitId, History>,
    today: Day,
    week_start: WeekStart,
    /// The notes of the selected day.
    notes: Vec<DayNote>,
    /// The last day that has begun; nothing later is completed.
    last_day: Day,
}

/// Loads a month, with the agenda of the day that is selected.
///
/// # Errors
/// [`Error::Unavailable`] when the file cannot be read.
pub fn load_month(app: &App, me: &Account, month: Month, selected: Option<Day>) -> Result<CalendarMonth, Error> {
    let now = app.clock.now();
    let (window, last_day) = (CompletionWindow::at(now, me.zone()), last_begun_day(now));
    let today = window.today;
    let day = shown_with(selected.unwrap_or(today));
    let shown = DayRange { first: month.first().min(day.first), last: month.last().max(day.last) };
    let histories = app.store.read(|txn| {
        let habits = habits::list_active(txn, me.id)?;
        let done = judged_histories::load_all(txn, me, &habits, today, shown)?;
        let filter = NoteFilter { day: selected, ..NoteFilter::default() };
        let has_notes = selected.is_some_and(|day| has_note(&done, day));
        let notes =
            if has_notes { load_notes(txn, me.id, &filter, None, today, usize::MAX)?.notes } else { Vec::new() };
        let week_start = me.preferences.week_start;
        Ok::<_, Error>(HabitHistories { habits, done, today, week_start, notes, last_day })
    })?;
    let day = selected.map(|day| {
        let habits = histories.habits.clone();
        let is_due = |habit: &Habit| habit.is_due(day);
        let agenda = build_agenda(habits, &histories.done, day, window, last_day, me.preferences, is_due);
        // Every habit on the agenda is scheduled for that day, so the window alone decides.
        let closed = window.check_open(day, me.preferences.backfill).err().filter(|_| !agenda.items.is_empty());
        let notes = histories.notes.clone();
        let without_note = if day <= today { histories.without_note(day, window) } else { Vec::new() };
        OpenDay { agenda, closed, notes, without_note }
    });
    let rates: BTreeMap<Day, CompletionRate> = month.days().map(|day| (day, histories.rate_of(day))).collect();
    let is_empty = |day: &Day| rates.get(day).is_some_and(|rate| rate.scheduled == 0);
    let skipped = month.days().filter(is_empty).filter(|day| histories.has_skips(*day)).collect();
    let noted = month.days().filter(|day| *day <= today && has_note(&histories.done, *day)).collect();
    let streaks = histories.streaks();
    Ok(CalendarMonth { month, today, week_start: me.preferences.week_start, rates, skipped, noted, day, streaks })
}

/// Whether any habit has a note of the day.
fn has_note(done: &BTreeMap<HabitId, History>, day: Day) -> bool {
    done.values().any(|history| history.summary(day).has_note)
}

impl HabitHistories {
    /// The habits that had begun by `day` and have no note of it.
    fn without_note(&self, day: Day, window: CompletionWindow) -> Vec<Habit> {
        let has_note = |habit: &Habit| self.notes.iter().any(|note| note.habit.id == habit.id);
        let can_have = |habit: &&Habit| window.first_day_of(habit) <= day && !has_note(habit);
        self.habits.iter().filter(can_have).cloned().collect()
    }

    fn is_done(&self, habit: &Habit, day: Day) -> bool {
        day <= self.last_day && self.done.get(&habit.id).is_some_and(|history| history.is_done(day))
    }

    /// Whether the habit is a limit that is kept today so far.
    fn is_kept_limit(&self, habit: &Habit) -> bool {
        let empty = History::default();
        let history = self.done.get(&habit.id).unwrap_or(&empty);
        AmountProgress::new(habit, history, self.today, self.week_start).is_some_and(|amount| amount.is_kept_limit())
    }

    /// Whether a habit that was scheduled for the day is skipped.
    fn has_skips(&self, day: Day) -> bool {
        let is_skipped =
            |habit: &Habit| self.done.get(&habit.id).is_some_and(|history| history.skipped().contains(day));
        self.habits.iter().any(|habit| is_skipped(habit) && habit.is_due(day))
    }

    /// Counts what was scheduled and not skipped, by the schedules of that day, and what was completed.
    fn rate_of(&self, day: Day) -> CompletionRate {
        let mut rate = CompletionRate::default();
        let counts = |habit: &Habit| self.done.get(&habit.id).is_none_or(|history| history.counts(day));
        for habit in self.habits.iter().filter(|habit| habit.is_due(day) && counts(habit)) {
            // A limit that is still kept today shows how it went once the day is over.
            if day == self.today && self.is_kept_limit(habit) {
                continue;
            }
            rate.scheduled += 1;
            rate.completed += u32::from(self.is_done(habit, day));
        }
        rate
    }

    /// The streak of every habit; empty while no habit was ever completed.
    fn streaks(&self) -> Vec<(Habit, Streak)> {
        let empty = History::default();
        let history = |habit: &Habit| self.done.get(&habit.id).unwrap_or(&empty);
        if self.habits.iter().all(|habit| history(habit).first().is_none()) {
            return Vec::new();
        }
        let with_streak = |habit: &Habit| {
            (habit.clone(), compute_streak(&habit.schedule, history(habit), self.today, self.week_start))
        };
        self.habits.iter().map(with_streak).collect()
    }
}
