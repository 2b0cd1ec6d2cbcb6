//! Exporting and importing a user's data.

pub mod api;
pub mod html;
mod import;
pub mod imports_view;
mod line_format;
pub mod view;
