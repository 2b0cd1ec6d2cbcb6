//! Third floor, beside the web: what an operator does.

pub mod control;
pub mod mail;
pub mod seeds;
pub mod users;
