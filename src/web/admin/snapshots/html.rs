//! Snapshots and releases: what the environment can be rolled back to.

use std::sync::Arc;
use std::time::Duration;

use warp::http::StatusCode;

use super::view::{self, SnapshotsView};
use crate::app::admin::figures::chart_days;
use crate::app::backup::restore_points::load_restore_points;
use crate::app::backup::take_snapshot;
use crate::app::{self, audit};
use crate::domain::accounts::audit::AuditAction;
use crate::domain::backup::snapshot::SnapshotReason;
use crate::store::SortDirection::Descending;
use crate::web::admin::list_query::{ListQuery, SortKey};
use crate::web::admin::view::AdminNotice;
use crate::web::http::error::{HttpError, TaskError};
use crate::web::http::request::Request;
use crate::web::http::response::{self, Response};

/// A snapshot that takes longer is finished in the background.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(5);

/// Snapshots and releases are a few files. One of the two tables is sorted, and the other one has the newest first.
const SORT_KEYS: &[SortKey] =
    &[(view::BY_TAKEN, Descending), (view::BY_SIZE, Descending), (view::BY_STARTED, Descending)];

/// `GET /admin/snapshots`, with a notice about the action in `?done=`.
pub async fn list(request: Request) -> Result<Response, HttpError> {
    let notice = match request.query().get("done") {
        "taken" => AdminNotice::Done("Snapshot created and verified."),
        "begun" => AdminNotice::Done("The snapshot is being created. It'll appear here once it's verified."),
        _ => AdminNotice::None,
    };
    snapshots_page(&request, StatusCode::OK, notice).await
}

async fn snapshots_page(request: &Request, status: StatusCode, notice: AdminNotice<'_>) -> Result<Response, HttpError> {
    let mut restore_points = request.read_blocking(load_restore_points).await?;
    let app = &request.state.app;
    let sizes = restore_points.daily_sizes(chart_days(app.clock.now()));
    let list = ListQuery::new("/admin/snapshots", &request.query(), SORT_KEYS, &[]);
    match list.sort_name() {
        view::BY_TAKEN => {
            list.sort_rows(&mut restore_points.snapshots, |left, right| left.taken_at.cmp(&right.taken_at));
        }
        view::BY_SIZE => list.sort_rows(&mut restore_points.snapshots, |left, right| left.bytes.cmp(&right.bytes)),
        _ => list.sort_rows(&mut restore_points.releases, |left, right| left.last_started.cmp(&right.last_started)),
    }
    let view = SnapshotsView {
        list: &list,
        environment: &app.store.stamp().environment,
        now: app.clock.now(),
        restore_points: &restore_points,
        sizes: &sizes,
    };
    Ok(response::page(status, view::snapshots_page(&request.frame(), &view, notice)))
}

/// `POST /admin/snapshots`: creates a snapshot. It is finished even if the client disconnects.
pub async fn take_snapshot(request: Request) -> Result<Response, HttpError> {
    let initiator = request.initiator()?;
    if request.state.app.is_taking_snapshot() {
        let notice = AdminNotice::Refused("A snapshot is already being created.");
        return snapshots_page(&request, StatusCode::UNPROCESSABLE_ENTITY, notice).await;
    }
    audit::record(&request.state.app, initiator.actor, AuditAction::SnapshotTaken, &initiator.client).await?;
    let app = Arc::clone(&request.state.app);
    let mut task =
        tokio::spawn(async move { take_snapshot::take_snapshot(&app, SnapshotReason::Manual, &mut |_| ()).await });
    let Ok(finished) = tokio::time::timeout(RESPONSE_TIMEOUT, &mut task).await else {
        tokio::spawn(async move {
            if let Ok(Err(error)) = task.await {
                tracing::error!(%error, "an admin's snapshot failed");
            }
        });
        return Ok(response::see_other("/admin/snapshots?done=begun"));
    };
    match finished.map_err(|error| TaskError::new("creating a snapshot", &error))? {
        Ok(_) => Ok(response::see_other("/admin/snapshots?done=taken")),
        Err(app::Error::Refused(refusal)) => {
            let (status, why) = (StatusCode::UNPROCESSABLE_ENTITY, refusal.to_string());
            snapshots_page(&request, status, AdminNotice::Refused(&why)).await
        }
        Err(error) => Err(error.into()),
    }
}
