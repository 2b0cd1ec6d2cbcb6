//! The list of habits, their forms, and the archive.

pub mod api;
pub mod appearance_fields;
mod archive_view;
pub mod form;
mod form_input;
pub mod html;
mod ideas;
mod label_fields;
mod more_options;
mod view;
