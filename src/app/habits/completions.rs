//! Completing habits. A completion belongs to a civil date, not to an instant.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::app::habits::habit::require_active;
use crate::app::habits::judged_histories;
use crate::app::{App, Error};
use crate::domain::accounts::preferences::Preferences;
use crate::domain::habits::agenda::{Agenda, DayState, HabitProgress, PAST_DAYS, past_days, past_states};
use crate::domain::habits::amount_progress::AmountProgress;
use crate::domain::habits::completion::{CompletionWindow, check_editable, last_begun_day};
use crate::domain::habits::day_ranges::DayRange;
use crate::domain::habits::recent_changes::is_superseded;
use crate::domain::habits::streak::current_streak;
use crate::domain::habits::streak_runs::StreakUnit;
use crate::domain::habits::window_plan::{has_windows, resting_window};
use crate::domain::{Account, AccountId, Day, Habit, HabitId, History, Refusal, Zone};
use crate::store::WriteTxn;
use crate::store::tables::{completions, daily_completions, day_logs, habits};

/// What a change of a habit's day led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CompletionOutcome {
    Created,
    Deleted,
    /// Nothing had to change, or the day was changed after this change was made.
    Noop,
}

impl CompletionOutcome {
    /// As the API writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Deleted => "deleted",
            Self::Noop => "noop",
        }
    }
}

/// A completion of a habit, or its undo.
#[derive(Debug, Clone, Copy)]
pub struct CompletionChange {
    pub habit: HabitId,
    pub day: Day,
    pub done: bool,
    /// When the user made the change. On an offline device, that was before it arrived.
    pub made_at: Timestamp,
    /// When the change arrived.
    pub now: Timestamp,
}

/// Completes `day`, or undoes that, as done by the user just now, at the instant `when`.
///
/// # Errors
/// Those of [`apply_change`].
pub async fn set_completed(
    app: &App,
    me: &Account,
    habit: HabitId,
    day: Day,
    done: bool,
    when: Timestamp,
) -> Result<CompletionOutcome, Error> {
    apply_change(app, me, CompletionChange { habit, day, done, made_at: when, now: when }).await
}

/// Applies a change under the rules of the time when it was made, unless the day was changed later. A completed day is no longer
/// skipped. Idempotent, also for concurrent calls.
///
/// # Errors
/// [`Refusal::HabitNotFound`]; the refusal of [`check_editable`]; or [`Refusal::InvalidFields`] of the field `completed` for a day that
/// counts an amount.
pub async fn apply_change(app: &App, me: &Account, change: CompletionChange) -> Result<CompletionOutcome, Error> {
    let (me, zone, backfill) = (me.id, me.zone().clone(), me.preferences.backfill);
    let CompletionChange { habit: id, day, done, made_at, now } = change;
    app.store
        .write(move |txn| {
            let mut habit = require_active(txn, me, id)?;
            check_editable(&habit, day, done, made_at, &zone, backfill)?;
            if habit.schedule.rule_on(day).is_some_and(|rule| rule.goal.has_amounts()) {
                return Err(
                    Refusal::field("completed", "This habit counts an amount. Record an amount instead.").into()
                );
            }
            let mut year = completions::find_habit_year(txn, me, day.year(), id)?;
            let last_change = habit.recent_changes.last_change(day).max(year.completed_at(day));
            if is_superseded(made_at, now, last_change) {
                return Ok(CompletionOutcome::Noop);
            }
            let is_changed = if done { year.complete(day, made_at) } else { year.undo(day) };
            let is_unskipped = done && remove_skip(txn, me, day, id)?;
            if !is_changed && !is_unskipped {
                return Ok(CompletionOutcome::Noop);
            }
            if is_changed {
                completions::put(txn, me, day.year(), id, &year);
                daily_completions::record(txn, day, Day::at(now, &Zone::UTC), done)?;
            }
            if year.completed_at(day).is_none() {
                habit.recent_changes.record(day, made_at, now);
                habits::put(txn, me, &habit)?;
            }
            Ok(if done { CompletionOutcome::Created } else { CompletionOutcome::Deleted })
        })
        .await
}

/// Undoes the skip of a day that is completed now, and returns whether there was one.
fn remove_skip(txn: &mut WriteTxn<'_, '_>, me: AccountId, day: Day, habit: HabitId) -> Result<bool, Error> {
    let mut log = day_logs::find_log(txn, me, day, habit)?;
    let was_skipped = std::mem::take(&mut log.is_skipped);
    if was_skipped {
        day_logs::put(txn, me, day, habit, &log)?;
    }
    Ok(was_skipped)
}

/// The habits that were completed on `day`, including archived ones. A habit with an amount is completed when it reached its goal, and
/// a limit when it was kept.
///
/// # Errors
/// [`Error::Unavailable`] when the file cannot be read.
pub fn list_completed_on(app: &App, me: &Account, day: Day) -> Result<Vec<HabitId>, Error> {
    if day > last_begun_day(app.clock.now()) {
        return Ok(Vec::new());
    }
    app.store.read(|txn| {
        let year = completions::find_year(txn, me.id, day.year())?;
        let mut completed: BTreeSet<HabitId> =
            year.into_iter().filter(|(_, days)| days.is_done(day)).map(|(habit, _)| habit).collect();
        let mut with_amounts = habits::list_all(txn, me.id)?;
        with_amounts.retain(|habit| habit.schedule.has_amounts());
        if !with_amounts.is_empty() {
            let done = judged_histories::load_all(txn, me, &with_amounts, app.today(me), shown_with(day))?;
            for Habit { id, .. } in with_amounts {
                if done.get(&id).is_some_and(|history| history.is_done(day)) {
                    completed.insert(id);
                } else {
                    completed.remove(&id);
                }
            }
        }
        Ok(completed.into_iter().collect())
    })
}

/// The habits that are due on `day`, or can be completed for it, and are not paused, with their streaks as of today.
///
/// # Errors
/// [`Error::Unavailable`] when the file cannot be read.
pub fn load_agenda(app: &App, me: &Account, day: Day) -> Result<Agenda, Error> {
    let now = app.clock.now();
    let (window, last_day) = (CompletionWindow::at(now, me.zone()), last_begun_day(now));
    app.store.read(|txn| {
        let habits = habits::list_active(txn, me.id)?;
        let done = judged_histories::load_all(txn, me, &habits, window.today, shown_with(day))?;
        let is_due = |habit: &Habit| window.is_listed(habit, day);
        let mut agenda = build_agenda(habits, &done, day, window, last_day, me.preferences, is_due);
        agenda.hide_paused(&me.pauses);
        Ok(agenda)
    })
}

/// The listed day and those before it that its rows show.
pub(super) fn shown_with(day: Day) -> DayRange {
    DayRange { first: day.add_days(-i32::try_from(PAST_DAYS).unwrap_or(0)), last: day }
}

/// A habit with its last days.
pub struct RecentHabit {
    pub habit: Habit,
    /// The days up to the last one of the window, earliest first.
    pub states: [DayState; PAST_DAYS + 1],
    /// The length of the current streak.
    pub streak: u32,
}

/// The active habits with their states on the last day of `window` and on the [`PAST_DAYS`] days before, and their streaks.
///
/// # Errors
/// [`Error::Unavailable`] when the file cannot be read.
pub fn list_recent(app: &App, me: &Account, window: CompletionWindow) -> Result<Vec<RecentHabit>, Error> {
    app.store.read(|txn| {
        let habits = habits::list_active(txn, me.id)?;
        let shown = shown_with(window.today.add_days(1));
        let done = judged_histories::load_all(txn, me, &habits, window.today, shown)?;
        let (empty, week_start) = (History::default(), me.preferences.week_start);
        let with_states = |habit: Habit| {
            let history = done.get(&habit.id).unwrap_or(&empty);
            let states = past_states(&habit, history, window.today.add_days(1), window.first_day_of(&habit));
            let streak = current_streak(&habit.schedule, history, window.today, week_start);
            RecentHabit { habit, states, streak }
        };
        Ok(habits.into_iter().map(with_states).collect())
    })
}

/// Builds the agenda of a day. Only today's agenda has streaks, because a streak is as of today. After `last_day`, the last one
/// that has begun, nothing is completed.
pub(super) fn build_agenda(
    habits: Vec<Habit>,
    done: &BTreeMap<HabitId, History>,
    day: Day,
    window: CompletionWindow,
    last_day: Day,
    preferences: Preferences,
    is_due: impl Fn(&Habit) -> bool,
) -> Agenda {
    let empty = History::default();
    let week_start = preferences.week_start;
    let progress = |habit: &Habit| {
        let history = done.get(&habit.id).unwrap_or(&empty);
        let streak = if day == window.today { current_streak(&habit.schedule, history, day, week_start) } else { 0 };
        let past = past_states(habit, history, day, window.first_day_of(habit));
        let (is_skipped, is_paused) = (history.skipped().contains(day), history.is_paused(day));
        let has_note = history.summary(day).has_note;
        let past_notes = past_days(day).map(|day| history.summary(day).has_note);
        let done = day <= last_day && !is_skipped && history.is_done(day);
        let streak_unit = StreakUnit::of_rule(habit.schedule.rule_as_of(window.today));
        let amount = AmountProgress::new(habit, history, day, week_start);
        let is_kept_limit = day == window.today && amount.is_some_and(|amount| amount.is_kept_limit());
        let can_wait = !is_skipped && !is_paused && !history.counts(day) && (!done || amount.is_some());
        let is_undecided = is_kept_limit || can_wait;
        let resting = has_windows(&habit.schedule).then(|| resting_window(&habit.schedule, history, day, week_start));
        let resting = resting.flatten().filter(|_| !is_skipped);
        HabitProgress {
            done,
            is_skipped,
            is_paused,
            has_note,
            streak,
            streak_unit,
            past,
            past_notes,
            amount,
            is_undecided,
            resting,
        }
    };
    Agenda::new(habits, day, preferences.completed_last, is_due, progress)
}

/// Adds completions regardless of the editing window, and returns how many were new. For seeds.
///
/// # Errors
/// [`Error::Busy`], [`Error::Unavailable`].
pub async fn seed_completions(
    app: &App,
    me: AccountId,
    habit: HabitId,
    days: Vec<(Day, Timestamp)>,
) -> Result<usize, Error> {
    let today = Day::at(app.clock.now(), &Zone::UTC);
    app.store
        .write(move |txn| {
            let mut added = 0;
            for (day, when) in days {
                let mut year = completions::find_habit_year(txn, me, day.year(), habit)?;
                if year.complete(day, when) {
                    added += 1;
                    completions::put(txn, me, day.year(), habit, &year);
                    daily_completions::record(txn, day, today, true)?;
                }
            }
            Ok(added)
        })
        .await
}
