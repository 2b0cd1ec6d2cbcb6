//! Captured mail, the style page, and test endpoints, where the environment has them.

pub mod api;
pub mod html;
mod style_samples;
pub mod styles;
pub mod view;
