//! Opening a data file: its lock, its identity and its schema.
//!
//! | file | what it owns |
//! |---|---|
//! | `open` | opens a file once it is certain that it may be used here |
//! | `create` | creates a file with its stamp and its tables |
//! | `identity`, `stamp_mac` | which file it is: stamp, key, schema |
//! | `database` | opens redb, and turns its errors into [`crate::store::OpenError`] |
//! | `lock`, `pid_file` | which process has the file |
//! | `atomic`, `disk` | files beside it: written whole or not at all, digests, free space |
//! | `remove` | removes folders: only what Atlas created, never across a mount |

pub mod atomic;
pub(super) mod create;
pub(super) mod database;
pub mod disk;
pub(super) mod identity;
pub mod lock;
pub mod open;
pub mod pid_file;
pub mod remove;
pub(super) mod stamp_mac;
