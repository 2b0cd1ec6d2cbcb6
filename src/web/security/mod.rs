//! Credentials, devices, step-up verification and account deletion.

pub mod api;
pub mod html;
pub mod view;
