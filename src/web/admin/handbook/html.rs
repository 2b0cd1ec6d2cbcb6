//! The pages of the operator's handbook.

use warp::http::StatusCode;

use super::view::{self, HandbookPage};
use crate::web::http::error::HttpError;
use crate::web::http::request::Request;
use crate::web::http::response::{self, Response};

/// The topic that lists the others.
const INDEX: &str = "index";

/// Every topic, rendered by the build script. They are not assets, which everyone may read.
const PAGES: &[HandbookPage] = include!(concat!(env!("OUT_DIR"), "/handbook.rs"));

/// `GET /admin/handbook`.
pub async fn index(request: Request) -> Result<Response, HttpError> {
    let page = find_page(INDEX).ok_or(HttpError::NotFound)?;
    Ok(response::page(StatusCode::OK, view::index(&request.frame(), page)))
}

/// `GET /admin/handbook/{topic}`.
pub async fn topic(request: Request) -> Result<Response, HttpError> {
    let topic: String = request.path_param("topic")?;
    let page = find_page(&topic).filter(|page| page.topic != INDEX).ok_or(HttpError::NotFound)?;
    Ok(response::page(StatusCode::OK, view::topic(&request.frame(), page)))
}

fn find_page(topic: &str) -> Option<&'static HandbookPage> {
    PAGES.iter().find(|page| page.topic == topic)
}
