//! All users' habits.

use warp::http::StatusCode;

use super::view::{self, STATUSES};
use crate::app::{App, admin};
use crate::store::SortDirection::Descending;
use crate::web::admin::list_query::{HabitCursor, ListQuery, SortKey, filter};
use crate::web::http::error::HttpError;
use crate::web::http::request::Request;
use crate::web::http::response::{self, Response};

/// Habits are stored by their owners, so that is their order.
const SORT_KEYS: &[SortKey] = &[(view::BY_OWNER, Descending)];

/// `GET /admin/habits`, filtered by `?search=` and `?status=`.
pub async fn list(request: Request) -> Result<Response, HttpError> {
    let app = &request.state.app;
    let query = request.query();
    let (search, status) = (filter(&query, "search"), parse_status(query.get("status")));
    let list = ListQuery::new("/admin/habits", &query, SORT_KEYS, &[("search", &search), ("status", status)]);
    let page_request = list.request_with(|text| text.parse::<HabitCursor>().ok().map(|cursor| cursor.0));
    let (words, is_active) = (search.clone(), is_active(status));
    let read = move |app: &App| admin::queries::list_habits(app, &words, is_active, page_request);
    let page = request.read_blocking(read).await?;
    let links = list.links(page.next.map(HabitCursor));
    let view = view::HabitsView {
        list: &list,
        search: &search,
        status,
        habits: &page.rows,
        total: admin::queries::count_habits(app)?.total,
        shows_texts: app.admins_see_habits,
    };
    Ok(response::page(StatusCode::OK, view::habits_page(&request.frame(), &view, &links)))
}

/// The status filter. An unknown value becomes `active`.
pub fn parse_status(status: &str) -> &'static str {
    STATUSES.iter().map(|(known, _)| *known).find(|known| *known == status).unwrap_or("active")
}

/// Whether a status selects active or archived habits; `None` for both.
pub fn is_active(status: &str) -> Option<bool> {
    match status {
        "active" => Some(true),
        "archived" => Some(false),
        _ => None,
    }
}
