//! Everybody's habits.

use warp::http::StatusCode;

use super::{HabitPlace, ROWS, asked, below, ways};
use crate::app::admin;
use crate::pages::admin::habits::{self as pages, STATUSES};
use crate::web::failure::Failure;
use crate::web::reply::{self, Answer};
use crate::web::visit::Visit;

/// `GET /admin/habits`; `?search=` and `?status=` narrow it, `?before=` goes on.
pub async fn list(visit: Visit) -> Result<Answer, Failure> {
    let app = &visit.site.app;
    let query = visit.query();
    let (search, status) = (asked(&query, "search"), status(query.get("status")));
    let place = below::<HabitPlace>(&query).map(|place| place.0);
    let words = search.clone();
    let page = visit.looks_at(move |app| admin::habits(app, &words, active(status), place, ROWS)).await?;
    let kept = [("search", search.as_str()), ("status", status)];
    let way = ways("/admin/habits", &query, &kept, page.next.map(HabitPlace));
    let total = admin::count_habits(app)?.total;
    Ok(reply::page(StatusCode::OK, pages::all(&visit.frame(), (&search, status), &page.rows, total, &way)))
}

/// The status that was asked for; what is none is the first.
pub fn status(word: &str) -> &'static str {
    STATUSES.iter().map(|(known, _)| *known).find(|known| *known == word).unwrap_or("active")
}

/// Which habits a status takes: those that are kept, those that were put away, or all.
pub fn active(status: &str) -> Option<bool> {
    match status {
        "active" => Some(true),
        "archived" => Some(false),
        _ => None,
    }
}
