//! The state of the environment and its data file.

use jiff::Timestamp;

use crate::app::context::App;
use crate::domain::{Environment, FileId};
use crate::store::tables::schema::{MAIL_DUE, STAMP};

/// The state of the environment and its data file.
#[derive(Debug, Clone)]
pub struct EnvironmentHealth {
    pub environment: Environment,
    pub file_id: FileId,
    pub created_at: Timestamp,
    pub bytes: u64,
    pub schema: u32,
    /// Whether the data file can be read and written.
    pub works: bool,
    /// How many mails are queued.
    pub waiting: u64,
}

/// Reads the state of the environment. Never fails: a file that cannot be read is reported as not working.
pub fn check_environment(app: &App) -> EnvironmentHealth {
    let stamp = app.store.stamp();
    let count = |table: &'static str| app.store.read(|txn| txn.count(table));
    EnvironmentHealth {
        environment: stamp.environment.clone(),
        file_id: stamp.file_id,
        created_at: stamp.created_at,
        bytes: std::fs::metadata(app.store.path()).map_or(0, |metadata| metadata.len()),
        schema: app.store.migrations().newest_schema(),
        works: count(STAMP.name()).is_ok() && app.store.can_commit(),
        waiting: count(MAIL_DUE.name()).unwrap_or(0),
    }
}
