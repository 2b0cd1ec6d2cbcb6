//! Confirming one's identity before a protected change.

pub mod html;
pub mod view;
