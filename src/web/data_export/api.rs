//! The JSON export and import of a user's data.

use serde::Serialize;
use serde_json::json;
use warp::http::StatusCode;
use warp::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE, HeaderValue};

use crate::app::habits::data_export::{self, ExportFormat};
use crate::app::habits::import_undo;
use crate::domain::Refusal;
use crate::domain::habits::data_export::MAX_UPLOAD_BYTES;
use crate::domain::habits::import_record::ImportRecord;
use crate::domain::habits::undo_report::UndoReport;
use crate::exchange::error::ExchangeError;
use crate::web::data_export::import::{self, ImportError};
use crate::web::data_export::line_format::LineFormatter;
use crate::web::http::body;
use crate::web::http::error::HttpError;
use crate::web::http::request::Request;
use crate::web::http::response::{self, Response};

/// `GET /api/account/exports/self`: the file without the envelope. `?format=` asks for that of another program.
pub async fn export(request: Request) -> Result<Response, HttpError> {
    let query = request.query();
    let (format, content_type, name) = match query.get("format") {
        "" | "json" => return export_json(request).await,
        "loop" => (ExportFormat::LoopBackup, "application/vnd.sqlite3", "atlas-for-loop.db"),
        "loop-csv" => (ExportFormat::LoopTables, "application/zip", "atlas-for-loop.zip"),
        "csv" => (ExportFormat::DayTable, "text/csv; charset=utf-8", "atlas-days.csv"),
        _ => return Err(HttpError::Malformed("format must be json, loop, loop-csv, or csv.".to_owned())),
    };
    let file = data_export::export_for(&request.state.app, request.account()?, format, &request.client()).await?;
    Ok(download(&request, file, content_type, name))
}

/// A file to save, named after the time and `name`.
fn download(request: &Request, file: Vec<u8>, content_type: &'static str, name: &str) -> Response {
    let mut response = Response::new(file.into());
    let time = request.state.app.clock.now().strftime("%Y%m%dT%H%M%SZ");
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    if let Ok(disposition) = HeaderValue::from_str(&format!("attachment; filename=\"{time}-{name}\"")) {
        headers.insert(CONTENT_DISPOSITION, disposition);
    }
    response
}

async fn export_json(request: Request) -> Result<Response, HttpError> {
    let file = data_export::export_data(&request.state.app, request.account()?, &request.client()).await?;
    let mut text = Vec::new();
    let mut serializer = serde_json::Serializer::with_formatter(&mut text, LineFormatter::default());
    file.serialize(&mut serializer).map_err(HttpError::internal)?;
    Ok(download(&request, text, "application/json; charset=utf-8", "atlas-data-export.json"))
}

/// `POST /api/account/imports/self`: 200 `{dryRun, changes, foreign, repairs, skipped, completions}`. With `?dryRun=true` nothing
/// is changed. `?dateColumn=0&habitColumn=1` and so on say which columns of a table are what.
pub async fn import(request: Request) -> Result<Response, HttpError> {
    let dry_run = parse_dry_run(&request)?;
    let file = {
        let _lock = import::lock_large_upload(&request).await;
        request.json_file(MAX_UPLOAD_BYTES).await?
    };
    let columns = import::parse_columns(&request.query());
    let report =
        import::import(&request, file, columns, dry_run, body::describe).await.map_err(|error| match error {
            ImportError::Http(error) => error,
            ImportError::UnknownColumns(sample) => {
                HttpError::Malformed(ExchangeError::UnknownColumns(sample.into()).to_string())
            }
        })?;
    let body = json!({
        "dryRun": dry_run,
        "changes": report.changes,
        "foreign": report.is_foreign,
        "repairs": report.repairs,
        "skipped": report.skipped,
        "completions": report.completions,
        "dayLogs": report.day_logs,
        "pausesAdded": report.pauses_added,
        "program": report.program,
        "habits": report.habits,
        "leftOut": report.left_out,
        "import": report.import,
    });
    Ok(response::json(StatusCode::OK, &body))
}

/// `GET /api/account/imports`: the imports of the last 30 days.
pub async fn list_imports(request: Request) -> Result<Response, HttpError> {
    let imports = import_undo::list_imports(&request.state.app, request.account()?.id)?;
    let imports: Vec<_> = imports.iter().map(describe_import).collect();
    Ok(response::json(StatusCode::OK, &json!({ "imports": imports })))
}

fn describe_import(import: &ImportRecord) -> serde_json::Value {
    json!({
        "id": import.id,
        "importedAt": response::format_timestamp(import.imported_at),
        "expiresAt": response::format_timestamp(import.expires_at()),
        "undoneAt": import.undone_at.map(response::format_timestamp),
        "program": import.program,
        "habitsAdded": import.habits_added,
        "daysAdded": import.days_added,
    })
}

/// `POST /api/account/imports/{id}/undo`: 200 `{dryRun, habitsRemoved, daysRemoved, kept}`. With `?dryRun=true` nothing is changed.
pub async fn undo_import(request: Request) -> Result<Response, HttpError> {
    let (app, account, dry_run) = (&request.state.app, request.account()?, parse_dry_run(&request)?);
    let id = request.path_param("id").map_err(|_| Refusal::ImportNotFound)?;
    let report = if dry_run {
        import_undo::preview_undo(app, account.id, id)?
    } else {
        import_undo::undo_import(app, account, id, &request.client()).await?
    };
    let UndoReport { habits_removed, days_removed, are_pauses_kept, kept } = report;
    let body = json!({ "dryRun": dry_run, "habitsRemoved": habits_removed, "daysRemoved": days_removed, "arePausesKept": are_pauses_kept, "kept": kept });
    Ok(response::json(StatusCode::OK, &body))
}

fn parse_dry_run(request: &Request) -> Result<bool, HttpError> {
    match request.query().get("dryRun") {
        "" | "false" => Ok(false),
        "true" => Ok(true),
        _ => Err(HttpError::Malformed("dryRun must be true or false.".to_owned())),
    }
}
