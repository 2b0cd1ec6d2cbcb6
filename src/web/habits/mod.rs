//! The list of habits, their forms, and the archive.

pub mod api;
pub mod appearance_fields;
pub mod html;
pub mod view;
