//! HTTP, one concern per file: requests, responses, errors, bodies, cookies, cross-site requests, limits, compression, caching.

pub mod basic_auth;
pub mod body;
pub mod compression;
pub mod conditional;
pub mod cookie;
pub mod csrf;
pub mod error;
pub mod format;
pub mod host;
pub mod kept_uploads;
pub mod media_type;
pub mod operator_token;
pub mod page_cache;
pub mod prefetch;
pub mod rate_limit;
pub mod redirect;
pub mod request;
pub mod request_body;
pub mod response;
pub mod security_headers;
pub mod state;
