//! Exporting and importing a user's data.

pub mod api;
pub mod html;
mod import;
mod line_format;
pub mod view;
