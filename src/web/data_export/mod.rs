//! Exporting and importing a user's data.

pub mod api;
pub mod html;
pub mod view;
