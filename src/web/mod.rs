//! HTTP: pages, JSON, and the server. The only layer that uses warp and hyper.
//!
//! | module | subject |
//! |---|---|
//! | [`server`] | connections, dispatch, and the table of routes |
//! | [`http`] | requests, responses, errors, cookies, limits, compression, caching |
//! | [`ui`] | what pages share: frame, form fields, dates, charts |
//! | [`assets`] | style sheet, scripts and icons |
//! | [`health`], [`operator`], [`sentry_tunnel`] | routes for programs |
//! | the others | one subject each: `html` responds with the pages that `view` renders, `api` with JSON |
//!
//! A request passes `server::connections`, `service` (id, checks, headers, log) and `dispatch` (route, session, access, limit). Then
//! one handler asks `app` for a decision and builds the response.

pub mod account;
mod admin;
pub mod assets;
pub mod auth;
pub mod calendar;
pub mod data_export;
pub mod dev;
pub mod email_links;
pub mod entries;
pub mod first_habit;
pub mod habits;
pub mod health;
pub mod http;
pub mod insights;
pub mod landing;
pub mod notes;
pub mod offline;
mod operator;
pub mod security;
pub mod sentry_tunnel;
pub mod server;
pub mod step_up;
pub mod today;
pub mod two_factor;
pub mod ui;

pub use crate::web::http::body::MAX_BODY_BYTES;
pub use crate::web::http::format::Format;
pub use crate::web::http::operator_token::{OPERATOR_HEADER, Operator};
pub use crate::web::http::page_cache::{MAX_CACHE_BYTES, MAX_PAGES_PER_USER};
pub use crate::web::http::rate_limit::{LimitScope, MAX_CALLERS, RateLimit};
pub use crate::web::http::request_body::RequestBody;
pub use crate::web::http::state::WebState;
pub use crate::web::server::routes::{Access, Route, route_table};
pub use crate::web::server::service::{service, service_with};
