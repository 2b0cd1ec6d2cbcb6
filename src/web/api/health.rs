//! Whether this deployment works.

use serde::Serialize;
use serde_json::{Value, json};
use warp::http::StatusCode;

use super::instant;
use crate::app::{recovery, relaying};
use crate::domain::{Environment, FileId};
use crate::store::migrations;
use crate::web::failure::Failure;
use crate::web::reply::{self, Answer};
use crate::web::visit::Visit;

/// The status of a deployment that works.
const WORKS: &str = "ok";

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
    instance: &'a str,
    // What only admins are told. No part that is flattened in: that makes the rest of it cost three times as much.
    #[serde(skip_serializing_if = "Option::is_none")]
    file_id: Option<FileId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    schema: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mail: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    alerts: Option<Vec<Value>>,
}

/// `GET /api/health`: 200 when the data file is whole, as far as is known, and can be read and written; 503 otherwise, with
/// the same keys either way.
///
/// SECURITY: strangers are told no version, for it says which faults to try. `instance` is a name of this process that
/// means nothing: who asks the server another way sees whether the address leads to the same one.
pub async fn show(visit: Visit) -> Result<Answer, Failure> {
    Ok(answer(data(&visit)))
}

/// `GET /api/admin/health`: the same, and beside it what was built, which file it has, `mail`, with how it stands with the
/// relay, and `alerts`, which somebody has to see to. Mail that waits does not change the status: whoever watches this
/// address is told of what keeps people out.
pub async fn details(visit: Visit) -> Result<Answer, Failure> {
    let mail = relaying::health(&visit.site.app);
    let held = mail.alert().map(|what| json!({ "code": "mail_held", "message": what }));
    let damaged = recovery::alert(&visit.site.app).map(|what| json!({ "code": "damaged", "message": what }));
    let alerts: Vec<Value> = damaged.into_iter().chain(held).collect();
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
    let data = Data {
        file_id: Some(visit.site.app.store.stamp().file_id),
        version: Some(env!("CARGO_PKG_VERSION")),
        schema: Some(migrations::newest()),
        mail: Some(told),
        alerts: Some(alerts),
        ..data(&visit)
    };
    Ok(answer(data))
}

fn data(visit: &Visit) -> Data<'_> {
    let (app, store) = (&visit.site.app, &visit.site.app.store);
    // A disk that ever refused to be read or written says so here, until the file was opened again.
    let works = store.can_commit() && !store.is_damaged();
    Data {
        status: if works { WORKS } else { "unavailable" },
        timestamp: instant(app.clock.now()),
        uptime_seconds: visit.site.since.elapsed().as_secs(),
        environment: &store.stamp().environment,
        instance: &app.instance,
        file_id: None,
        version: None,
        schema: None,
        mail: None,
        alerts: None,
    }
}

fn answer(data: Data<'_>) -> Answer {
    let ok = data.status == WORKS;
    reply::bare(if ok { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }, &Health { ok, data })
}
