//! Signing up, confirming an address, signing in and out.

pub mod api;
pub mod confirm_html;
pub mod confirm_view;
pub mod fields;
pub mod html;
pub mod sign_up_html;
pub mod sign_up_view;
pub mod view;
