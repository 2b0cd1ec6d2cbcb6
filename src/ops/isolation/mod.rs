//! Isolation: no environment opens, overwrites or reuses what belongs to another one. Every refusal names what was found,
//! what was expected, and the fix.
//!
//! Four independent checks, each of which can refuse:
//!
//! 1. [`conflicts`] compares this environment with the others: data file, address and sender as configured, and the
//!    secrets, through the fingerprints in the [`IdentityFile`] that each environment leaves beside its data file.
//! 2. The store compares the stamp inside the data file with the environment on every open.
//! 3. [`DataFile::check`] compares the stamp with the identity files, in this folder and in those of the others.
//! 4. [`check_folders`] looks at the folders of snapshots, releases and off-site copies: each has the mark of its owner.
//!
//! A file that passes all of them is opened, and its identity file is updated for the others.
//!
//! | file | subject |
//! |---|---|
//! | `conflicts` | settings that two environments share |
//! | `data_file` | checking, opening and creating the data file |
//! | `peer` | what is known about the others, and which were not compared |
//! | `imported` | identities from other machines |
//! | `lost_file` | a missing data file where there was one |
//! | `identity` | `identity.json` |
//! | `folders` | the folders beside the data file, and the off-site folder |
//! | `fingerprint` | comparing secrets without revealing them |
//! | `same_path` | whether two paths lead to one file |

mod conflicts;
mod data_file;
mod fingerprint;
mod folders;
mod identity;
pub mod imported;
mod lost_file;
mod peer;
mod same_path;

pub use conflicts::conflicts;
pub use data_file::{Creation, DataFile, Error};
pub use folders::{SharedFolder, check_folders};
pub use identity::{IdentityFile, IdentityFileError};
pub use imported::{ExportedIdentity, IdentityTransferError};
pub use lost_file::LostFile;
pub use peer::{ComparisonResult, PeerComparison, comparisons};
