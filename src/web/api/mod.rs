//! The JSON faces, with the same nouns and the same use cases as the pages.

pub mod account;
pub mod admin;
pub mod auth;
pub mod completions;
pub mod debug;
pub mod habits;
pub mod health;
pub mod insights;
pub mod portable;
pub mod security;
pub mod two_factor;

use jiff::Timestamp;

/// As the predecessor writes instants: UTC with milliseconds.
fn instant(at: Timestamp) -> String {
    format!("{at:.3}")
}
