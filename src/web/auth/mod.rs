//! Signing up, confirming an address, signing in and out.

pub mod api;
pub mod html;
pub mod view;
