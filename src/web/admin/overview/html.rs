//! The admin dashboard.

use jiff::SignedDuration;
use warp::http::StatusCode;

use super::view::{self, DashboardView};
use crate::app::backup::snapshots;
use crate::app::mail::health;
use crate::app::{admin, disk_recovery};
use crate::web::http::error::HttpError;
use crate::web::http::request::Request;
use crate::web::http::response::{self, Response};

/// The newest users and requests on the dashboard.
const ROWS: usize = 5;

/// `GET /admin`.
pub async fn show(request: Request) -> Result<Response, HttpError> {
    let app = &request.state.app;
    let corruption = disk_recovery::corruption_alert(app).map(str::to_owned);
    let mail = health::check_mail_health(app).alert().map(|alert| alert.message);
    let alerts: Vec<String> = corruption.into_iter().chain(mail).chain(snapshots::offsite_alert(app)).collect();
    let dashboard = DashboardView {
        alerts: &alerts,
        health: admin::environment::check_environment(app),
        uptime: SignedDuration::try_from(request.state.started_at.elapsed()).unwrap_or(SignedDuration::MAX),
        version: env!("CARGO_PKG_VERSION"),
        users: admin::queries::count_users(app)?,
        habits: admin::queries::count_habits(app)?,
        newest_users: &admin::queries::list_users(app, "", None, ROWS)?.rows,
        latest_requests: &request.state.activity.newest(ROWS),
    };
    Ok(response::page(StatusCode::OK, view::dashboard(&request.frame(), &dashboard)))
}
