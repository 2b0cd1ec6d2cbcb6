//! Snapshots and releases as files, and their encryption.
//!
//! | file | what it owns |
//! |---|---|
//! | `snapshot` | copies a data file in use, exactly as it is at one commit |
//! | `verification` | whether a copy is intact |
//! | `changes` | what changed between two files |
//! | `snapshot_folder` | the folder of snapshots: copies and manifests |
//! | `folder_owner` | which environment a folder of snapshots or releases belongs to |
//! | `release_folder` | the folder of releases: records, binaries, reports and approvals |
//! | `encryption` | encrypted copies for off-site folders |

pub mod changes;
pub mod encryption;
pub mod folder_owner;
pub mod release_folder;
pub mod snapshot;
pub mod snapshot_folder;
pub mod verification;
