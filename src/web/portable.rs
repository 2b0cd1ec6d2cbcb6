//! The form that brings a person's data back.

use warp::http::StatusCode;

use super::failure::Failure;
use super::reply::Answer;
use super::visit::Visit;
use super::{account, body};
use crate::app::portable;
use crate::domain::portable::LARGEST;
use crate::pages::account::News;
use crate::pages::portable::{self as pages, Outcome};

/// `POST /account/import`: says what a file would change, or brings it.
pub async fn bring(visit: Visit) -> Result<Answer, Failure> {
    match sent(&visit).await {
        Ok(outcome) => account::page(&visit, StatusCode::OK, News::File(outcome)),
        Err(failure) => {
            let (status, why) = explained(failure)?;
            account::page(&visit, status, News::File(Outcome::Refused(&why)))
        }
    }
}

async fn sent(visit: &Visit) -> Result<Outcome<'static>, Failure> {
    let upload = visit.upload(LARGEST).await?;
    let rehearse = match upload.fields.get("what") {
        "check" => true,
        "import" => false,
        _ => return Err(Failure::Malformed("The form says neither to look nor to import.".to_owned())),
    };
    if upload.file.is_empty() {
        return Err(Failure::Malformed("Choose a file first.".to_owned()));
    }
    let file = body::parse(&upload.file).map_err(|failure| match failure {
        Failure::Malformed(why) => Failure::Malformed(format!("This is not a file that Atlas made. {why}")),
        other => other,
    })?;
    let brought = portable::bring(&visit.site.app, visit.member()?, file, rehearse, &visit.client()).await?;
    Ok(if rehearse { Outcome::Checked(brought) } else { Outcome::Imported(brought) })
}

/// What can be said beside the field; anything else is not about the file.
fn explained(failure: Failure) -> Result<(StatusCode, String), Failure> {
    match failure {
        Failure::Refused(refusal) => Ok((StatusCode::UNPROCESSABLE_ENTITY, refusal.to_string())),
        Failure::Malformed(why) => Ok((StatusCode::UNPROCESSABLE_ENTITY, why)),
        Failure::TooLarge => Ok((StatusCode::PAYLOAD_TOO_LARGE, pages::too_large())),
        other => Err(other),
    }
}
