//! The admin dashboard.

mod attention;
pub mod html;
pub mod view;
