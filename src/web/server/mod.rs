//! Serving: connections, what surrounds every request, dispatch and the table of routes.
//!
//! | module | subject |
//! |---|---|
//! | [`connections`] | accepts, limits and drains connections; [`connection_state`] is what each is doing, [`open_connections`] closes idle ones, [`backlog`] the listener |
//! | [`client_stream`] | the stream of a connection: timeouts, and a close that lets the response arrive; [`write_timeout`] drops clients that stop reading |
//! | [`service`] | what every request passes through; [`request_check`] before, [`request_log`] after the handler |
//! | [`dispatch`] | from a request to its handler and back |
//! | [`routes`] | the table of routes |
//! | [`maintenance`] | the responses while the data file is migrated |
//! | [`metrics`] | the listener of `/metrics` |

pub mod backlog;
pub mod client_stream;
pub mod connection_state;
pub mod connections;
pub mod dispatch;
pub mod maintenance;
pub mod metrics;
pub mod open_connections;
pub mod request_check;
pub mod request_log;
pub mod routes;
pub mod service;
pub mod write_timeout;
