//! The security page, and the JSON of step-up verification, sessions and account deletion.

pub mod api;
pub mod html;
pub mod view;
