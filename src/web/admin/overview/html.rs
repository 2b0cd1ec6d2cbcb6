//! The admin dashboard.

use jiff::SignedDuration;
use warp::http::StatusCode;

use super::view::{self, DashboardView};
use crate::app::admin::overview::load_overview;
use crate::web::http::error::HttpError;
use crate::web::http::request::Request;
use crate::web::http::response::{self, Response};

/// The newest requests on the dashboard.
const ROWS: usize = 5;

/// `GET /admin`.
pub async fn show(request: Request) -> Result<Response, HttpError> {
    let app = &request.state.app;
    let overview = request.read_blocking(load_overview).await?;
    let dashboard = DashboardView {
        overview: &overview,
        now: app.clock.now(),
        has_offsite: app.offsite.is_some(),
        uptime: SignedDuration::try_from(request.state.started_at.elapsed()).unwrap_or(SignedDuration::MAX),
        version: env!("CARGO_PKG_VERSION"),
        latest_requests: &request.state.activity.newest(ROWS),
    };
    Ok(response::page(StatusCode::OK, view::dashboard(&request.frame(), &dashboard)))
}
