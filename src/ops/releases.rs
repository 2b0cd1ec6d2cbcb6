//! `atlas release`. Every command works on the folder of releases alone, so it is the same whether a server runs or not.

use std::path::{Path, PathBuf};

use super::approvals::{ApprovalError, Approvals, SignedApproval, approve_release};
use super::protocol::releases::{ReleaseAnswer, ReleaseCommand, ReleaseDetail, ReleaseList, ReleaseRef, ReportFile};
use super::protocol::report::VerifyReport;
use crate::app::backup::releases;
use crate::app::clock::Clock;
use crate::app::error::{Error, ErrorContext};
use crate::config::{Secret, Settings};
use crate::domain::Refusal;
use crate::domain::backup::approval::ItemResult;
use crate::domain::backup::release::{Release, select_current, select_known_good};
use crate::store::backup::release_folder::ReleaseFolder;
use crate::store::file::atomic;

/// Why a command about releases was not executed.
///
/// `MissingKey` is for the configuration; everything else, refusals included, is the use case's.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "explained above")]
pub enum ReleaseError {
    #[error(
        "ATLAS_VERIFICATION_KEY is not set: reports are signed with it, and it must be the same in staging and in production; `openssl rand -base64 32` generates one"
    )]
    MissingKey,
    #[error(transparent)]
    App(#[from] Error),
}

impl From<Refusal> for ReleaseError {
    fn from(refusal: Refusal) -> Self {
        Self::App(refusal.into())
    }
}

/// Executes a command about releases.
///
/// # Errors
/// [`ReleaseError`].
pub fn execute(settings: &Settings, command: ReleaseCommand) -> Result<ReleaseAnswer, ReleaseError> {
    let folder = &ReleaseFolder::beside(&settings.data_file);
    Ok(match command {
        ReleaseCommand::List => ReleaseAnswer::List(list(folder)?),
        ReleaseCommand::Pin { release, pinned } => {
            let release = releases::set_pinned(folder, &settings.environment, release.as_str(), pinned)?;
            ReleaseAnswer::Pinned(detail(folder, &release, None, None))
        }
        ReleaseCommand::Export { release, to } => {
            ReleaseAnswer::Exported(export(settings, folder, release.as_ref(), to)?)
        }
        ReleaseCommand::Import { from } => ReleaseAnswer::Imported(import(settings, &from)?),
    })
}

fn list(folder: &ReleaseFolder) -> Result<ReleaseList, Error> {
    let all = releases::list_releases(folder)?;
    // The release that started last is the one that runs, or ran last.
    let last = all.first().map(|release| release.digest.as_str());
    // After a rollback, the default is to stay.
    let current = select_current(&all).filter(|release| release.restored_at.is_none());
    let good = current.and_then(|current| select_known_good(&all, Some(&current.digest)));
    let good = good.map(|release| release.digest.as_str());
    let details = all.iter().map(|release| detail(folder, release, last, good)).collect();
    Ok(ReleaseList { releases: details, current: std::fs::read_link(folder.current_link()).ok() })
}

fn detail(folder: &ReleaseFolder, release: &Release, last: Option<&str>, good: Option<&str>) -> ReleaseDetail {
    let binary = folder.binary_path(release);
    ReleaseDetail {
        id: release.id().to_owned(),
        digest: release.digest.clone(),
        version: release.version.clone(),
        schema: release.schema,
        first_started: release.first_started,
        last_started: release.last_started,
        verification: release.verification.clone(),
        known_good: release.is_known_good(),
        snapshot: release.snapshot.clone(),
        binary: binary.exists().then_some(binary),
        pinned: release.pinned,
        ran_last: last == Some(release.digest.as_str()),
        rollback_goes_here: good == Some(release.digest.as_str()),
    }
}

fn verification_key(settings: &Settings) -> Result<&Secret, ReleaseError> {
    settings.verified.key.as_ref().ok_or(ReleaseError::MissingKey)
}

fn export(
    settings: &Settings,
    folder: &ReleaseFolder,
    release: Option<&ReleaseRef>,
    to: PathBuf,
) -> Result<ReportFile, ReleaseError> {
    let key = verification_key(settings)?;
    let release = if let Some(release) = release {
        releases::find_release(folder, release.as_str())?
    } else {
        let newest = releases::list_releases(folder)?.into_iter().next();
        newest.ok_or_else(|| Refusal::operation("no release has run here yet"))?
    };
    let report = approve_release(&release, last_results(folder, &release)?)?;
    let signed = SignedApproval::sign(report.clone(), key);
    let signed = signed.ok_or_else(|| Error::broken("the report cannot be signed"))?;
    atomic::write_json(&to, &signed).map_err(|error| unavailable(&to, error))?;
    Ok(ReportFile { id: release.id().to_owned(), file: to, report })
}

/// How the items of a release's last verification ended; none if it was never verified.
fn last_results(folder: &ReleaseFolder, release: &Release) -> Result<Vec<ItemResult>, Error> {
    let path = folder.report_path(release);
    match std::fs::read(&path) {
        Ok(text) => serde_json::from_slice::<VerifyReport>(&text)
            .map(|report| report.item_results())
            .map_err(|error| Refusal::operation(format!("{} cannot be read: {error}", path.display())).into()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(unavailable(&path, error)),
    }
}

fn unavailable(path: &Path, error: std::io::Error) -> Error {
    Error::unavailable(ErrorContext::new(format!("{}: {error}", path.display()), error))
}

/// Accepts a report without an entry in the audit trail, because there may be no data file to write it to. The binary that
/// imports is the one that will serve; at that moment the file may be missing, in an older schema that this binary must not
/// open, or held by the server of the previous binary, which does not know the command. The report itself is the record: it
/// is kept as it was signed, with its time, beside the release that it admits.
fn import(settings: &Settings, from: &Path) -> Result<ReportFile, ReleaseError> {
    if !settings.policy.can_require_verified {
        let why = format!("“{}” needs no reports; only production does. Nothing was changed", settings.environment);
        return Err(Refusal::operation(why).into());
    }
    let key = verification_key(settings)?;
    match Approvals::new(settings).import(from, key, Clock::System.now()) {
        Ok((report, file)) => {
            let id = report.binary.get(..12).unwrap_or_default().to_owned();
            Ok(ReportFile { id, file, report })
        }
        Err(error @ ApprovalError::Io { .. }) => Err(Error::unavailable(error).into()),
        Err(error) => Err(Refusal::operation(format!("{error}. Nothing was changed")).into()),
    }
}
