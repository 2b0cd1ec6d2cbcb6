//! Snapshots and releases: what the environment can be brought back to.

use std::sync::Arc;
use std::time::Duration;

use warp::http::StatusCode;

use crate::app::{self, App, audit, releases, snapshots};
use crate::domain::audit::Deed;
use crate::domain::release::Release;
use crate::domain::snapshot::Reason;
use crate::pages::admin::snapshots::{self as pages, Shown};
use crate::pages::admin::users::News;
use crate::store::snapshots::Listing;
use crate::web::failure::Failure;
use crate::web::reply::{self, Answer};
use crate::web::visit::Visit;

/// How long somebody waits for a snapshot before reading that it is under way.
const SOON: Duration = Duration::from_secs(5);

/// What there is, and the digest of the binary that runs.
pub fn found(app: &App) -> Result<(Listing, Vec<Release>, Option<String>), app::Error> {
    let listing = snapshots::list(&app.snapshots(), &app.store.stamp().environment)?;
    Ok((listing, releases::list(&app.releases())?, releases::binary_digest()))
}

/// `GET /admin/snapshots`; `?done=` says what was done.
pub async fn list(visit: Visit) -> Result<Answer, Failure> {
    let news = match visit.query().get("done") {
        "taken" => News::Done("The snapshot was taken and proven."),
        "begun" => News::Done("The snapshot is being taken. It stands here as soon as it is proven."),
        _ => News::Nothing,
    };
    all(&visit, StatusCode::OK, news).await
}

async fn all(visit: &Visit, status: StatusCode, news: News<'_>) -> Result<Answer, Failure> {
    let (listing, releases, running) = visit.looks_at(found).await?;
    let app = &visit.site.app;
    let shown = Shown {
        environment: &app.store.stamp().environment,
        now: app.clock.now(),
        snapshots: &listing.snapshots,
        unproven: &listing.unproven,
        releases: &releases,
        running: running.as_deref(),
    };
    Ok(reply::page(status, pages::all(&visit.frame(), &shown, news)))
}

/// `POST /admin/snapshots`: takes one. It is finished whether or not somebody waits for it.
pub async fn take(visit: Visit) -> Result<Answer, Failure> {
    let by = visit.by()?;
    if visit.site.app.is_taking_a_snapshot() {
        let why = News::Refused("A snapshot is being taken already.");
        return all(&visit, StatusCode::UNPROCESSABLE_ENTITY, why).await;
    }
    audit::note(&visit.site.app, by.actor, Deed::SnapshotTaken, &by.client).await?;
    let app = Arc::clone(&visit.site.app);
    let mut taking = tokio::spawn(async move { snapshots::take(&app, Reason::Manual, &mut |_| ()).await });
    let Ok(taken) = tokio::time::timeout(SOON, &mut taking).await else {
        tokio::spawn(async move {
            if let Ok(Err(error)) = taking.await {
                tracing::error!(%error, "a snapshot that an admin asked for failed");
            }
        });
        return Ok(reply::see_other("/admin/snapshots?done=begun"));
    };
    match taken {
        Ok(Ok(_)) => Ok(reply::see_other("/admin/snapshots?done=taken")),
        Ok(Err(app::Error::Refused(refusal))) => {
            all(&visit, StatusCode::UNPROCESSABLE_ENTITY, News::Refused(&refusal.to_string())).await
        }
        Ok(Err(error)) => Err(error.into()),
        Err(error) => Err(Failure::Broken(format!("a snapshot did not end: {error}"))),
    }
}
