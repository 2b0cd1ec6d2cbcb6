//! Whether this deployment works.

use serde::Serialize;
use serde_json::{Value, json};
use warp::http::StatusCode;

use super::instant;
use crate::app::relaying;
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
    file_id: crate::domain::FileId,
    version: &'static str,
    schema: u32,
    // What only admins are told. No part that is flattened in: that makes the rest of it cost three times as much.
    #[serde(skip_serializing_if = "Option::is_none")]
    mail: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    alerts: Option<Vec<Value>>,
}

/// `GET /api/health`: 200 when the data file can be read and written, 503 otherwise, with the same keys either way.
pub async fn show(visit: Visit) -> Result<Answer, Failure> {
    Ok(health(&visit, None, None))
}

/// `GET /api/admin/health`: the same, and beside it `mail`, with how it stands with the relay, and `alerts`, which somebody
/// has to see to. Neither changes the status: whoever watches this address is told of what keeps people out.
pub async fn details(visit: Visit) -> Result<Answer, Failure> {
    let mail = relaying::health(&visit.site.app);
    let alerts: Vec<Value> =
        mail.alert().map(|what| json!({ "code": "mail_held", "message": what })).into_iter().collect();
    let told = json!({
        "leaves": mail.leaves,
        "waiting": mail.waiting,
        "oldestWaitingSince": mail.oldest.map(instant),
        "relay": {
            "state": mail.relaying.word(),
            "since": mail.relaying.since().map(instant),
            "fault": mail.relaying.fault().map(crate::mail::Fault::word),
            "why": mail.relaying.why(),
        },
    });
    Ok(health(&visit, Some(told), Some(alerts)))
}

fn health(visit: &Visit, mail: Option<Value>, alerts: Option<Vec<Value>>) -> Answer {
    let store = &visit.site.app.store;
    let readable = store.read(|view| view.count(schema::STAMP.name())).is_ok();
    let works = readable && store.can_commit();
    let data = Data {
        status: if works { "ok" } else { "unavailable" },
        timestamp: instant(visit.site.app.clock.now()),
        uptime_seconds: visit.site.since.elapsed().as_secs(),
        environment: &store.stamp().environment,
        file_id: store.stamp().file_id,
        version: env!("CARGO_PKG_VERSION"),
        schema: migrations::newest(),
        mail,
        alerts,
    };
    let status = if works { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    reply::bare(status, &Health { ok: works, data })
}
