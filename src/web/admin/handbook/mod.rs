//! The operator's handbook of this version.

pub mod html;
pub mod view;
