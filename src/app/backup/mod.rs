//! Snapshots of the data file, their off-site copies, and releases.

pub mod binary;
pub mod offsite;
pub mod offsite_fetch;
pub mod releases;
pub mod restore_points;
pub mod size;
pub mod snapshots;
pub mod take_snapshot;
mod verified_file;
pub mod verify_snapshot;
