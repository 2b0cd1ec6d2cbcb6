//! Where an environment keeps approvals, and where it finds them.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};

use super::signed::{ApprovalError, SignedApproval, approve_release};
use crate::config::{Secret, Settings};
use crate::domain::backup::approval::{Approval, ItemResult};
use crate::domain::backup::release::Release;
use crate::domain::{EnvironmentKind, FileId, Refusal};
use crate::store::backup::folder_owner::FolderOwner;
use crate::store::backup::release_folder::ReleaseFolder;

/// The approvals of an environment.
#[derive(Debug, Clone)]
pub struct Approvals {
    own: ReleaseFolder,
    owner: FolderOwner,
    /// Whether a binary needs one to serve.
    is_required: bool,
    /// The releases of staging, if it runs on this machine.
    staging: Vec<ReleaseFolder>,
    key: Option<Secret>,
    max_age: SignedDuration,
    kind: EnvironmentKind,
}

/// A valid approval.
#[derive(Debug)]
pub struct FoundApproval {
    pub approval: Approval,
    /// Whether only staging's folder has it. Staging replaces it with its next release, so it is worth a copy.
    pub is_only_in_staging: bool,
}

/// No valid approval was found: what is wrong at each place. Empty where approvals are not used.
#[derive(Debug)]
pub struct ApprovalLookupError(Vec<String>);

impl fmt::Display for ApprovalLookupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("; "))
    }
}

impl std::error::Error for ApprovalLookupError {}

impl Approvals {
    /// The approvals of an environment.
    pub fn new(settings: &Settings) -> Self {
        let peers = settings.peers.others.iter();
        let staging = peers.filter(|peer| peer.environment.kind() == EnvironmentKind::Staging);
        Self {
            own: ReleaseFolder::beside(&settings.data_file),
            owner: FolderOwner::without_file(&settings.environment),
            is_required: settings.verified.required,
            staging: staging.map(|peer| ReleaseFolder::beside(&peer.data_file)).collect(),
            key: settings.verified.key.clone(),
            max_age: settings.verified.max_age,
            kind: settings.environment.kind(),
        }
    }

    /// In staging, after a verification: writes the approval of the release, or removes an earlier one if the release did
    /// not pass.
    ///
    /// # Errors
    /// [`io::Error`].
    pub fn record(&self, release: &Release, items: Vec<ItemResult>) -> io::Result<()> {
        let Some(key) = self.key.as_ref().filter(|_| self.kind == EnvironmentKind::Staging) else { return Ok(()) };
        let approval = approve_release(release, items).ok();
        self.claim()?;
        match approval.and_then(|approval| SignedApproval::sign(approval, key)) {
            Some(signed) => self.own.write_approval(&release.digest, &signed),
            None => self.own.remove_approval(&release.digest),
        }
    }

    /// In production: the approval of a binary, if it is recent enough.
    ///
    /// Its age is measured until the binary first served this data file, so that a release that was once approved can
    /// be started again and rolled back to.
    ///
    /// # Errors
    /// [`ApprovalLookupError`].
    pub fn find(
        &self,
        digest: &str,
        file: Option<FileId>,
        now: Timestamp,
    ) -> Result<FoundApproval, ApprovalLookupError> {
        let Some(key) = self.key.as_ref().filter(|_| self.kind == EnvironmentKind::Production) else {
            return Err(ApprovalLookupError(Vec::new()));
        };
        let served = self.own.list().unwrap_or_default().into_iter().find(|release| release.digest == digest);
        let served = served.filter(|release| file.is_none_or(|file| release.file_id == file));
        let measured_at = served.map_or(now, |release| release.first_started.min(now));
        let mut problems = Vec::new();
        let staging = self.staging.iter().map(|folder| (folder, true));
        for (folder, is_only_in_staging) in [(&self.own, false)].into_iter().chain(staging) {
            let path = folder.approval_path(digest);
            let approval = SignedApproval::read(&path, key).and_then(|approval| {
                let applies = approval.check_binary(digest);
                let applies = applies.and_then(|()| approval.check_age(measured_at, self.max_age, now));
                applies.map_err(|error| ApprovalError::invalid(&path, error))?;
                Ok(approval)
            });
            match approval {
                Ok(approval) => return Ok(FoundApproval { approval, is_only_in_staging }),
                Err(error) if error.is_missing() => {
                    problems.push(format!("{} does not exist{}", path.display(), other_reports(folder, key)));
                }
                Err(error) => problems.push(error.to_string()),
            }
        }
        Err(ApprovalLookupError(problems))
    }

    /// Checks that a release could be started again, if that needs an approval.
    ///
    /// # Errors
    /// [`Refusal::OperationRefused`] with what is wrong at each place.
    pub fn require_startable(&self, release: &Release, now: Timestamp) -> Result<(), Refusal> {
        if !self.is_required {
            return Ok(());
        }
        self.find(&release.digest, Some(release.file_id), now).map(drop).map_err(|error| {
            Refusal::operation(format!(
                "release {} could not be started again, because production serves only what passed in staging: {error}. Nothing was changed. Import a report about it (`atlas release import`), or turn off require_verified first",
                release.id(),
            ))
        })
    }

    /// In production: keeps an approval, so that it outlives staging's copy.
    ///
    /// # Errors
    /// [`io::Error`].
    pub fn keep(&self, approval: Approval) -> io::Result<()> {
        let digest = approval.binary.clone();
        match self.key.as_ref().and_then(|key| SignedApproval::sign(approval, key)) {
            Some(signed) => {
                self.claim()?;
                self.own.write_approval(&digest, &signed)
            }
            None => Ok(()),
        }
    }

    fn claim(&self) -> io::Result<()> {
        self.own.claim(&self.owner).map_err(io::Error::other)
    }

    /// In production: keeps the approval in a file, if it is valid and recent enough. Returns it with its new path.
    ///
    /// # Errors
    /// [`ApprovalError`]; nothing was kept.
    pub fn import(&self, path: &Path, key: &Secret, now: Timestamp) -> Result<(Approval, PathBuf), ApprovalError> {
        let approval = SignedApproval::read(path, key)?;
        let is_fresh = approval.check_age(now, self.max_age, now);
        is_fresh.map_err(|error| ApprovalError::invalid(path, error))?;
        let kept = self.own.approval_path(&approval.binary);
        self.keep(approval.clone()).map_err(|source| ApprovalError::Io { path: kept.clone(), source })?;
        Ok((approval, kept))
    }
}

/// The binaries that a folder has reports about, for an operator who has the wrong binary.
fn other_reports(folder: &ReleaseFolder, key: &Secret) -> String {
    let paths = folder.list_approvals().unwrap_or_default();
    let reports = paths.iter().filter_map(|path| SignedApproval::read(path, key).ok()).map(|report| {
        format!("{} (version {}, {})", report.binary.get(..12).unwrap_or_default(), report.version, report.at)
    });
    let reports: Vec<String> = reports.collect();
    if reports.is_empty() {
        String::new()
    } else {
        format!(", only reports about other binaries: {}", reports.join("; "))
    }
}
