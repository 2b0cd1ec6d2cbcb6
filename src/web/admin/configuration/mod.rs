//! The settings this server runs with.

pub mod html;
pub mod view;
