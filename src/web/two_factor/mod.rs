//! Two-factor authentication: its settings, and the second step of signing in.

pub mod api;
pub mod html;
pub mod view;
