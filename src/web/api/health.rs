//! Whether this deployment works.

use serde::Serialize;
use warp::http::StatusCode;

use super::instant;
use crate::domain::Environment;
use crate::store::{migrations, schema};
use crate::web::failure::Failure;
use crate::web::reply::{self, Answer};
use crate::web::visit::Visit;

#[derive(Serialize)]
struct Health<'a> {
    ok: bool,
    data: Data<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Data<'a> {
    status: &'static str,
    timestamp: String,
    uptime_seconds: u64,
    environment: &'a Environment,
    version: &'static str,
    schema: u32,
}

/// `GET /api/health`: 200 when the data file can be read and written, 503 otherwise, with the same keys either way.
pub async fn show(visit: Visit) -> Result<Answer, Failure> {
    let store = &visit.site.app.store;
    let readable = store.read(|view| view.count(schema::STAMP.name())).is_ok();
    let works = readable && store.can_commit();
    let data = Data {
        status: if works { "ok" } else { "unavailable" },
        timestamp: instant(visit.site.app.clock.now()),
        uptime_seconds: visit.site.since.elapsed().as_secs(),
        environment: &store.stamp().environment,
        version: env!("CARGO_PKG_VERSION"),
        schema: migrations::newest(),
    };
    let status = if works { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    Ok(reply::bare(status, &Health { ok: works, data }))
}
