//! The JSON of insights.

use serde_json::{Value, json};
use warp::http::StatusCode;

use crate::app::habits::insights::{self, HabitInsights, InsightsOverview};
use crate::domain::calendar::weekdays;
use crate::domain::habits::insights::{CompletionRate, HEATMAP_WEEKS, Insights, TrendDirection};
use crate::domain::habits::period_comparison::PeriodComparison;
use crate::web::http::error::HttpError;
use crate::web::http::request::Request;
use crate::web::http::response::{self, Response};

/// `GET /api/insights`: the last 90 days.
pub async fn show(request: Request) -> Result<Response, HttpError> {
    let overview = insights::load_overview(&request.state.app, request.account()?)?;
    Ok(response::json(StatusCode::OK, &to_json(&overview)))
}

fn to_json(overview: &InsightsOverview) -> Value {
    let insights: &Insights = &overview.insights;
    let consistency: Vec<Value> = insights.consistency.iter().map(|(days, rate)| window(*days, *rate)).collect();
    let stats: Vec<Value> = insights.weekdays.iter().copied().map(weekday).collect();
    let heatmap: Vec<Vec<f64>> =
        insights.heatmap.iter().map(|row| row.iter().map(|(_, rate)| rate.rate()).collect()).collect();
    json!({
        // As in the predecessor, the day that the insights are about rather than the time of the request.
        "generatedAt": format!("{}T00:00:00.000Z", insights.today),
        "consistency": consistency,
        "weekdayStats": { "best": insights.best.map(weekday), "worst": insights.worst.map(weekday), "stats": stats },
        "trend": {
            "windowDays": insights.trend.window,
            "currentRate": insights.trend.current.rate(),
            "previousRate": insights.trend.previous.rate(),
            "delta": insights.trend.delta,
            "direction": direction(insights.trend.direction),
        },
        "comparisons": overview.comparisons.iter().map(comparison).collect::<Vec<Value>>(),
        "strengths": overview.habits.iter().map(strength).collect::<Vec<Value>>(),
        "heatmap": { "weeks": HEATMAP_WEEKS, "weekdays": heatmap.len(), "values": heatmap },
    })
}

fn comparison(comparison: &PeriodComparison) -> Value {
    json!({
        "windowDays": comparison.days,
        "currentRate": comparison.current.rate(),
        "previousRate": comparison.previous.rate(),
        "changePercent": comparison.change_percent(),
    })
}

fn window(days: i32, rate: CompletionRate) -> Value {
    json!({
        "windowDays": days,
        "scheduled": rate.scheduled,
        "completed": rate.completed,
        "rate": rate.rate(),
    })
}

fn weekday((weekday, rate): (i8, CompletionRate)) -> Value {
    json!({
        "weekday": weekday,
        "label": weekdays::name(weekday),
        "scheduled": rate.scheduled,
        "completed": rate.completed,
        "rate": rate.rate(),
    })
}

fn strength(HabitInsights { habit, strength, .. }: &HabitInsights) -> Value {
    json!({ "habitId": habit.id.to_string(), "strength": strength.value() })
}

fn direction(direction: TrendDirection) -> &'static str {
    match direction {
        TrendDirection::Up => "up",
        TrendDirection::Down => "down",
        TrendDirection::Flat => "flat",
    }
}
