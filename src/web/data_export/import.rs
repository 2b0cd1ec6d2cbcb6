//! Imports a file that arrived in a form or as the body of an API request.

use bytes::Bytes;
use tokio::sync::MutexGuard;
use warp::http::header::CONTENT_LENGTH;

use crate::app::habits::data_import::{ImportFileError, import_data, preview_import, read_file};
use crate::app::habits::import_source::ImportSource;
use crate::domain::habits::import_report::ImportReport;
use crate::exchange::error::ExchangeError;
use crate::exchange::table_columns::{TableColumns, TableSample};
use crate::web::http::body::FormFields;
use crate::web::http::error::HttpError;
use crate::web::http::request::Request;

/// Above this, files arrive one at a time.
const LARGE_UPLOAD_BYTES: usize = 8 << 20;

/// Hold the result while the body is read.
pub async fn lock_large_upload(request: &Request) -> Option<MutexGuard<'_, ()>> {
    let length = request.headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
    let is_small = length.is_some_and(|length: usize| length <= LARGE_UPLOAD_BYTES);
    if is_small { None } else { Some(request.state.large_upload_lock.lock().await) }
}

/// Why nothing was imported.
#[derive(Debug)]
pub enum ImportError {
    /// The user has to say which columns of the table are what.
    UnknownColumns(TableSample),
    Http(HttpError),
}

impl<E: Into<HttpError>> From<E> for ImportError {
    fn from(error: E) -> Self {
        Self::Http(error.into())
    }
}

/// Imports a file for the signed-in user. A preview changes nothing. `describe` says what is wrong with a file that is no export.
pub async fn import(
    request: &Request,
    file: Bytes,
    columns: Option<TableColumns>,
    is_preview: bool,
    describe: fn(&serde_json::Error) -> String,
) -> Result<ImportReport, ImportError> {
    let source = ImportSource::new(file);
    let zone = request.account()?.zone().clone();
    let file = {
        let _lock = request.state.import_lock.lock().await;
        let read = request.read_blocking(move |app| Ok(read_file(app, &source, columns, &zone))).await?;
        read.map_err(|error| match error {
            ImportFileError::TooLarge => ImportError::Http(HttpError::PayloadTooLarge),
            ImportFileError::NotAnExport(error) => HttpError::Malformed(describe(&error)).into(),
            ImportFileError::Foreign(ExchangeError::UnknownColumns(sample)) => ImportError::UnknownColumns(*sample),
            ImportFileError::Truncated | ImportFileError::Foreign(_) => HttpError::Malformed(error.to_string()).into(),
        })?
    };
    let me = request.account()?.clone();
    if is_preview {
        return Ok(request.read_blocking(move |app| preview_import(app, &me, &file)).await?);
    }
    Ok(import_data(&request.state.app, &me, file, &request.client()).await?)
}

/// The columns that a form or a query names by their place; `None` without a column of dates.
pub fn parse_columns(fields: &FormFields) -> Option<TableColumns> {
    let column = |name: &str| fields.get(name).parse().ok();
    Some(TableColumns {
        date: column("dateColumn")?,
        habit: column("habitColumn"),
        value: column("valueColumn"),
        note: column("noteColumn"),
    })
}
