//! Snapshots with their names and retention, releases, and approvals.

pub mod approval;
pub mod release;
pub mod retention;
pub mod snapshot;
pub mod snapshot_id;
