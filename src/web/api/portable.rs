//! A person's data as one file: taken away and brought back.

use serde_json::json;
use warp::http::StatusCode;
use warp::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE, HeaderValue};

use crate::app::portable;
use crate::domain::portable::{LARGEST, Portable};
use crate::web::failure::Failure;
use crate::web::reply::{self, Answer};
use crate::web::visit::Visit;

/// `GET /api/account/exports/self`: the file itself, without the envelope.
pub async fn take(visit: Visit) -> Result<Answer, Failure> {
    let file = portable::take(&visit.site.app, visit.member()?, &visit.client()).await?;
    let mut answer = reply::bare(StatusCode::OK, &file);
    let name = visit.site.app.clock.now().strftime("%Y%m%dT%H%M%SZ-atlas-data-export.json");
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
    if let Ok(disposition) = HeaderValue::from_str(&format!("attachment; filename=\"{name}\"")) {
        headers.insert(CONTENT_DISPOSITION, disposition);
    }
    Ok(answer)
}

/// `POST /api/account/imports/self`: 200 `{dryRun, …}` with what was added and what was known; with `?dryRun=true` nothing
/// is changed.
pub async fn bring(visit: Visit) -> Result<Answer, Failure> {
    let rehearse = match visit.query().get("dryRun") {
        "" | "false" => false,
        "true" => true,
        _ => return Err(Failure::Malformed("dryRun is true or false.".to_owned())),
    };
    let file: Portable = visit.json_up_to(LARGEST).await?;
    let brought = portable::bring(&visit.site.app, visit.member()?, file, rehearse, &visit.client()).await?;
    Ok(reply::json(StatusCode::OK, &json!({ "dryRun": rehearse, "changes": brought })))
}
