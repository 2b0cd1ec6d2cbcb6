//! The list of habits, their forms, and the archive.

pub mod api;
pub mod appearance_fields;
mod archive_view;
pub mod form;
pub mod html;
mod ideas;
mod view;
