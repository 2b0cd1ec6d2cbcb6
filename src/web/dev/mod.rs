//! Captured mail, the style page, and test endpoints, where the environment has them.

pub mod api;
pub mod html;
pub mod styles;
pub mod view;
