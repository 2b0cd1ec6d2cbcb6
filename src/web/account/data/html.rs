//! The page with a person's data, and the form that deletes the account.

use warp::http::StatusCode;

use super::view::{self, DataNotice, DataPage};
use crate::app;
use crate::app::habits::import_undo;
use crate::domain::FieldError;
use crate::domain::accounts::step_up::ProtectedAction;
use crate::web::http::error::HttpError;
use crate::web::http::request::Request;
use crate::web::http::response::{self, Response};
use crate::web::step_up;

/// `GET /account/data`; `?undo=` opens the dialog that undoes an import.
pub async fn show(request: Request) -> Result<Response, HttpError> {
    let undone = request.query().get("undo").parse().ok();
    let (app, me) = (&request.state.app, request.account()?.id);
    let preview = match undone.map(|id| Ok((id, import_undo::preview_undo(app, me, id)?))).transpose() {
        Ok(preview) => preview,
        // The link was opened again after the import had been undone, or a month later.
        Err(app::Error::Refused(_)) => None,
        Err(error) => return Err(error.into()),
    };
    let notice = preview.as_ref().map_or(DataNotice::None, |(id, report)| DataNotice::AskToUndo(*id, report));
    page(&request, StatusCode::OK, notice)
}

/// `POST /account/delete`: asks the user to confirm their identity.
pub async fn delete(request: Request) -> Result<Response, HttpError> {
    let form = request.form().await?;
    let typed = form.get("confirm");
    if !typed.trim().eq_ignore_ascii_case("delete") {
        let error = FieldError::new("confirm", "Type “delete” to confirm.");
        let notice = DataNotice::DeletionNotConfirmed { typed, error: &error };
        return page(&request, StatusCode::UNPROCESSABLE_ENTITY, notice);
    }
    step_up::html::start(&request, ProtectedAction::AccountDelete, None).await
}

/// The page with the outcome of a form.
pub fn page(request: &Request, status: StatusCode, notice: DataNotice<'_>) -> Result<Response, HttpError> {
    let (app, me) = (&request.state.app, request.account()?);
    let imports = import_undo::list_imports(app, me.id)?;
    let content = DataPage { admins_see_habits: app.admins_see_habits, imports: &imports, zone: me.zone(), notice };
    Ok(response::page(status, view::page(&request.frame(), &content)))
}
