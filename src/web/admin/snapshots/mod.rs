//! Snapshots and releases.

pub mod html;
pub mod view;
