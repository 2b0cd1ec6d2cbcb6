//! `atlas snapshot`, as one list of verbs with their answers; and snapshots on a schedule.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::operations::{Operations, aside};
use super::set;
use crate::app::clock::Clock;
use crate::app::elsewhere::Elsewhere;
use crate::app::snapshots::{self, Told};
use crate::app::{Error, audit, fetch, releases};
use crate::domain::Client;
use crate::domain::audit::{Actor, Deed};
use crate::domain::snapshot::{Manifest, Reason, SnapshotId};
use crate::store::snapshot::Failure;
use crate::store::snapshots::Folder;

/// The least pause between two snapshots on schedule, whatever the clock says: one that was set back makes the newest look
/// like the oldest, which is let go at once.
const AT_LEAST: Duration = Duration::from_mins(10);

/// A verb of `atlas snapshot`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verb {
    /// Takes one and proves it.
    Create,
    /// Those that are there.
    List,
    /// Proves them again: the one of that name, or all.
    Verify {
        /// Which; all when absent.
        name: Option<String>,
    },
    /// Removes what the rule of keeping lets go, or the one of that name.
    Prune {
        /// Which; whatever may go when absent.
        name: Option<String>,
    },
}

/// Does what the verb says.
///
/// # Errors
/// What the use case refuses, and [`Error::Refused`] when a snapshot that was looked at is not to be trusted.
pub async fn obey(operations: &Operations, verb: Verb, told: Told<'_>) -> Result<Value, Error> {
    match verb {
        Verb::Create => take(operations, Reason::Manual, told).await,
        Verb::List => list(operations),
        Verb::Verify { name } => verify(operations, name, told).await,
        Verb::Prune { name } => prune(operations, name).await,
    }
}

/// Takes a snapshot and writes it down.
async fn take(operations: &Operations, reason: Reason, told: Told<'_>) -> Result<Value, Error> {
    let app = &operations.app;
    if reason == Reason::Manual {
        audit::note(app, Actor::Operator, Deed::SnapshotTaken, &Client::default()).await?;
    }
    let taken = snapshots::take(app, reason, told).await?;
    let mut answer = shown(&app.snapshots(), &taken.manifest);
    if let Some(copied) = taken.copied {
        // The snapshot is good; that its copy is missing is told beside it.
        set(&mut answer, "copied", json!(copied.is_ok()));
        set(&mut answer, "copyFailed", json!(copied.err()));
    }
    Ok(answer)
}

fn shown(folder: &Folder, one: &Manifest) -> Value {
    let file = if one.encrypted.is_some() { folder.encrypted(&one.id) } else { folder.copy(&one.id) };
    json!({ "id": one.id, "file": file, "encrypted": one.encrypted.is_some(), "takenAt": one.taken_at,
        "provenAt": one.proven_at, "reason": one.reason, "schema": one.schema, "bytes": one.bytes,
        "digest": one.digest, "rows": one.rows, "version": one.version, "binary": one.binary })
}

fn list(operations: &Operations) -> Result<Value, Error> {
    let app = &operations.app;
    let folder = app.snapshots();
    let listing = snapshots::list(&folder, &app.store.stamp().environment)?;
    Ok(json!({
        "folder": folder.path(),
        "snapshots": listing.snapshots.iter().map(|one| shown(&folder, one)).collect::<Vec<_>>(),
        "unproven": listing.unproven,
        "unreadable": listing.unreadable.iter().map(|(path, why)| json!({ "file": path, "why": why })).collect::<Vec<_>>(),
        "elsewhere": app.elsewhere.as_ref().map(copies).transpose()?,
    }))
}

/// What lies in the second folder.
fn copies(elsewhere: &Elsewhere) -> Result<Value, Error> {
    let folder = elsewhere.folder();
    let found = elsewhere.list().map_err(Failure::from)?;
    let shown: Vec<_> = found.iter().map(|one| shown(&folder, one)).collect();
    Ok(json!({ "folder": folder.path(), "snapshots": shown }))
}

/// Brings a copy of the second folder back; whether or not a server runs, and whether or not there is a data file.
///
/// # Errors
/// As for [`fetch::fetch`].
pub fn fetch(wanted: &fetch::Wanted<'_>, clock: &Clock, told: Told<'_>) -> Result<Value, Error> {
    Ok(shown(wanted.to, &fetch::fetch(wanted, clock, told)?))
}

async fn verify(operations: &Operations, name: Option<String>, told: Told<'_>) -> Result<Value, Error> {
    let app = &operations.app;
    let folder = app.snapshots();
    let environment = app.store.stamp().environment.clone();
    let names: Vec<String> = if let Some(name) = name {
        vec![name]
    } else {
        let listing = snapshots::list(&folder, &environment)?;
        let proven = listing.snapshots.into_iter().map(|one| one.id);
        proven.chain(listing.unproven).map(|id| id.to_string()).collect()
    };
    let clock = app.clock.clone();
    let (good, bad) = aside(told, move |told| {
        let (mut good, mut bad) = (Vec::new(), Vec::new());
        for name in names {
            told(&format!("proving {name}"));
            match snapshots::verify(&folder, &environment, &clock, &name, None) {
                Ok(manifest) => good.push(manifest),
                Err(Error::Refused(why)) => bad.push(why),
                Err(error) => return Err(error),
            }
        }
        Ok((good, bad))
    })
    .await?;
    for one in &good {
        snapshots::note(app, one);
    }
    match bad.into_iter().next() {
        Some(why) => Err(why.into()),
        None => Ok(json!({ "proven": good.iter().map(|one| shown(&app.snapshots(), one)).collect::<Vec<_>>() })),
    }
}

async fn prune(operations: &Operations, name: Option<String>) -> Result<Value, Error> {
    let app = &operations.app;
    let needed = needed(operations)?;
    let gone = match name {
        Some(name) => {
            let id = snapshots::find(&app.snapshots(), &name)?.id;
            if needed.contains(&id) {
                let why = format!("snapshot {id} belongs to a release that is kept; `atlas release list` shows which");
                return Err(crate::domain::Refusal::operating(why).into());
            }
            vec![snapshots::remove(app, &name)?]
        }
        None => snapshots::prune(app, operations.keep, &needed)?,
    };
    if !gone.is_empty() {
        audit::note(app, Actor::Operator, Deed::SnapshotRemoved, &Client::default()).await?;
    }
    let left = snapshots::list(&app.snapshots(), &app.store.stamp().environment)?.snapshots.len();
    Ok(json!({ "removed": gone.iter().map(|one| &one.id).collect::<Vec<_>>(), "left": left }))
}

/// The snapshots that releases lead back to.
fn needed(operations: &Operations) -> Result<Vec<SnapshotId>, Error> {
    Ok(releases::list(&operations.app.releases())?.into_iter().filter_map(|one| one.snapshot).collect())
}

/// Takes a snapshot every so often for as long as the server runs, and lets old ones go. Ends only by being dropped.
pub async fn keep_taking(operations: &Operations, every: Duration) {
    let mut pause = Duration::ZERO;
    loop {
        tokio::time::sleep(due_in(operations, every).max(pause)).await;
        pause = every.min(AT_LEAST);
        let taken = match take(operations, Reason::Schedule, &mut |_| ()).await {
            Ok(_) => prune(operations, None).await,
            Err(error) => Err(error),
        };
        if let Err(error) = taken {
            tracing::error!(%error, "the snapshot on schedule failed; the next try is in ten minutes");
            tokio::time::sleep(Duration::from_mins(10)).await;
        }
    }
}

/// How long until the next one: `every` after the newest snapshot of any reason, whoever ran when it was taken. Those that
/// lie ahead, as after a clock was set back, put nothing off.
fn due_in(operations: &Operations, every: Duration) -> Duration {
    let app = &operations.app;
    let newest = snapshots::list(&app.snapshots(), &app.store.stamp().environment).ok();
    let now = app.clock.now();
    let newest = newest.and_then(|listing| listing.snapshots.into_iter().map(|one| one.taken_at).find(|at| *at <= now));
    let Some(newest) = newest else { return Duration::ZERO };
    let passed = Duration::try_from(now.duration_since(newest)).unwrap_or(every);
    every.saturating_sub(passed)
}
