//! The admin dashboard.

pub mod html;
pub mod view;
