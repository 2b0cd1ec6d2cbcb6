//! The habits of all users.

pub mod html;
pub mod view;
