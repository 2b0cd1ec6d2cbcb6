//! Looking back: the last ninety days, and one year of a habit.

use crate::app::habits::judged_histories;
use crate::app::habits::notes::{NoteFilter, NotesPage, load_notes};
use crate::app::{App, Error};
use crate::domain::habits::best_streaks::find_best_streaks;
use crate::domain::habits::completion_interval::{CompletionInterval, compute_interval};
use crate::domain::habits::day_ranges::DayRange;
use crate::domain::habits::insights::{CompletionRate, Insights, WINDOW_DAYS, compute_insights, recent_rate};
use crate::domain::habits::period_comparison::{PeriodComparison, compare_periods};
use crate::domain::habits::period_rates::{Period, PeriodRate, compute_period_rates};
use crate::domain::habits::period_targets::{PeriodTarget, compute_targets, last_target_day};
use crate::domain::habits::recent_weeks::{RECENT_WEEKS, RecentWeek, recent_weeks};
use crate::domain::habits::review::Review;
use crate::domain::habits::streak_runs::StreakRun;
use crate::domain::habits::strength::Strength;
use crate::domain::habits::strength_history::{compute_strengths, current_strength};
use crate::domain::habits::totals::{HabitTotals, compute_totals};
use crate::domain::{Account, AccountId, Habit, HabitId, History, Refusal, Schedule};
use crate::store::Reader;
use crate::store::tables::{day_logs, habits};

/// The last ninety days of all active habits.
#[derive(Debug, Clone)]
pub struct InsightsOverview {
    /// Over all habits.
    pub insights: Insights,
    /// The last 7, 30, and 90 days compared with as many days before.
    pub comparisons: [PeriodComparison; 3],
    /// The calendar weeks of all habits, oldest first.
    pub weeks: [RecentWeek; RECENT_WEEKS],
    /// By habit, in the user's order.
    pub habits: Vec<HabitInsights>,
}

/// One habit among the others.
#[derive(Debug, Clone)]
pub struct HabitInsights {
    pub habit: Habit,
    /// Over the last ninety days.
    pub rate: CompletionRate,
    /// As of today, over all time.
    pub strength: Strength,
    /// The rates of the calendar weeks, oldest first.
    pub weeks: [CompletionRate; RECENT_WEEKS],
}

/// Computes the insights of an account.
///
/// # Errors
/// [`Error::Unavailable`] when the file cannot be read.
pub fn load_overview(app: &App, me: &Account) -> Result<InsightsOverview, Error> {
    let today = app.today(me);
    // The longest comparison is with as many days before.
    let shown = DayRange { first: today.add_days(1 - 2 * WINDOW_DAYS), last: today };
    app.store.read(|txn| {
        let habits = habits::list_active(txn, me.id)?;
        let mut done = judged_histories::load_all(txn, me, &habits, today, shown)?;
        let with_history = |habit: Habit| {
            let history = done.remove(&habit.id).unwrap_or_default();
            (habit, history)
        };
        let habits: Vec<(Habit, History)> = habits.into_iter().map(with_history).collect();
        let plans: Vec<(&Schedule, &History)> = habits.iter().map(|(habit, done)| (&habit.schedule, done)).collect();
        let insights = compute_insights(&plans, today);
        let comparisons = insights.consistency.map(|(days, _)| compare_periods(&plans, today, days));
        let week_start = me.preferences.week_start;
        let weeks = recent_weeks(&plans, week_start, today);
        let summarize = |(habit, done): (Habit, History)| {
            let rate = recent_rate(&habit.schedule, &done, today);
            let weeks = recent_weeks(&[(&habit.schedule, &done)], week_start, today).map(|week| week.total);
            let strength = current_strength(&habit.schedule, &done, today);
            HabitInsights { habit, rate, strength, weeks }
        };
        Ok(InsightsOverview { insights, comparisons, weeks, habits: habits.into_iter().map(summarize).collect() })
    })
}

/// What the page of a habit shows.
#[derive(Debug, Clone)]
pub struct HabitFigures {
    /// One calendar year.
    pub review: Review,
    /// Over all time.
    pub best_streaks: Vec<StreakRun>,
    /// The rates of the newest periods, oldest first.
    pub periods: Vec<PeriodRate>,
    /// At the end of each day, oldest first; the last one is today's.
    pub strengths: Vec<Strength>,
    /// The current periods; none for an archived habit.
    pub targets: Vec<PeriodTarget>,
    /// Over all time.
    pub totals: HabitTotals,
    /// The number of amounts that were recorded.
    pub entries: usize,
    pub interval: Option<CompletionInterval>,
    /// The newest [`MAX_LISTED_NOTES`].
    pub notes: NotesPage,
}

/// How many notes the page of a habit shows.
const MAX_LISTED_NOTES: usize = 5;

/// The figures of a habit, active or archived. [`Review::new`] chooses the year if none is given.
///
/// # Errors
/// [`Refusal::HabitNotFound`] for a habit that doesn't exist or belongs to another user.
pub fn load_figures(
    app: &App,
    me: &Account,
    id: HabitId,
    year: Option<i16>,
    period: Period,
) -> Result<HabitFigures, Error> {
    let today = app.today(me);
    app.store.read(|txn| {
        let habit = habits::find_habit(txn, me.id, id)?.ok_or(Refusal::HabitNotFound)?;
        let week_start = me.preferences.week_start;
        let history = judged_histories::load_one(txn, me, &habit, today, last_target_day(today, week_start))?;
        let best_streaks = find_best_streaks(&habit.schedule, &history, today, week_start);
        let periods = compute_period_rates(&habit.schedule, &history, period, week_start, today);
        let strengths = compute_strengths(&habit.schedule, &history, today);
        let targets = compute_targets(&habit.schedule, &history, today, week_start);
        let totals = compute_totals(&habit.schedule, &history, today);
        let entries = count_entries(txn, me.id, id, &history)?;
        let interval = compute_interval(&habit.schedule, &history, today);
        let filter = NoteFilter { habit: Some(id), ..NoteFilter::default() };
        let notes = load_notes(txn, me.id, &filter, None, today, MAX_LISTED_NOTES)?;
        Ok(HabitFigures {
            review: Review::new(habit, &history, year, today, week_start),
            best_streaks,
            periods,
            strengths,
            targets,
            totals,
            entries,
            interval,
            notes,
        })
    })
}

/// Summaries don't have the number of entries, so the log of each day with an amount is read.
fn count_entries(txn: &impl Reader, me: AccountId, habit: HabitId, history: &History) -> Result<usize, Error> {
    let mut count = 0;
    for (day, _) in history.summaries().filter(|(_, summary)| summary.amount.is_some()) {
        count += day_logs::find_log(txn, me, day, habit)?.entries.len();
    }
    Ok(count)
}
