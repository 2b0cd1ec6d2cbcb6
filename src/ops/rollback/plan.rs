//! The plan of a rollback: which data, which binary, and what would be lost. Planning changes nothing.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::candidates::Candidates;
use super::environment::RollbackEnvironment;
use super::losses::Losses;
use crate::app::Error;
use crate::app::backup::binary::binary_digest;
use crate::app::backup::releases;
use crate::app::progress::Progress;
use crate::domain::Refusal;
use crate::domain::backup::release::{Release, select_current, select_known_good, select_snapshot};
use crate::domain::backup::snapshot::SnapshotManifest;
use crate::domain::calendar::format::format_utc;
use crate::ops::protocol::rollback::{PlannedRelease, PlannedSnapshot, RollbackCommand, RollbackPlan};
use crate::store::read_stamp_and_schema;

pub(super) struct Plan {
    pub(super) snapshot: Option<SnapshotManifest>,
    pub(super) release: Option<Release>,
    binary: Option<PathBuf>,
    /// The digest of the binary that serves the present data, or served them last.
    pub(super) binary_before: Option<String>,
    losses: Losses,
}

pub(super) fn plan(
    environment: &RollbackEnvironment<'_>,
    command: &RollbackCommand,
    on_progress: Progress<'_>,
) -> Result<Plan, Error> {
    let candidates = Candidates::find(environment)?;
    let running = binary_digest();
    // A server that has just started may not have recorded its release yet.
    let serving = environment.store.and(running.clone());
    let last = || select_current(&candidates.releases).map(|release| release.digest.clone());
    let binary_before = serving.clone().or_else(last);
    let (snapshot, release) = if let Some(target) = &command.to {
        candidates.resolve(environment, target, running.as_ref())?
    } else {
        let good = find_known_good(&candidates, binary_before.as_deref(), command)?;
        (select_snapshot(good, &candidates.releases, &candidates.snapshots), Some(good))
    };
    let snapshot = if command.code_only { None } else { snapshot };
    check_completeness(environment, command, snapshot, release, candidates.schema)?;
    // The running server was admitted when it started.
    if let Some(release) = release.filter(|release| Some(&release.digest) != serving.as_ref()) {
        environment.approvals.require_startable(release, environment.clock.now())?;
    }
    let binary = release.map(|release| releases::find_binary(&environment.releases(), release)).transpose()?;
    let losses = match snapshot {
        None => Losses::Nothing,
        Some(snapshot) => {
            check_copy(environment, snapshot)?;
            on_progress("comparing the snapshot with the data file");
            Losses::since(environment, snapshot, candidates.schema)
        }
    };
    Ok(Plan { snapshot: snapshot.cloned(), release: release.cloned(), binary, binary_before, losses })
}

fn find_known_good<'a>(
    candidates: &'a Candidates,
    binary_before: Option<&str>,
    command: &RollbackCommand,
) -> Result<&'a Release, Refusal> {
    let target = if command.code_only {
        "a release with --to (`atlas release list`)"
    } else {
        "a snapshot with --to (`atlas snapshot list`)"
    };
    let current = candidates.releases.iter().find(|release| Some(release.digest.as_str()) == binary_before);
    if let Some((current, at)) = current.and_then(|current| Some((current, current.restored_at?))) {
        return Err(Refusal::operation(format!(
            "the rollback of {} went to release {}, so there is nothing to go back to. Nothing was changed; to go back further, name {target}",
            format_utc(at),
            current.id()
        )));
    }
    select_known_good(&candidates.releases, binary_before).ok_or_else(|| {
        Refusal::operation(format!("no release has passed `atlas verify` yet, so none is known-good; name {target}"))
    })
}

/// Whether the chosen snapshot and release are enough to go back to.
fn check_completeness(
    environment: &RollbackEnvironment<'_>,
    command: &RollbackCommand,
    snapshot: Option<&SnapshotManifest>,
    release: Option<&Release>,
    schema: Option<u32>,
) -> Result<(), Error> {
    match (release, snapshot) {
        (None, None) if command.code_only => {
            Err(Refusal::operation("--code-only needs a release: name one with --to").into())
        }
        (Some(release), None) if command.code_only => Ok(check_schema(environment, release, schema)?),
        (Some(release), None) => {
            let why = format!(
                "release {} has no snapshot to roll back to; name one with --to, or keep the data with --code-only",
                release.id()
            );
            Err(Refusal::operation(why).into())
        }
        _ => Ok(()),
    }
}

/// Whether the copy holds the data that its manifest describes.
///
/// SECURITY: a manifest can be edited, and data of another environment must never be put in place.
fn check_copy(environment: &RollbackEnvironment<'_>, snapshot: &SnapshotManifest) -> Result<(), Refusal> {
    let folder = environment.snapshots();
    let copy = folder.copy_path(&snapshot.id);
    let why = match read_stamp_and_schema(&copy) {
        Ok(_) if folder.is_data_file(&copy).is_ok_and(|is_same| is_same) => {
            "it is the data file itself under a second name, not a copy".to_owned()
        }
        Ok((stamp, schema)) if !stamp.belongs_to(environment.environment) || stamp.file_id != snapshot.file_id => {
            format!(
                "it holds file {} of “{}” with schema {schema}, and file {} of “{}” was expected",
                stamp.file_id, stamp.environment, snapshot.file_id, environment.environment
            )
        }
        Ok((_, schema)) if schema != snapshot.schema => {
            format!("it has schema {schema}, and its manifest says {}", snapshot.schema)
        }
        Ok(_) => return Ok(()),
        Err(error) => error.to_string(),
    };
    Err(Refusal::operation(format!(
        "snapshot {} cannot be trusted: {why}. Nothing was changed; name another",
        snapshot.id
    )))
}

/// Whether a release's binary may open the data file as it is.
fn check_schema(environment: &RollbackEnvironment<'_>, release: &Release, schema: Option<u32>) -> Result<(), Refusal> {
    let Some(schema) = schema else {
        return Err(Refusal::operation("the data file cannot be read, so another binary alone does not help"));
    };
    let reader = environment.migrations.min_reader(schema);
    if release.schema >= reader {
        return Ok(());
    }
    Err(Refusal::operation(format!(
        "release {} works with schema {}, and {} has schema {schema}, which needs {reader} or newer; roll back the data too, or migrate it down first: `atlas migrate down --to {} --env {}`",
        release.id(),
        release.schema,
        environment.data_file.display(),
        release.schema,
        environment.environment,
    )))
}

impl Plan {
    pub(super) fn describe(&self, environment: &RollbackEnvironment<'_>) -> RollbackPlan {
        let snapshot = self.snapshot.as_ref().map(|snapshot| PlannedSnapshot {
            id: snapshot.id.clone(),
            taken_at: snapshot.taken_at,
            schema: snapshot.schema,
            bytes: snapshot.bytes,
            reason: snapshot.reason,
            file: environment.snapshots().copy_path(&snapshot.id),
        });
        let release = self.release.as_ref().map(|release| PlannedRelease {
            id: release.id().to_owned(),
            version: release.version.clone(),
            schema: release.schema,
            binary: self.binary.clone(),
            current: environment.releases().current_link(),
            runs_now: Some(&release.digest) == binary_digest().as_ref(),
        });
        let (lost, lost_unknown) = match &self.losses {
            Losses::Nothing => (Some(BTreeMap::new()), None),
            Losses::Rows(rows) => (Some(rows.clone()), None),
            Losses::Unknown(why) => (None, Some(why.to_string())),
        };
        RollbackPlan {
            environment: environment.environment.clone(),
            data_file: environment.data_file.to_owned(),
            snapshot,
            release,
            lost,
            lost_unknown,
        }
    }
}
