//! What the server does for a checklist, asked over its control socket or with the operator token: the disposable person's mail, what only the server
//! knows of itself, and keeping the report.
//!
//! The address of the person that is out stands in a file beside the data file, so that a server that starts removes
//! whatever a killed one left.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::report::ends_of;
use crate::app::snapshots::{self, Told};
use crate::app::{Error, audit, probes, relaying, releases};
use crate::domain::audit::{Actor, Deed};
use crate::domain::mail::Standing;
use crate::domain::release::Verification;
use crate::domain::{Client, Email, Refusal};
use crate::observe::tunnel;
use crate::ops::fence::{self, identity};
use crate::ops::operations::{Operations, aside};
use crate::store::files;
use crate::store::migrations;
use crate::store::snapshots::free_bytes;

/// How often it is looked whether a checklist never came to its end.
const EVERY: Duration = Duration::from_mins(1);

/// What a checklist asks of the server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verb {
    /// What the server knows of itself: `{environment, version, fileId, schema, ...}`.
    Facts,
    /// Begins a disposable person: `{email, until}`.
    Begin,
    /// The newest mail to it: `{mail}`, null or `{state, answer, why, text}`.
    Mail,
    /// Reports an event to Sentry: `{status}` of the answer, or `{why}`.
    Event,
    /// Removes the person: `{wasThere}`.
    End,
    /// Attaches a report to the release that runs: `{release, snapshot, good, approved}`.
    Report(Value),
}

/// Does what a checklist asks.
///
/// # Errors
/// [`Error::Refused`] when another checklist runs; [`Error::Unavailable`].
pub async fn obey(operations: &Operations, verb: Verb, told: Told<'_>) -> Result<Value, Error> {
    let app = &operations.app;
    match verb {
        Verb::Facts => facts(operations, told).await,
        Verb::Begin => {
            let (email, until) = probes::begin(app).await?;
            let left = files::replace(&note_of(app.store.path()), &json!({ "email": email }));
            if let Err(error) = left {
                probes::end(app).await?;
                return Err(Error::Unavailable(error.to_string()));
            }
            Ok(json!({ "email": email, "until": until }))
        }
        Verb::Mail => {
            let mail = probes::mail(app)?.map(|(mail, text)| {
                let relaying = relaying::health(app).relaying;
                let why = match &mail.standing {
                    Standing::Failed { why, .. } => Some(why.as_str()),
                    Standing::Waiting { .. } => relaying.why(),
                    _ => None,
                };
                json!({ "state": mail.standing.word(), "answer": mail.answer, "why": why, "text": text })
            });
            Ok(json!({ "mail": mail }))
        }
        Verb::Event => event(operations, told).await,
        Verb::End => {
            let was_there = probes::end(app).await?;
            let _ = std::fs::remove_file(note_of(app.store.path()));
            Ok(json!({ "wasThere": was_there }))
        }
        Verb::Report(report) => kept(operations, &report, told).await,
    }
}

/// Keeps a report with the release that runs. In production staging's word stands for what was not looked at there; in
/// staging a good report becomes that word.
async fn kept(operations: &Operations, report: &Value, told: Told<'_>) -> Result<Value, Error> {
    let app = &operations.app;
    let items = ends_of(report);
    if !super::ITEMS.iter().all(|item| items.iter().any(|judged| judged.id == item.id)) {
        return Err(Refusal::operating("the report is not one of the whole checklist of this binary").into());
    }
    let running = releases::running(app)?;
    if report["binary"] != running.digest {
        let why = "the report is about another binary than the one that runs by now; run the checklist again";
        return Err(Refusal::operating(why).into());
    }
    audit::note(app, Actor::Operator, Deed::ChecklistReported, &Client::default()).await?;
    let now = app.clock.now();
    let approved = operations.approvals.find(&running.digest, Some(running.file_id), now).is_ok();
    let verification = Verification::of(now, &items, !report["left"].is_null(), approved);
    let release = releases::verified(app, verification, report, told).await?;
    operations.approvals.leave(&release, items).map_err(unavailable)?;
    let good = release.verification.as_ref().is_some_and(Verification::is_good);
    Ok(json!({ "release": release.id(), "snapshot": release.snapshot, "good": good, "approved": approved }))
}

async fn facts(operations: &Operations, told: Told<'_>) -> Result<Value, Error> {
    let app = &operations.app;
    let (stamp, path) = (app.store.stamp(), app.store.path());
    let newest = snapshots::list(&app.snapshots(), &stamp.environment)?.snapshots.into_iter().next();
    let free = free_bytes(path.parent().unwrap_or(Path::new("."))).map_err(unavailable)?;
    let file = std::fs::metadata(path).map_err(unavailable)?.len();
    let around = operations.surroundings.clone();
    // Secrets are held against fingerprints that are slow on purpose.
    let (crossings, known) = aside(told, move |_| {
        let known = identity::read(around.own.home()).ok().flatten();
        Ok((fence::crossings(&around), known))
    })
    .await?;
    let crossings = crossings.iter().map(|one| json!({ "key": one.key, "message": one.message }));
    Ok(json!({
        "environment": stamp.environment,
        "instance": app.instance,
        "version": env!("CARGO_PKG_VERSION"),
        "binary": releases::binary_digest(),
        "fileId": stamp.file_id,
        "schema": migrations::newest(),
        "canCommit": app.store.can_commit(),
        "dataFile": std::fs::canonicalize(path).map_err(unavailable)?,
        "testEndpoints": app.hurried,
        "mailGuard": app.mail_guard(),
        "snapshot": newest.map(|one| json!({ "id": one.id, "provenAt": one.proven_at, "fileId": one.file_id })),
        "snapshotsEverySeconds": operations.every.map(|every| every.as_secs()),
        "crossings": crossings.collect::<Vec<_>>(),
        "identityFileId": known.map(|known| known.file_id),
        "heldAgainst": operations.surroundings.others.len(),
        "reportsErrors": operations.sentry.is_some(),
        // Every page says it, too.
        "browserDsn": operations.browser_sentry.as_ref().map(|dsn| dsn.0.as_str()),
        "freeBytes": free,
        "fileBytes": file,
        "now": app.clock.now(),
    }))
}

#[allow(clippy::needless_pass_by_value, reason = "it is handed to map_err")]
fn unavailable(error: std::io::Error) -> Error {
    Error::Unavailable(error.to_string())
}

/// Tells Sentry of this checklist, from the server, and what was answered.
async fn event(operations: &Operations, told: Told<'_>) -> Result<Value, Error> {
    let Some(dsn) = operations.sentry.clone() else { return Ok(json!({ "why": "Sentry is switched off" })) };
    let environment = operations.app.store.stamp().environment.clone();
    let sent = aside(told, move |_| {
        let Some(way) = tunnel::Tunnel::to(&dsn) else { return Ok(Err("its address cannot be read".to_owned())) };
        let random = u128::from_be_bytes(crate::app::random()?);
        let body = super::sentry::envelope(&dsn.0, &environment.to_string(), "rust", random);
        Ok(way.forward(body.as_bytes(), super::sentry::MEDIA, None))
    });
    Ok(match sent.await? {
        Ok(said) => json!({ "status": said.status }),
        Err(why) => json!({ "why": why }),
    })
}

/// Where the address of the person that is out stands.
fn note_of(data_file: &Path) -> PathBuf {
    let mut name = data_file.as_os_str().to_owned();
    name.push(".verify");
    PathBuf::from(name)
}

#[derive(Deserialize)]
struct Note {
    email: Email,
}

/// Removes what checklists left that never came to their end: at once what another server left, and for as long as this one
/// runs whoever stays too long. Ends only by being dropped.
pub async fn keep_ending(operations: &Operations) {
    let app = &operations.app;
    let note = note_of(app.store.path());
    if let Some(left) = std::fs::read(&note).ok().and_then(|text| serde_json::from_slice::<Note>(&text).ok()) {
        match probes::remove(app, left.email).await {
            Ok(_) => drop(std::fs::remove_file(&note)),
            Err(error) => tracing::warn!(%error, "what a checklist left could not be removed"),
        }
    }
    loop {
        match probes::end_if_over(app).await {
            Ok(true) => drop(std::fs::remove_file(&note)),
            Ok(false) => {}
            Err(error) => tracing::warn!(%error, "what a checklist left could not be removed"),
        }
        tokio::time::sleep(EVERY).await;
    }
}
