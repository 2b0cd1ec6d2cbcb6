//! The list of habits, their forms, and the archive.

pub mod api;
pub mod appearance_fields;
mod archive_view;
mod date_fields;
pub mod form;
mod form_input;
mod form_parser;
pub mod frequency_fields;
pub mod frequency_input;
mod goal_fields;
pub mod goal_input;
mod group_view;
pub mod html;
mod ideas;
mod label_fields;
mod list_filter;
mod more_options;
pub mod pause_api;
pub mod pause_html;
pub mod pause_view;
pub mod select_html;
mod select_view;
mod short_field;
mod view;
