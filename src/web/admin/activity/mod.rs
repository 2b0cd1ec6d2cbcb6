//! Recent requests and the audit trail.

pub mod html;
pub mod view;
