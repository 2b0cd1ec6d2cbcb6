//! The first page.

pub mod html;
pub mod view;
