//! The list of users, and one user.

pub mod html;
pub mod view;
