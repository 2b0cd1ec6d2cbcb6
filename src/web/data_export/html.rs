//! The form that imports a user's data.

use warp::http::StatusCode;

use crate::app::habits::import_undo;
use crate::domain::Refusal;
use crate::domain::habits::data_export::MAX_UPLOAD_BYTES;
use crate::web::account::data;
use crate::web::account::data::view::DataNotice;
use crate::web::data_export::import::{self, ImportError};
use crate::web::data_export::view as pages;
use crate::web::data_export::view::{ImportOutcome, KeptFile};
use crate::web::http::error::HttpError;
use crate::web::http::request::Request;
use crate::web::http::response::Response;

/// `POST /account/import`: previews the changes of a file, or imports it.
pub async fn import(request: Request) -> Result<Response, HttpError> {
    match import_upload(&request).await {
        Ok(outcome) => {
            let status = match outcome {
                ImportOutcome::UnknownColumns(..) => StatusCode::UNPROCESSABLE_ENTITY,
                _ => StatusCode::OK,
            };
            data::html::page(&request, status, DataNotice::Import(&outcome))
        }
        Err(error) => {
            let (status, why) = explain(error)?;
            data::html::page(&request, status, DataNotice::Import(&ImportOutcome::Failed(why)))
        }
    }
}

/// `POST /account/imports/{id}/undo`. The page has asked before.
pub async fn undo(request: Request) -> Result<Response, HttpError> {
    let (app, account) = (&request.state.app, request.account()?);
    let id = request.path_param("id").map_err(|_| Refusal::ImportNotFound)?;
    let report = import_undo::undo_import(app, account, id, &request.client()).await?;
    data::html::page(&request, StatusCode::OK, DataNotice::Undone(&report))
}

/// The form after too many imports, with the reason beside the file.
pub async fn import_over_limit(request: Request, refusal: Refusal) -> Result<Response, HttpError> {
    let outcome = ImportOutcome::Failed(refusal.to_string());
    data::html::page(&request, StatusCode::TOO_MANY_REQUESTS, DataNotice::Import(&outcome))
}

async fn import_upload(request: &Request) -> Result<ImportOutcome, HttpError> {
    let upload = {
        let _lock = import::lock_large_upload(request).await;
        request.upload(MAX_UPLOAD_BYTES).await?
    };
    let is_preview = match upload.fields.get("what") {
        "check" => true,
        "import" => false,
        _ => return Err(HttpError::Malformed("Something's missing from the form. Go back and try again.".to_owned())),
    };
    let (account, now, digest) = (request.account()?.id, request.state.app.clock.now(), upload.fields.get("kept"));
    let file = match (upload.file.is_empty(), digest) {
        (false, _) => upload.file,
        (true, "") => return Err(HttpError::Malformed("Choose a file first.".to_owned())),
        (true, digest) => request
            .state
            .kept_uploads
            .find(account, digest, now)
            .ok_or_else(|| HttpError::Malformed("This preview has expired. Choose the file again.".to_owned()))?,
    };
    let columns = import::parse_columns(&upload.fields);
    let keep = || KeptFile { digest: request.state.kept_uploads.keep(account, &file, now), columns };
    match import::import(request, file.clone(), columns, is_preview, |_| "This isn't an Atlas export.".to_owned()).await
    {
        Ok(report) if is_preview => Ok(ImportOutcome::Preview(report, keep())),
        Ok(report) => {
            request.state.kept_uploads.remove(account, digest);
            Ok(ImportOutcome::Imported(report))
        }
        Err(ImportError::UnknownColumns(sample)) => Ok(ImportOutcome::UnknownColumns(sample, keep())),
        Err(ImportError::Http(error)) => Err(error),
    }
}

/// The status and message of an error in the file. Other errors are returned.
fn explain(error: HttpError) -> Result<(StatusCode, String), HttpError> {
    match error {
        HttpError::Refused(refusal) => Ok((StatusCode::UNPROCESSABLE_ENTITY, refusal.to_string())),
        HttpError::Malformed(why) => Ok((StatusCode::UNPROCESSABLE_ENTITY, why)),
        HttpError::PayloadTooLarge => Ok((StatusCode::PAYLOAD_TOO_LARGE, pages::too_large())),
        other => Err(other),
    }
}
