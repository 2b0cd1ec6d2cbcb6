//! `atlas verify`: the checklist of an environment, run against the deployment over HTTP, like a user.
//!
//! What only the server knows is asked over its control socket or, from another machine, over HTTPS with the operator
//! token; [`agent`] answers both.
//!
//! One thing is not checked: that an address on the list of admins gets no access before its account is confirmed. The
//! temporary user has a random address that is on no list. Adding it for the run would make the checklist a way to
//! become an admin, and signing up with an address that is on the list would take it from its owner. The checklist does
//! verify that nobody signs in before confirming (`auth`), and that everyone else is kept out of every admin route
//! (`admin`). The same code decides for addresses on the list, and tests with such an account cover it.
//!
//! | file | subject |
//! |---|---|
//! | `checklist` | the list of checks, and the run |
//! | `tls`, `deployment`, `release`, `host` | checks of the server and its machine |
//! | `headers`, `pages`, `client_address` | checks of what proxies do to requests and responses |
//! | `access`, `error_reporting`, `journey` | checks of what the site does and refuses |
//! | `check`, `context`, `target` | what a check returns, and what it works with |
//! | `http_client`, `certificate`, `sentry_event` | reaching the deployment |
//! | `server`, `remote` | asking the server, here or on another machine |
//! | `agent` | the server's side |

mod access;
pub mod agent;
mod certificate;
mod check;
mod checklist;
mod client_address;
mod context;
mod deployment;
mod error_reporting;
mod headers;
mod host;
mod http_client;
mod journey;
mod pages;
mod release;
mod remote;
mod sentry_event;
mod server;
mod target;
mod tls;

pub use checklist::run_checklist;
pub use http_client::{Endpoint, RequestError};
pub use remote::RemoteServer;
pub use server::{ServerError, VerifyServer};
pub use target::{RouteProbe, Target};
