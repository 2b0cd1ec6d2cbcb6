//! Pages that links in email lead to: password reset and new address.

pub mod html;
pub mod view;
