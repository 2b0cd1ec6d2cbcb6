//! The JSON export and import of a user's data.

use serde::Serialize;
use serde_json::json;
use warp::http::StatusCode;
use warp::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE, HeaderValue};

use crate::app::habits::data_export;
use crate::domain::habits::data_export::MAX_FILE_BYTES;
use crate::web::data_export::import;
use crate::web::data_export::line_format::LineFormatter;
use crate::web::http::body;
use crate::web::http::error::HttpError;
use crate::web::http::request::Request;
use crate::web::http::response::{self, Response};

/// `GET /api/account/exports/self`: the file without the envelope.
pub async fn export(request: Request) -> Result<Response, HttpError> {
    let file = data_export::export_data(&request.state.app, request.account()?, &request.client()).await?;
    let mut text = Vec::new();
    let mut serializer = serde_json::Serializer::with_formatter(&mut text, LineFormatter::default());
    file.serialize(&mut serializer).map_err(HttpError::internal)?;
    let mut response = Response::new(text.into());
    let name = request.state.app.clock.now().strftime("%Y%m%dT%H%M%SZ-atlas-data-export.json");
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
    if let Ok(disposition) = HeaderValue::from_str(&format!("attachment; filename=\"{name}\"")) {
        headers.insert(CONTENT_DISPOSITION, disposition);
    }
    Ok(response)
}

/// `POST /api/account/imports/self`: 200 `{dryRun, changes, foreign, repairs, skipped, completions}`. With `?dryRun=true` nothing
/// is changed.
pub async fn import(request: Request) -> Result<Response, HttpError> {
    let dry_run = match request.query().get("dryRun") {
        "" | "false" => false,
        "true" => true,
        _ => return Err(HttpError::Malformed("dryRun must be true or false.".to_owned())),
    };
    let file = {
        let _lock = import::lock_large_upload(&request).await;
        request.json_file(MAX_FILE_BYTES).await?
    };
    let report = import::import(&request, file, dry_run, body::describe).await?;
    let body = json!({
        "dryRun": dry_run,
        "changes": report.changes,
        "foreign": report.is_foreign,
        "repairs": report.repairs,
        "skipped": report.skipped,
        "completions": report.completions,
    });
    Ok(response::json(StatusCode::OK, &body))
}
