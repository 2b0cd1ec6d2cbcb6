//! Third floor: HTTP in, HTTP out. The only rooms that know warp and hyper.
//!
//! A request walks [`serve`] (connection) → [`front`] (headers of every answer) → [`dispatch`] (route, origin, who) →
//! one handler, which asks `app` to decide and answers with [`reply`]. [`routes`] is the table of all of it.

mod account;
mod accounts;
mod admin;
mod api;
mod assets;
mod body;
mod cache;
mod calendar;
mod conditional;
mod cookie;
mod dev;
mod dispatch;
mod encoding;
mod face;
mod failure;
mod front;
mod gate;
mod habits;
mod insights;
mod landing;
mod limits;
mod mailed;
pub mod maintenance;
pub mod metrics;
mod offline;
mod operator;
mod origin;
mod patience;
mod portable;
mod reply;
mod routes;
mod security;
pub mod serve;
mod site;
mod target;
mod today;
mod tunnel;
mod two_factor;
mod visit;

pub use cache::{MOST_BYTES, MOST_PAGES};
pub use face::Face;
pub use front::{door, door_to};
pub use limits::{By, Limit, MOST as MOST_CALLERS};
pub use operator::{Answering, HEADER as OPERATOR_HEADER, Operator};
pub use routes::{Route, Who, table};
pub use site::Site;
