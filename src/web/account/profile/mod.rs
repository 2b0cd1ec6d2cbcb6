//! The profile: name and email address.

pub mod html;
pub mod view;
