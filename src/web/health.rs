//! Health: whether this deployment works.

use serde::Serialize;
use serde_json::{Value, json};
use warp::http::header::{ALLOW, HeaderValue};
use warp::http::{Method, StatusCode};

use crate::app::backup::snapshots;
use crate::app::client_echo::NONCE_HEADER;
use crate::app::disk_recovery;
use crate::app::mail::health;
use crate::domain::{Environment, FileId};
use crate::web::http::error::HttpError;
use crate::web::http::request::Request;
use crate::web::http::response;
use crate::web::http::response::Response;
use crate::web::http::response::format_timestamp;

/// The path that load balancers and monitoring request.
pub const PATH: &str = "/api/health";

const STATUS_OK: &str = "ok";
const STATUS_UNAVAILABLE: &str = "unavailable";

#[derive(Serialize)]
struct Health<'a> {
    ok: bool,
    data: &'a Data<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Data<'a> {
    status: &'static str,
    timestamp: String,
    uptime_seconds: u64,
    environment: &'a Environment,
    instance: &'a str,
    // Only for admins. These fields are not a flattened struct, because serializing that costs three times as much.
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

/// `GET /api/health`, also by HEAD or OPTIONS, and what load balancers send by default, `OPTIONS /` and `OPTIONS *`: 200 if the data file is not known to be corrupt and can be read and written; otherwise 503 with the same
/// fields.
///
/// SECURITY: visitors don't learn the version, which would tell them which vulnerabilities to try. `instance` is a random name of
/// this process. A client that reaches the server another way can compare it to learn whether the address leads to this process.
pub async fn show(request: Request) -> Result<Response, HttpError> {
    if let Some(nonce) = request.headers.get(NONCE_HEADER) {
        request.state.app.client_echo.record(nonce.as_bytes(), || request.seen_client());
    }
    let mut response = respond(&health_data(&request));
    if request.method == Method::OPTIONS {
        response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD, OPTIONS"));
    }
    Ok(response)
}

/// `GET /api/admin/health`: the same with version, schema and file, `mail` with the state of the relay, and `alerts` that need an
/// operator. Waiting mail does not change the status: monitoring should report what keeps users out.
pub async fn show_details(request: Request) -> Result<Response, HttpError> {
    let mail = health::check_mail_health(&request.state.app);
    let mail_alert = mail.alert().map(|alert| json!({ "code": alert.code, "message": alert.message }));
    let corruption_alert = disk_recovery::corruption_alert(&request.state.app)
        .map(|message| json!({ "code": "damaged", "message": message }));
    let offsite_alert = snapshots::offsite_alert(&request.state.app)
        .map(|message| json!({ "code": "offsite_copies", "message": message }));
    let alerts: Vec<Value> = corruption_alert.into_iter().chain(mail_alert).chain(offsite_alert).collect();
    let mail_data = json!({
        "leaves": mail.leaves,
        "waiting": mail.waiting,
        "oldestWaitingSince": mail.oldest.map(format_timestamp),
        "relay": {
            "state": mail.relay.as_str(),
            "since": mail.relay.since().map(format_timestamp),
            "fault": mail.relay.fault().map(crate::mail::RelayFault::as_str),
            "why": mail.relay.why(),
        },
    });
    let data = Data {
        file_id: Some(request.state.app.store.stamp().file_id),
        version: Some(env!("CARGO_PKG_VERSION")),
        schema: Some(request.state.app.store.migrations().newest_schema()),
        mail: Some(mail_data),
        alerts: Some(alerts),
        ..health_data(&request)
    };
    Ok(respond(&data))
}

fn health_data(request: &Request) -> Data<'_> {
    let (app, store) = (&request.state.app, &request.state.app.store);
    // After a read or write error the status stays unavailable until the file has been reopened.
    let is_healthy = store.can_commit() && !store.is_corrupt();
    Data {
        status: if is_healthy { STATUS_OK } else { STATUS_UNAVAILABLE },
        timestamp: format_timestamp(app.clock.now()),
        uptime_seconds: request.state.started_at.elapsed().as_secs(),
        environment: &store.stamp().environment,
        instance: &app.instance,
        file_id: None,
        version: None,
        schema: None,
        mail: None,
        alerts: None,
    }
}

fn respond(data: &Data<'_>) -> Response {
    let ok = data.status == STATUS_OK;
    response::bare_json(if ok { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }, &Health { ok, data })
}
