//! Whether this deployment works.

use serde_json::json;
use warp::http::StatusCode;

use super::instant;
use crate::store::schema;
use crate::web::failure::Failure;
use crate::web::reply::{self, Answer};
use crate::web::visit::Visit;

/// `GET /api/health`: 200 when the data file can be read and written, 503 otherwise, with the same keys either way.
pub async fn show(visit: Visit) -> Result<Answer, Failure> {
    let store = &visit.site.app.store;
    let readable = store.read(|view| view.count(schema::STAMP.name())).is_ok();
    let works = readable && store.can_commit();
    let data = json!({
        "status": if works { "ok" } else { "unavailable" },
        "timestamp": instant(visit.site.app.clock.now()),
        "uptimeSeconds": visit.site.since.elapsed().as_secs(),
        "environment": store.stamp().environment.to_string(),
        "version": env!("CARGO_PKG_VERSION"),
        "schema": schema::VERSION,
    });
    let status = if works { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    Ok(reply::envelope(status, &json!({ "ok": works, "data": data })))
}
