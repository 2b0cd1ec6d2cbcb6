//! Executes the commands of a checklist on the server: the mail of the temporary user, what only the server knows, and
//! keeping the report.
//!
//! The address of the temporary user is kept in a note beside the data file, so that a server that starts can delete
//! what was left when the previous one was killed.

use std::path::Path;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::checklist::check_ids;
use super::sentry_event::{ENVELOPE_CONTENT_TYPE, test_envelope};
use crate::app::backup::binary::binary_digest;
use crate::app::backup::offsite::Offsite;
use crate::app::backup::releases;
use crate::app::backup::snapshots;
use crate::app::identity::probe;
use crate::app::mail::health;
use crate::app::mail::policy::RecipientPolicy;
use crate::app::progress::Progress;
use crate::app::{App, Error, audit};
use crate::domain::accounts::audit::{Actor, AuditAction};
use crate::domain::backup::release::Verification;
use crate::domain::environment::files::probe_file;
use crate::domain::mail::DeliveryStatus;
use crate::domain::{Client, Email, Refusal};
use crate::observe::tunnel;
use crate::ops::context::{OperatorContext, run_blocking};
use crate::ops::isolation::{self, IdentityFile, PeerComparison};
use crate::ops::protocol::report::VerifyReport;
use crate::ops::protocol::verify::{
    ConflictFact, MailGuard, NewestSnapshot, ProbeEnded, ProbeMail, ProbeMessage, ProbeMessageState, ProbeStarted,
    ReportKept, RequestAnnounced, RequestSeen, SentryDelivery, ServerFacts, SnapshotFact, VerifyAnswer, VerifyCommand,
    VerifyEnvelope,
};
use crate::ops::snapshots::wait_for_due_snapshot;
use crate::store::file::atomic;
use crate::store::file::disk::free_bytes;

/// How long a checklist waits for a scheduled snapshot, such as the first one of a new data file.
const SNAPSHOT_TIMEOUT: Duration = Duration::from_secs(20);
/// How often to look for a temporary user whose time is over.
const EXPIRY_INTERVAL: Duration = Duration::from_mins(1);

/// The note beside the data file.
#[derive(Serialize, Deserialize)]
struct ProbeNote {
    email: Email,
}

/// Executes a command.
///
/// # Errors
/// [`Error::Refused`] while another checklist runs, or when the report is not one of the running binary;
/// [`Error::Unavailable`].
pub async fn execute(
    context: &OperatorContext,
    command: VerifyCommand,
    on_progress: Progress<'_>,
) -> Result<VerifyAnswer, Error> {
    let app = &context.app;
    Ok(match command {
        VerifyCommand::Facts => VerifyAnswer::Facts(Box::new(facts(context, on_progress).await?)),
        VerifyCommand::Snapshot => VerifyAnswer::Snapshot(snapshot_when_taken(context).await?),
        VerifyCommand::Announce => {
            VerifyAnswer::RequestAnnounced(RequestAnnounced { nonce: app.client_echo.announce()? })
        }
        VerifyCommand::Announced => VerifyAnswer::RequestSeen(RequestSeen { client: app.client_echo.take() }),
        VerifyCommand::Begin => VerifyAnswer::ProbeStarted(start_probe(app).await?),
        VerifyCommand::Mail => VerifyAnswer::Mail(probe_mail(app)?),
        VerifyCommand::Event => VerifyAnswer::Event(send_event(context, on_progress).await?),
        VerifyCommand::End => {
            let was_there = probe::end_probe(app).await?;
            remove_note(app);
            VerifyAnswer::ProbeEnded(ProbeEnded { was_there })
        }
        VerifyCommand::Report(report) => VerifyAnswer::ReportKept(keep_report(context, &report, on_progress).await?),
    })
}

/// Executes a command that came over HTTPS with the operator token.
///
/// # Errors
/// As for [`execute`]; [`Error::Refused`] for a command for another environment.
pub async fn execute_remote(context: &OperatorContext, envelope: VerifyEnvelope) -> Result<VerifyAnswer, Error> {
    let own = &context.app.store.stamp().environment;
    if envelope.environment != *own {
        let why = format!("the server there serves “{own}”, and the checklist is for “{}”", envelope.environment);
        return Err(Refusal::operation(why).into());
    }
    // A server that stops waits for the command.
    let _running = context.start_command().await;
    execute(context, envelope.command, &mut |_| ()).await
}

async fn start_probe(app: &App) -> Result<ProbeStarted, Error> {
    let (email, until) = probe::start_probe(app).await?;
    let note = ProbeNote { email: email.clone() };
    if let Err(error) = atomic::write_json(&probe_file(app.store.path()), &note) {
        probe::end_probe(app).await?;
        return Err(unavailable(error));
    }
    Ok(ProbeStarted { email, until })
}

fn probe_mail(app: &App) -> Result<ProbeMail, Error> {
    let mail = probe::newest_mail(app)?.map(|(mail, text)| {
        let (state, why) = match mail.status {
            DeliveryStatus::Waiting { .. } => {
                let relay = health::check_mail_health(app).relay;
                (ProbeMessageState::Waiting, relay.why().map(str::to_owned))
            }
            DeliveryStatus::Sent { .. } => (ProbeMessageState::Sent, None),
            DeliveryStatus::Captured => (ProbeMessageState::Captured, None),
            DeliveryStatus::Failed { reason, .. } => (ProbeMessageState::Failed, Some(reason)),
            DeliveryStatus::Unknown(_) => {
                (ProbeMessageState::Failed, Some("a newer version set its status".to_owned()))
            }
        };
        ProbeMessage { state, answer: mail.reply, why, text }
    });
    Ok(ProbeMail { mail })
}

/// Keeps a report with the running release. In production, staging's approval makes up for skipped checks; in staging, a
/// report that passed becomes an approval.
async fn keep_report(
    context: &OperatorContext,
    report: &VerifyReport,
    on_progress: Progress<'_>,
) -> Result<ReportKept, Error> {
    let app = &context.app;
    let items = report.item_results();
    if !check_ids().all(|id| items.iter().any(|item| item.id == id)) {
        return Err(Refusal::operation("the report does not cover the whole checklist of this binary").into());
    }
    let running = releases::running_release(app)?;
    if report.binary.as_ref() != Some(&running.digest) {
        let why = "the report is about another binary than the one that runs now; run the checklist again";
        return Err(Refusal::operation(why).into());
    }
    audit::record(app, Actor::Operator, AuditAction::ChecklistReported, &Client::default()).await?;
    let now = app.clock.now();
    let approved = context.approvals.find(&running.digest, Some(running.file_id), now).is_ok();
    let verification = Verification::new(now, &items, report.left.is_some(), approved);
    let release = releases::attach_verification(app, verification, report, on_progress).await?;
    context.approvals.record(&release, items).map_err(unavailable)?;
    let good = release.verification.as_ref().is_some_and(Verification::is_good);
    Ok(ReportKept { release: release.id().to_owned(), snapshot: release.snapshot, good, approved })
}

async fn facts(context: &OperatorContext, on_progress: Progress<'_>) -> Result<ServerFacts, Error> {
    let app = &context.app;
    let (stamp, path) = (app.store.stamp(), app.store.path());
    let peers = context.peers.clone();
    // Comparing secrets with fingerprints is slow on purpose.
    let (conflicts, comparisons, identity) = run_blocking(on_progress, move |_| {
        let identity = IdentityFile::read(peers.own.home()).ok().flatten();
        Ok((isolation::conflicts(&peers), isolation::comparisons(&peers), identity))
    })
    .await?;
    let (not_compared, compared): (Vec<_>, Vec<_>) = comparisons.iter().partition(|peer| peer.warning().is_some());
    let summaries = |peers: Vec<&PeerComparison>| peers.into_iter().map(PeerComparison::summary).collect::<Vec<_>>();
    let (compared, not_compared) = (summaries(compared), summaries(not_compared));
    Ok(ServerFacts {
        environment: stamp.environment.clone(),
        instance: app.instance.clone(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        binary: binary_digest(),
        file_id: stamp.file_id,
        schema: app.store.migrations().newest_schema(),
        can_commit: app.store.can_commit(),
        data_file: std::fs::canonicalize(path).map_err(unavailable)?,
        test_endpoints: app.skip_cooldowns,
        mail_guard: mail_guard(app),
        snapshot: newest_snapshot(app)?,
        snapshots_every_seconds: context.every.map(|every| every.as_secs()),
        offsite_problem: app.offsite.as_ref().and_then(Offsite::problem),
        conflicts: conflicts
            .into_iter()
            .map(|conflict| ConflictFact { key: conflict.key.to_owned(), message: conflict.message })
            .collect(),
        identity_file_id: identity.map(|identity| identity.file_id),
        peer_count: compared.len(),
        compared,
        not_compared,
        reports_errors: context.sentry.is_some(),
        browser_dsn: context.browser_sentry.as_ref().map(|dsn| dsn.0.clone()),
        free_bytes: free_bytes(path.parent().unwrap_or(Path::new("."))).map_err(unavailable)?,
        file_bytes: std::fs::metadata(path).map_err(unavailable)?.len(),
        now: app.clock.now(),
    })
}

fn newest_snapshot(app: &App) -> Result<Option<SnapshotFact>, Error> {
    let listing = snapshots::list_snapshots(&app.snapshot_folder(), &app.store.stamp().environment)?;
    let newest = listing.snapshots.into_iter().next();
    Ok(newest.map(|one| SnapshotFact { id: one.id, verified_at: one.verified_at, file_id: one.file_id }))
}

async fn snapshot_when_taken(context: &OperatorContext) -> Result<NewestSnapshot, Error> {
    let is_due = wait_for_due_snapshot(context, SNAPSHOT_TIMEOUT).await;
    Ok(NewestSnapshot { snapshot: newest_snapshot(&context.app)?, is_due })
}

fn mail_guard(app: &App) -> MailGuard {
    match app.recipient_policy() {
        RecipientPolicy::Nobody => MailGuard::Nobody,
        RecipientPolicy::Allowed(_) => MailGuard::Allowed,
        RecipientPolicy::Everybody => MailGuard::Everybody,
    }
}

#[allow(clippy::needless_pass_by_value, reason = "passed to map_err")]
fn unavailable(error: std::io::Error) -> Error {
    Error::unavailable(error)
}

/// Sends a test event from the server to Sentry.
async fn send_event(context: &OperatorContext, on_progress: Progress<'_>) -> Result<SentryDelivery, Error> {
    let Some(dsn) = context.sentry.clone() else {
        return Ok(SentryDelivery::Undelivered { why: "Sentry is turned off".to_owned() });
    };
    let environment = context.app.store.stamp().environment.to_string();
    let authorities = context.sentry_authorities.clone();
    run_blocking(on_progress, move |_| {
        let Some(tunnel) = tunnel::Tunnel::from_dsn(&dsn, &authorities) else {
            return Ok(SentryDelivery::Undelivered { why: "the DSN cannot be read".to_owned() });
        };
        let envelope = test_envelope(&dsn.0, &environment, "rust", u128::from_be_bytes(crate::app::random_bytes()?));
        let envelope = tunnel::SentryEnvelope { body: envelope.as_bytes(), encoding: None, auth: None };
        Ok(match tunnel.forward(envelope, ENVELOPE_CONTENT_TYPE) {
            Ok(response) => SentryDelivery::Answered { status: response.status },
            Err(error) => SentryDelivery::Undelivered { why: error.to_string() },
        })
    })
    .await
}

fn remove_note(app: &App) {
    let _ = std::fs::remove_file(probe_file(app.store.path()));
}

/// Deletes temporary users that no checklist ended: at once the one of a previous server, then those whose time is
/// over. Runs until it is dropped.
pub async fn remove_stale_probes(context: &OperatorContext) {
    let app = &context.app;
    let note = std::fs::read(probe_file(app.store.path())).ok();
    if let Some(note) = note.and_then(|text| serde_json::from_slice::<ProbeNote>(&text).ok()) {
        match probe::remove_probe_account(app, note.email).await {
            Ok(_) => remove_note(app),
            Err(error) => tracing::warn!(%error, "cannot delete the account of an earlier checklist"),
        }
    }
    loop {
        match probe::end_expired_probe(app).await {
            Ok(true) => remove_note(app),
            Ok(false) => {}
            Err(error) => tracing::warn!(%error, "cannot delete the account of a checklist"),
        }
        tokio::time::sleep(EXPIRY_INTERVAL).await;
    }
}
