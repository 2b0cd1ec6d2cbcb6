//! The admin dashboard.

use jiff::SignedDuration;
use warp::http::StatusCode;

use super::attention::list_attention;
use super::view::{self, DashboardFacts, DashboardView};
use crate::app::{self, App, admin};
use crate::web::admin::snapshots::html::load_restore_points;
use crate::web::http::error::HttpError;
use crate::web::http::request::Request;
use crate::web::http::response::{self, Response};

/// The newest users and requests on the dashboard.
const ROWS: usize = 5;

/// `GET /admin`.
pub async fn show(request: Request) -> Result<Response, HttpError> {
    let app = &request.state.app;
    let facts = request.read_blocking(load_facts).await?;
    let dashboard = DashboardView {
        attention: &list_attention(app, &facts),
        facts: &facts,
        now: app.clock.now(),
        has_offsite: app.offsite.is_some(),
        uptime: SignedDuration::try_from(request.state.started_at.elapsed()).unwrap_or(SignedDuration::MAX),
        version: env!("CARGO_PKG_VERSION"),
        latest_requests: &request.state.activity.newest(ROWS),
    };
    Ok(response::page(StatusCode::OK, view::dashboard(&request.frame(), &dashboard)))
}

fn load_facts(app: &App) -> Result<DashboardFacts, app::Error> {
    let (listing, releases, running_digest) = load_restore_points(app)?;
    Ok(DashboardFacts {
        health: admin::environment::check_environment(app),
        figures: admin::figures::load_figures(app)?,
        users: admin::queries::count_users(app)?,
        habits: admin::queries::count_habits(app)?,
        newest_users: admin::queries::list_users(app, "", None, ROWS)?.rows,
        snapshots: listing.snapshots,
        release: releases.into_iter().find(|release| Some(&release.digest) == running_digest.as_ref()),
    })
}
