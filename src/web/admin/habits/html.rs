//! All users' habits.

use warp::http::StatusCode;

use super::view::{self, STATUSES};
use crate::app::{App, admin};
use crate::web::admin::list_query::{HabitCursor, ROWS_PER_PAGE, cursor, filter, page_links};
use crate::web::http::error::HttpError;
use crate::web::http::request::Request;
use crate::web::http::response::{self, Response};

/// `GET /admin/habits`, filtered by `?search=` and `?status=`, from the cursor `?before=`.
pub async fn list(request: Request) -> Result<Response, HttpError> {
    let app = &request.state.app;
    let query = request.query();
    let (search, status) = (filter(&query, "search"), parse_status(query.get("status")));
    let cursor = cursor::<HabitCursor>(&query).map(|cursor| cursor.0);
    let (words, is_active) = (search.clone(), is_active(status));
    let list = move |app: &App| admin::queries::list_habits(app, &words, is_active, cursor, ROWS_PER_PAGE);
    let page = request.read_blocking(list).await?;
    let filters = [("search", search.as_str()), ("status", status)];
    let links = page_links("/admin/habits", &query, &filters, page.next.map(HabitCursor));
    let total = admin::queries::count_habits(app)?.total;
    let page =
        view::habits_page(&request.frame(), (&search, status), &page.rows, (total, app.admins_see_habits), &links);
    Ok(response::page(StatusCode::OK, page))
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
