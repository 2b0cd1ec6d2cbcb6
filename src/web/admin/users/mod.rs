//! The list of users, and one user.

mod actions;
pub mod html;
pub mod view;
