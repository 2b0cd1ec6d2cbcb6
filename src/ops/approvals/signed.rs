//! The file format of an approval: a short report and its signature.
//!
//! SECURITY: a report is valid only under the key that staging and production share and nobody else has. The signed bytes
//! begin with a constant, so that nothing else that is signed with the key passes for a report. Signatures are compared in
//! constant time.

use std::fmt::Display;
use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use crate::config::Secret;
use crate::domain::Refusal;
use crate::domain::backup::approval::{Approval, InvalidApproval, ItemResult};
use crate::domain::backup::release::Release;
use crate::domain::text_repair::strip_byte_order_mark;

/// The beginning of the signed bytes. Frozen: it is part of every signature.
const DOMAIN_SEPARATOR: &[u8] = b"atlas: a report of staging on a binary, first form\0";
/// Larger files are not read.
const MAX_FILE_BYTES: u64 = 64 << 10;

/// An approval as it is stored and carried.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignedApproval {
    report: Approval,
    signature: String,
}

/// Why a file is not a valid approval.
///
/// [`Self::Io`] is a fault of the disk; every other variant means that the file must not be trusted or used.
#[derive(Debug, thiserror::Error)]
pub enum ApprovalError {
    /// The file could not be read or written.
    #[error("{path} cannot be read: {source}")]
    Io { path: PathBuf, source: io::Error },
    /// A pipe or a device: reading it might never end.
    #[error("{0} is not a file")]
    NotAFile(PathBuf),
    /// Larger than any approval.
    #[error("{0} is too large for a report about a release")]
    TooLarge(PathBuf),
    /// The content has another format.
    #[error("{path} is not a report about a release: {source}")]
    Json { path: PathBuf, source: serde_json::Error },
    /// The signature does not verify with this environment's key.
    #[error(
        "{0} has an invalid signature: the report was changed, or signed with another ATLAS_VERIFICATION_KEY than the one here; export it again where the same key is set"
    )]
    Signature(PathBuf),
    /// The report is signed but does not approve what it was read for.
    #[error("{path} is not valid here: {source}")]
    Invalid { path: PathBuf, source: InvalidApproval },
}

impl ApprovalError {
    pub(super) fn invalid(path: &Path, source: InvalidApproval) -> Self {
        Self::Invalid { path: path.to_owned(), source }
    }

    pub(super) fn is_missing(&self) -> bool {
        matches!(self, Self::Io { source, .. } if source.kind() == io::ErrorKind::NotFound)
    }
}

impl SignedApproval {
    /// Signs a report; `None` if it cannot be written as JSON.
    pub fn sign(report: Approval, key: &Secret) -> Option<Self> {
        let signature = URL_SAFE_NO_PAD.encode(mac(&report, key)?.finalize().into_bytes());
        Some(Self { report, signature })
    }

    /// Reads the report in a file and verifies its signature.
    ///
    /// # Errors
    /// [`ApprovalError`].
    pub fn read(path: &Path, key: &Secret) -> Result<Approval, ApprovalError> {
        let io_error = |source| ApprovalError::Io { path: path.to_owned(), source };
        if !fs::metadata(path).map_err(io_error)?.is_file() {
            return Err(ApprovalError::NotAFile(path.to_owned()));
        }
        let mut text = Vec::new();
        let file = fs::File::open(path).map_err(io_error)?;
        file.take(MAX_FILE_BYTES + 1).read_to_end(&mut text).map_err(io_error)?;
        if text.len() as u64 > MAX_FILE_BYTES {
            return Err(ApprovalError::TooLarge(path.to_owned()));
        }
        let signed: Self = serde_json::from_slice(strip_byte_order_mark(&text))
            .map_err(|source| ApprovalError::Json { path: path.to_owned(), source })?;
        let report = signed.verify(key).ok_or_else(|| ApprovalError::Signature(path.to_owned()))?;
        report.check_content().map_err(|error| ApprovalError::invalid(path, error))?;
        Ok(report)
    }

    /// The report, if it was signed with this key.
    fn verify(self, key: &Secret) -> Option<Approval> {
        let signature = URL_SAFE_NO_PAD.decode(&self.signature).ok()?;
        mac(&self.report, key)?.verify_slice(&signature).ok()?;
        Some(self.report)
    }
}

/// The MAC of the report as it would be written now, so that no part of the file is unsigned.
fn mac(report: &Approval, key: &Secret) -> Option<Hmac<Sha256>> {
    let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(key.reveal().as_bytes()).ok()?;
    mac.update(DOMAIN_SEPARATOR);
    mac.update(&serde_json::to_vec(report).ok()?);
    Some(mac)
}

/// The approval of a release by its last verification.
///
/// # Errors
/// [`Refusal::OperationRefused`] if the release was not verified, did not pass, or did not run in staging.
pub fn approve_release(release: &Release, items: Vec<ItemResult>) -> Result<Approval, Refusal> {
    let fix = format!("run `atlas verify --env {}` while it is served", release.environment);
    let Some(verification) = &release.verification else {
        return Err(Refusal::operation(format!("release {} was never verified; {fix}", release.id())));
    };
    let refuse = |why: &dyn Display| {
        Refusal::operation(format!("the report about release {} approves nothing: {why}; {fix}", release.id()))
    };
    if !verification.passed {
        return Err(refuse(&format_args!("{} failed", verification.failed.join(", "))));
    }
    let approval = Approval {
        environment: release.environment.clone(),
        kind: release.environment.kind(),
        file_id: release.file_id,
        binary: release.digest.clone(),
        version: release.version.clone(),
        schema: release.schema,
        at: verification.at,
        items,
    };
    approval.check_content().map_err(|why| refuse(&why))?;
    Ok(approval)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::backup::approval::ItemOutcome;
    use crate::domain::{EnvironmentKind, FileId};

    fn signed(key: &Secret) -> SignedApproval {
        let report = Approval {
            environment: "staging".parse().unwrap(),
            kind: EnvironmentKind::Staging,
            file_id: FileId::from_bytes([1; 16]),
            binary: "0".repeat(64),
            version: "1.0.0".to_owned(),
            schema: 3,
            at: "2026-02-12T12:00:00Z".parse().unwrap(),
            items: vec![ItemResult { id: "auth".to_owned(), outcome: ItemOutcome::Passed }],
        };
        SignedApproval::sign(report, key).unwrap()
    }

    #[test]
    fn a_change_of_any_byte_invalidates_the_signature() {
        let key = Secret::new("a key that staging and production share");
        let text = serde_json::to_string(&signed(&key)).unwrap();
        let verify = |text: &str, key: &Secret| serde_json::from_str::<SignedApproval>(text).ok()?.verify(key);
        assert!(verify(&text, &key).is_some());
        assert!(verify(&text, &Secret::new("another key of another pair of them")).is_none());
        for at in 0..text.len() {
            for byte in [b'0', b'1', b'a', b'"', b' '] {
                let mut changed = text.clone().into_bytes();
                changed[at] = byte;
                let Ok(changed) = String::from_utf8(changed) else { continue };
                let is_accepted = verify(&changed, &key).is_some_and(|report| report != signed(&key).report);
                assert!(!is_accepted, "{changed}");
            }
        }
        let extended = text.replacen('{', "{\"more\":1,", 1);
        assert!(verify(&extended, &key).is_none(), "unsigned fields are refused");
    }

    #[test]
    fn a_report_that_an_editor_saved_with_a_byte_order_mark_is_read() {
        let (folder, key) = (tempfile::tempdir().unwrap(), Secret::new("a key that staging and production share"));
        let path = folder.path().join("report.json");
        let text = serde_json::to_string_pretty(&signed(&key)).unwrap().replace('\n', "\r\n");
        fs::write(&path, format!("\u{FEFF}{text}")).unwrap();
        assert_eq!(SignedApproval::read(&path, &key).unwrap(), signed(&key).report);
    }
}
