//! Users: the list, one user, and what an admin can do.

use warp::http::StatusCode;

use super::view;
use crate::app::{self, admin};
use crate::domain::{AccountId, Refusal};
use crate::web::admin::list_query::{ROWS_PER_PAGE, cursor, filter, page_links};
use crate::web::admin::view::AdminNotice;
use crate::web::http::error::HttpError;
use crate::web::http::request::Request;
use crate::web::http::response::{self, Response};

/// `GET /admin/users`, filtered by `?search=`, from the cursor `?before=`.
pub async fn list(request: Request) -> Result<Response, HttpError> {
    let app = &request.state.app;
    let query = request.query();
    let search = filter(&query, "search");
    let (words, cursor) = (search.clone(), cursor(&query));
    let list = move |app: &app::App| admin::queries::list_users(app, &words, cursor, ROWS_PER_PAGE);
    let page = request.read_blocking(list).await?;
    let links = page_links("/admin/users", &query, &[("search", &search)], page.next);
    let total = admin::queries::count_users(app)?.total;
    Ok(response::page(StatusCode::OK, view::users_page(&request.frame(), &search, &page.rows, total, &links)))
}

/// `GET /admin/users/{id}`, with a notice about the action in `?done=`.
pub async fn show(request: Request) -> Result<Response, HttpError> {
    let message = match request.query().get("done") {
        "disable" => "Account disabled. The user was signed out of all devices.",
        "enable" => "Account enabled.",
        "sign-out" => "The user was signed out of all devices.",
        "resend" => "Email sent.",
        "nothing" => "No email was sent: the address is already confirmed or has reached its hourly limit.",
        _ => return user_page(&request, StatusCode::OK, AdminNotice::None),
    };
    user_page(&request, StatusCode::OK, AdminNotice::Done(message))
}

fn user_page(request: &Request, status: StatusCode, notice: AdminNotice<'_>) -> Result<Response, HttpError> {
    let user = admin::queries::load_user_detail(&request.state.app, request.path_param("id")?)?;
    let is_own = request.account()?.id == user.account.id;
    Ok(response::page(status, view::user_page(&request.frame(), &user, is_own, notice)))
}

fn redirect_with_notice(id: AccountId, done: &str) -> Response {
    response::see_other(&format!("/admin/users/{id}?done={done}"))
}

/// `POST /admin/users/{id}/disable`.
pub async fn disable(request: Request) -> Result<Response, HttpError> {
    let id = request.path_param("id")?;
    match admin::accounts::disable_account(&request.state.app, &request.initiator()?, id).await {
        Ok(_) => Ok(redirect_with_notice(id, "disable")),
        Err(app::Error::Refused(refusal @ Refusal::CannotDisableSelf)) => {
            user_page(&request, StatusCode::UNPROCESSABLE_ENTITY, AdminNotice::Refused(&refusal.to_string()))
        }
        Err(error) => Err(error.into()),
    }
}

/// `POST /admin/users/{id}/enable`.
pub async fn enable(request: Request) -> Result<Response, HttpError> {
    let id = request.path_param("id")?;
    admin::accounts::enable_account(&request.state.app, &request.initiator()?, id).await?;
    Ok(redirect_with_notice(id, "enable"))
}

/// `POST /admin/users/{id}/sign-out`. Admins who sign their own account out must sign in again.
pub async fn sign_out(request: Request) -> Result<Response, HttpError> {
    let id = request.path_param("id")?;
    admin::accounts::end_sessions(&request.state.app, &request.initiator()?, id).await?;
    Ok(redirect_with_notice(id, "sign-out"))
}

/// `POST /admin/users/{id}/resend`.
pub async fn resend(request: Request) -> Result<Response, HttpError> {
    let id = request.path_param("id")?;
    let was_sent = admin::accounts::resend_verification(&request.state.app, &request.initiator()?, id).await?;
    Ok(redirect_with_notice(id, if was_sent { "resend" } else { "nothing" }))
}
