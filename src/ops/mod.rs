//! Third floor, beside the web: what an operator does.

pub mod seeds;
