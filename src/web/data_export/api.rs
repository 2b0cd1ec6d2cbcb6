//! The JSON export and import of a user's data.

use serde_json::json;
use warp::http::StatusCode;
use warp::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE, HeaderValue};

use crate::app::habits::data_export;
use crate::app::habits::data_import::import_data;
use crate::domain::habits::data_export::{DataExport, MAX_FILE_BYTES};
use crate::web::http::error::HttpError;
use crate::web::http::request::Request;
use crate::web::http::response::{self, Response};

/// `GET /api/account/exports/self`: the file without the envelope.
pub async fn export(request: Request) -> Result<Response, HttpError> {
    let file = data_export::export_data(&request.state.app, request.account()?, &request.client()).await?;
    let mut response = response::bare_json(StatusCode::OK, &file);
    let name = request.state.app.clock.now().strftime("%Y%m%dT%H%M%SZ-atlas-data-export.json");
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
    if let Ok(disposition) = HeaderValue::from_str(&format!("attachment; filename=\"{name}\"")) {
        headers.insert(CONTENT_DISPOSITION, disposition);
    }
    Ok(response)
}

/// `POST /api/account/imports/self`: 200 `{dryRun, changes}`. With `?dryRun=true` nothing is changed.
pub async fn import(request: Request) -> Result<Response, HttpError> {
    let dry_run = match request.query().get("dryRun") {
        "" | "false" => false,
        "true" => true,
        _ => return Err(HttpError::Malformed("dryRun must be true or false.".to_owned())),
    };
    let file: DataExport = request.json_up_to(MAX_FILE_BYTES).await?;
    let changes = import_data(&request.state.app, request.account()?, file, dry_run, &request.client()).await?;
    Ok(response::json(StatusCode::OK, &json!({ "dryRun": dry_run, "changes": changes })))
}
