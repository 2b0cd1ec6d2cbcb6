//! Third floor, beside the web: what an operator does.

pub mod control;
pub mod fence;
mod files;
pub mod previews;
pub mod reset;
pub mod seeds;
pub mod users;
