//! `atlas migrate`: migrating a data file that no process has open. The migration is rehearsed on a copy first, and a
//! snapshot of the file is taken before it changes.

use std::fs;
use std::path::Path;

use super::protocol::migrations::{MigrationResult, MigrationStatus, MigrationStep};
use crate::app::backup::offsite::Offsite;
use crate::app::backup::take_snapshot::take_snapshot_of_closed_file;
use crate::app::clock::Clock;
use crate::app::error::{Error, ErrorContext};
use crate::app::progress::Progress;
use crate::domain::backup::snapshot::SnapshotReason;
use crate::domain::environment::files::rehearsal_copy;
use crate::domain::{Environment, Refusal};
use crate::store::backup::folder_owner::{FolderError, FolderOwner};
use crate::store::backup::snapshot_folder::SnapshotFolder;
use crate::store::file::atomic::copy_file;
use crate::store::migrations::{self, Migrations};
use crate::store::{FileLock, OpenError, read_stamp_and_schema};

/// A data file that no process has open.
#[allow(missing_docs, reason = "the fields say all")]
pub struct MigrationTarget<'a> {
    pub data_file: &'a Path,
    pub environment: &'a Environment,
    pub migrations: Migrations,
    pub clock: &'a Clock,
    /// The off-site folder of snapshots, if one is configured.
    pub offsite: Option<&'a Offsite>,
}

/// Why a migration was not done; the data file is as it was.
///
/// `Open` is for the file itself: missing, locked, corrupt, or of another environment. `App` is for everything around it: a
/// schema that cannot be reached (refused), a snapshot or rehearsal that failed (unavailable).
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "explained above")]
pub enum MigrationError {
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error(transparent)]
    App(#[from] Error),
}

/// The file's schema and the steps this binary knows.
///
/// # Errors
/// [`MigrationError::Open`].
pub fn status(target: &MigrationTarget<'_>) -> Result<MigrationStatus, MigrationError> {
    let schema = schema_of(target)?;
    let known = target.migrations.newest_schema();
    let steps = target.migrations.steps().iter().map(|step| MigrationStep {
        to: step.to,
        about: step.about,
        min_reader: step.min_reader,
        applied: step.to <= schema,
    });
    Ok(MigrationStatus { schema, known, pending: known.saturating_sub(schema), steps: steps.collect() })
}

fn schema_of(target: &MigrationTarget<'_>) -> Result<u32, MigrationError> {
    let (stamp, schema) = read_stamp_and_schema(target.data_file)?;
    if stamp.belongs_to(target.environment) {
        return Ok(schema);
    }
    let (path, expected) = (target.data_file.to_owned(), target.environment.clone());
    Err(OpenError::OtherEnvironment { path, found: Box::new(stamp), expected }.into())
}

/// Migrates the file up to schema `to`, the newest by default.
///
/// # Errors
/// [`MigrationError`].
pub fn upgrade(
    target: &MigrationTarget<'_>,
    to: Option<u32>,
    on_progress: Progress<'_>,
) -> Result<MigrationResult, MigrationError> {
    let schema = schema_of(target)?;
    let newest = target.migrations.newest_schema();
    let to = to.unwrap_or(newest);
    if to > newest || to < schema {
        return Err(refused(format!(
            "the data file has schema {schema} and this binary knows schemas up to {newest}; --to must lie between them, but is {to}"
        )));
    }
    migrate(target, schema, to, on_progress)
}

/// What a downgrade to schema `to` would lose; nothing is changed.
///
/// # Errors
/// [`MigrationError`].
pub fn losses(target: &MigrationTarget<'_>, to: u32) -> Result<Vec<migrations::MigrationLoss>, MigrationError> {
    let schema = schema_of(target)?;
    if to == 0 || to >= schema || schema > target.migrations.newest_schema() {
        return Err(refused(format!(
            "the data file has schema {schema}; --to must be lower, and this binary must know schema {schema}"
        )));
    }
    Ok(migrations::count_losses(target.data_file, target.environment, target.migrations, to)?)
}

/// Migrates the file down to schema `to`.
///
/// # Errors
/// [`MigrationError`].
pub fn downgrade(
    target: &MigrationTarget<'_>,
    to: u32,
    on_progress: Progress<'_>,
) -> Result<MigrationResult, MigrationError> {
    let lost = losses(target, to)?;
    let schema = schema_of(target)?;
    Ok(MigrationResult { lost: Some(lost), ..migrate(target, schema, to, on_progress)? })
}

fn refused(why: String) -> MigrationError {
    Error::from(Refusal::operation(why)).into()
}

fn migrate(
    target: &MigrationTarget<'_>,
    from: u32,
    to: u32,
    on_progress: Progress<'_>,
) -> Result<MigrationResult, MigrationError> {
    if from == to {
        return Ok(MigrationResult { from, to, changed: false, snapshot: None, lost: None });
    }
    let hold = FileLock::acquire(target.data_file)?;
    on_progress("rehearsing the migration on a copy: there, back, and there again");
    rehearse(target, to)?;
    on_progress("taking a snapshot");
    let reason = SnapshotReason::BeforeMigration;
    let taken =
        take_snapshot_of_closed_file(target.data_file, target.environment, target.clock, target.offsite, reason)?;
    drop(hold);
    on_progress("migrating the data file");
    let done = migrations::migrate_file(target.data_file, target.environment, target.migrations, to)?;
    Ok(MigrationResult { from: done.from, to: done.to, changed: true, snapshot: Some(taken.manifest.id), lost: None })
}

fn rehearse(target: &MigrationTarget<'_>, to: u32) -> Result<(), MigrationError> {
    let copy = rehearsal_copy(target.data_file);
    let unavailable = |error: std::io::Error| {
        let why =
            format!("the migration cannot be rehearsed on {}: {error}; the data file was not changed", copy.display());
        MigrationError::from(Error::unavailable(ErrorContext::new(why, error)))
    };
    let owner = FolderOwner::without_file(target.environment);
    SnapshotFolder::beside(target.data_file).claim(&owner).map_err(|error| match error {
        FolderError::Io { source, .. } => unavailable(source),
        error => Error::from(error).into(),
    })?;
    // What a killed migration left would be overwritten, even if it is a link by now. Nothing else that has the name is removed.
    if fs::symlink_metadata(&copy).is_ok_and(|found| found.is_file() || found.is_symlink()) {
        let _ = fs::remove_file(&copy);
    }
    let rehearsed = match copy_file(target.data_file, &copy) {
        Ok(()) => migrations::rehearse(&copy, target.environment, target.migrations, to).map_err(MigrationError::from),
        Err(error) => Err(unavailable(error)),
    };
    let _ = fs::remove_file(&copy);
    rehearsed
}
