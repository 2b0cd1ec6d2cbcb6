//! The settings of an account.

pub mod api;
pub mod html;
pub mod view;
