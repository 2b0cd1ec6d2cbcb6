//! Users: the list, one user, and what an admin can do.

use warp::http::StatusCode;

use super::actions::UserAction;
use super::view;
use crate::app::{self, App, admin};
use crate::domain::{Account, AccountId, Email, Refusal};
use crate::store::SortDirection::{Ascending, Descending};
use crate::web::admin::list_query::{ListQuery, PageLinks, SortKey, filter, return_address};
use crate::web::admin::view::AdminNotice;
use crate::web::http::error::HttpError;
use crate::web::http::request::Request;
use crate::web::http::response::{self, Response};
use crate::web::ui::menu::menu_button_id;

const LIST: &str = "/admin/users";

/// The orders that the table and its index of addresses have.
const SORT_KEYS: &[SortKey] = &[(view::BY_JOINED, Descending), (view::BY_EMAIL, Ascending)];

/// `GET /admin/users`, filtered by `?search=`, with a notice about the action in `?done=` and the dialog that `?confirm=` opens at
/// the row of `?user=`.
pub async fn list(request: Request) -> Result<Response, HttpError> {
    let app = &request.state.app;
    let query = request.query();
    let search = filter(&query, "search");
    let list = ListQuery::new(LIST, &query, SORT_KEYS, &[("search", &search)]);
    let (users, links) = read_page(&request, &list, &search).await?;
    let subject = query.get("user").parse::<AccountId>().ok();
    let name = subject.map(|id| admin::queries::find_name(app, id)).transpose()?.flatten();
    let view = view::UsersView {
        list: &list,
        search: &search,
        users: &users,
        total: admin::queries::count_users(app)?.total,
        own_id: request.account()?.id,
        open: subject.zip(UserAction::parse_confirmation(query.get("confirm"))),
        notice: match (list_message(query.get("done")), &name) {
            (Some(message), Some(name)) => AdminNotice::DoneWith(message, name),
            _ => AdminNotice::None,
        },
    };
    Ok(response::page(StatusCode::OK, view::users_page(&request.frame(), &view, &links)))
}

async fn read_page(request: &Request, list: &ListQuery, search: &str) -> Result<(Vec<Account>, PageLinks), HttpError> {
    let words = search.to_owned();
    if list.sort_name() == view::BY_EMAIL {
        let by_email = list.request_with(|text| Email::parse(text).ok());
        let read = move |app: &App| admin::queries::list_users_by_email(app, &words, by_email);
        let page = request.read_blocking(read).await?;
        return Ok((page.rows, list.links(page.next)));
    }
    let by_time = list.request();
    let page = request.read_blocking(move |app| admin::queries::list_users(app, &words, by_time)).await?;
    Ok((page.rows, list.links(page.next)))
}

/// What was done, before the user's name.
fn list_message(done: &str) -> Option<&'static str> {
    match done {
        "disable" => Some("Disabled and signed out of all devices"),
        "enable" => Some("Enabled"),
        "sign-out" => Some("Signed out of all devices"),
        "resend" => Some("Email sent"),
        "nothing" => Some("No email was sent, because the address is confirmed or has reached its hourly limit"),
        _ => None,
    }
}

/// `GET /admin/users/{id}`, with a notice about the action in `?done=` and the dialog that `?confirm=` opens.
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
    let open = UserAction::parse_confirmation(request.query().get("confirm"));
    Ok(response::page(status, view::user_page(&request.frame(), &user, is_own, open, notice)))
}

/// Leads back to the list that the form is on, or to the page of the user.
fn redirect_with_notice(request: &Request, id: AccountId, done: &str) -> Response {
    let text = id.to_string();
    match return_address(&request.query(), LIST, &[("done", done), ("user", &text)]) {
        Some(list) => response::see_other(&format!("{list}#{}", menu_button_id(&text))),
        None => response::see_other(&format!("{LIST}/{id}?done={done}")),
    }
}

/// `POST /admin/users/{id}/disable`.
pub async fn disable(request: Request) -> Result<Response, HttpError> {
    let id = request.path_param("id")?;
    match admin::accounts::disable_account(&request.state.app, &request.initiator()?, id).await {
        Ok(_) => Ok(redirect_with_notice(&request, id, "disable")),
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
    Ok(redirect_with_notice(&request, id, "enable"))
}

/// `POST /admin/users/{id}/sign-out`. Admins who sign their own account out must sign in again.
pub async fn sign_out(request: Request) -> Result<Response, HttpError> {
    let id = request.path_param("id")?;
    admin::accounts::end_sessions(&request.state.app, &request.initiator()?, id).await?;
    Ok(redirect_with_notice(&request, id, "sign-out"))
}

/// `POST /admin/users/{id}/resend`.
pub async fn resend(request: Request) -> Result<Response, HttpError> {
    let id = request.path_param("id")?;
    let was_sent = admin::accounts::resend_verification(&request.state.app, &request.initiator()?, id).await?;
    Ok(redirect_with_notice(&request, id, if was_sent { "resend" } else { "nothing" }))
}
