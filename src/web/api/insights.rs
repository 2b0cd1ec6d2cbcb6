//! Insights as JSON.

use serde_json::{Value, json};
use warp::http::StatusCode;

use crate::app::insights;
use crate::domain::insights::{Direction, Insights, Tally, WEEKS};
use crate::domain::weekdays;
use crate::web::failure::Failure;
use crate::web::reply::{self, Answer};
use crate::web::visit::Visit;

/// `GET /api/insights`: what the last ninety days say.
pub async fn show(visit: Visit) -> Result<Answer, Failure> {
    let overview = insights::overview(&visit.site.app, visit.member()?)?;
    Ok(reply::json(StatusCode::OK, &shown(&overview.insights)))
}

fn shown(found: &Insights) -> Value {
    let consistency: Vec<Value> = found.consistency.iter().map(|(days, tally)| window(*days, *tally)).collect();
    let stats: Vec<Value> = found.weekdays.iter().copied().map(weekday).collect();
    let heatmap: Vec<Vec<f64>> =
        found.heatmap.iter().map(|row| row.iter().map(|(_, tally)| tally.rate()).collect()).collect();
    json!({
        // The predecessor dated them by the day they are about, not by the moment they were asked for.
        "generatedAt": format!("{}T00:00:00.000Z", found.today),
        "consistency": consistency,
        "weekdayStats": { "best": found.best.map(weekday), "worst": found.worst.map(weekday), "stats": stats },
        "trend": {
            "windowDays": found.trend.window,
            "currentRate": found.trend.current.rate(),
            "previousRate": found.trend.previous.rate(),
            "delta": found.trend.delta,
            "direction": direction(found.trend.direction),
        },
        "heatmap": { "weeks": WEEKS, "weekdays": heatmap.len(), "values": heatmap },
    })
}

fn window(days: i32, tally: Tally) -> Value {
    json!({
        "windowDays": days,
        "scheduled": tally.scheduled,
        "completed": tally.completed,
        "rate": tally.rate(),
    })
}

fn weekday((weekday, tally): (i8, Tally)) -> Value {
    json!({
        "weekday": weekday,
        "label": weekdays::name(weekday),
        "scheduled": tally.scheduled,
        "completed": tally.completed,
        "rate": tally.rate(),
    })
}

fn direction(direction: Direction) -> &'static str {
    match direction {
        Direction::Up => "up",
        Direction::Down => "down",
        Direction::Flat => "flat",
    }
}
