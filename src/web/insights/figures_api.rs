//! The JSON of one habit's figures.

use serde_json::{Value, json};
use warp::http::StatusCode;

use crate::app::habits::insights::{self, HabitFigures};
use crate::domain::Amount;
use crate::domain::calendar::day::YEARS;
use crate::domain::habits::period_rates::{Period, PeriodRate};
use crate::domain::habits::period_targets::{PeriodTarget, TargetProgress};
use crate::domain::habits::streak_runs::StreakRun;
use crate::web::http::error::HttpError;
use crate::web::http::request::Request;
use crate::web::http::response::{self, Response};

/// `GET /api/habits/{id}/figures`, with `?by=` (`week`, `month`, `quarter`, `year`) for the history and `?year=` for the frequency.
/// Invalid values are ignored.
pub async fn show(request: Request) -> Result<Response, HttpError> {
    let id = request.path_param("id")?;
    let query = request.query();
    let year = query.get("year").parse().ok().filter(|year| YEARS.contains(year));
    let period = Period::parse(query.get("by")).unwrap_or_default();
    let figures = insights::load_figures(&request.state.app, request.account()?, id, year, period)?;
    Ok(response::json(StatusCode::OK, &to_json(&figures, period)))
}

fn to_json(figures: &HabitFigures, period: Period) -> Value {
    let HabitFigures { review, totals, interval, .. } = figures;
    let streak = review.streak;
    let interval = interval.map(|interval| {
        json!({ "averageDays": interval.average, "plannedDays": interval.wanted, "overdueDays": interval.overdue.unwrap_or(0) })
    });
    let frequency = review
        .visible_frequencies()
        .map(|(month, days)| json!({ "month": month.to_string(), "daysDone": days.map(|rate| rate.completed) }));
    json!({
        "habitId": review.habit.id,
        "today": review.today,
        "strength": figures.strengths.last().copied().unwrap_or_default().value(),
        "streak": { "current": streak.current, "longest": streak.longest, "unit": streak.unit.as_str() },
        "bestStreaks": figures.best_streaks.iter().map(streak_json).collect::<Vec<_>>(),
        "targets": figures.targets.iter().map(target_json).collect::<Vec<_>>(),
        "totals": {
            "daysDone": totals.days,
            "firstDay": totals.first,
            "amount": totals.amount.map(Amount::to_json),
            "entries": figures.entries,
        },
        "interval": interval,
        "history": {
            "by": period.as_str(),
            "periods": figures.periods.iter().map(period_json).collect::<Vec<_>>(),
        },
        "frequency": { "year": review.year, "months": frequency.collect::<Vec<_>>() },
    })
}

fn target_json(PeriodTarget { period, days, progress }: &PeriodTarget) -> Value {
    let (done, target, before) = match *progress {
        TargetProgress::Days { done, planned, before } => (json!(done), json!(planned), json!(before)),
        TargetProgress::AtLeast { sum, target, before } | TargetProgress::AtMost { sum, target, before } => {
            (sum.to_json(), target.to_json(), json!(before.map(Amount::to_json)))
        }
    };
    let kind = match progress {
        TargetProgress::Days { .. } => "days",
        TargetProgress::AtLeast { .. } => "atLeast",
        TargetProgress::AtMost { .. } => "atMost",
    };
    json!({
        "period": period.as_str(),
        "first": days.first,
        "last": days.last,
        "kind": kind,
        "done": done,
        "target": target,
        "before": before,
    })
}

fn period_json(PeriodRate { first, rate, sum }: &PeriodRate) -> Value {
    json!({
        "first": first,
        "scheduled": rate.scheduled,
        "completed": rate.completed,
        "rate": rate.rate(),
        "amount": sum.to_json(),
    })
}

fn streak_json(run: &StreakRun) -> Value {
    json!({
        "first": run.first,
        "last": run.last,
        "length": run.length,
        "unit": run.unit.as_str(),
        "current": run.is_current,
    })
}
