//! Captured mail and test endpoints, where the environment has them.

pub mod api;
pub mod html;
pub mod view;
