//! The settings this server runs with.

use warp::http::StatusCode;

use super::view;
use crate::store::SortDirection::Ascending;
use crate::web::admin::list_query::{ListQuery, SortKey};
use crate::web::http::error::HttpError;
use crate::web::http::request::Request;
use crate::web::http::response::{self, Response};

/// The order of the handbook, and others.
const SORT_KEYS: &[SortKey] = &[("", Ascending), (view::BY_NAME, Ascending), (view::BY_ORIGIN, Ascending)];

/// `GET /admin/configuration`.
pub async fn show(request: Request) -> Result<Response, HttpError> {
    let list = ListQuery::new("/admin/configuration", &request.query(), SORT_KEYS, &[]);
    let mut settings: Vec<_> = request.state.settings_report.iter().collect();
    match list.sort_name() {
        view::BY_NAME => list.sort_rows(&mut settings, |left, right| left.key.cmp(right.key)),
        view::BY_ORIGIN => list.sort_rows(&mut settings, |left, right| left.origin.cmp(&right.origin)),
        _ => {}
    }
    Ok(response::page(StatusCode::OK, view::configuration_page(&request.frame(), &list, &settings)))
}
