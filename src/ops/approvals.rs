//! Staging's signed word on a binary: made where a report is kept, taken to production's machine as a file, and asked for
//! before production serves.
//!
//! Where both live on one machine production looks beside staging's data file itself, and nothing has to be carried.
//!
//! SECURITY: a report counts only under the key that staging and production share and nobody else holds. What is signed
//! begins with what it is for, so that nothing else that was ever signed with the key can be taken for it, and signatures
//! are compared in constant time.

use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use crate::app::releases;
use crate::config::{Secret, Settings};
use crate::domain::approval::{Approval, Judged, told};
use crate::domain::release::Release;
use crate::domain::{FileId, Kind, Refusal};
use crate::store::releases::Folder;

/// What is signed begins with this.
const PURPOSE: &[u8] = b"atlas: a report of staging on a binary, first form\0";
/// Largest file that is read, in bytes.
const LARGEST: u64 = 64 << 10;

/// The file: the report in short, and its signature.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signed {
    report: Approval,
    signature: String,
}

/// That a report has no signature that counts.
const UNSIGNED: &str = "its signature does not fit: it was changed, or signed with another ATLAS_VERIFICATION_KEY than the one here; export it again where the same key is set";

impl Signed {
    /// Signs a report.
    pub fn of(report: Approval, key: &Secret) -> Option<Self> {
        let signature = URL_SAFE_NO_PAD.encode(mac(&report, key)?.finalize().into_bytes());
        Some(Self { report, signature })
    }

    /// The report, once it is certain that it was signed with this key and counts at all.
    fn opened(self, key: &Secret) -> Result<Approval, String> {
        let signature = URL_SAFE_NO_PAD.decode(&self.signature).ok();
        let fits = signature.zip(mac(&self.report, key)).is_some_and(|(sent, mac)| mac.verify_slice(&sent).is_ok());
        if !fits {
            return Err(UNSIGNED.to_owned());
        }
        self.report.is_sound().map(|()| self.report)
    }
}

/// Over the report as it would be written anew, so that nothing in the file can go unsigned.
fn mac(report: &Approval, key: &Secret) -> Option<Hmac<Sha256>> {
    let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(key.reveal().as_bytes()).ok()?;
    mac.update(PURPOSE);
    mac.update(&serde_json::to_vec(report).ok()?);
    Some(mac)
}

/// Why a file holds no report that counts.
#[derive(Debug)]
pub enum Unread {
    /// It cannot be read.
    Io(io::Error),
    /// It says nothing that counts, and why.
    Void(String),
}

/// The report in a file, once it is certain that staging signed it.
///
/// # Errors
/// [`Unread`].
pub fn read(path: &Path, key: &Secret) -> Result<Approval, Unread> {
    // A pipe or a device in its place would never end, or never begin.
    if !fs::metadata(path).map_err(Unread::Io)?.is_file() {
        return Err(Unread::Void("it is no file".to_owned()));
    }
    let mut text = Vec::new();
    fs::File::open(path).and_then(|file| file.take(LARGEST + 1).read_to_end(&mut text)).map_err(Unread::Io)?;
    if text.len() as u64 > LARGEST {
        return Err(Unread::Void("it is too large to be one".to_owned()));
    }
    let signed: Signed = serde_json::from_slice(&text)
        .map_err(|error| Unread::Void(format!("it is no report of a release: {error}")))?;
    signed.opened(key).map_err(Unread::Void)
}

/// Staging's word on a release, as its last verification found it.
///
/// # Errors
/// [`Refusal::Operating`] when that was not found, or found something wrong.
pub fn of(release: &Release, items: Vec<Judged>) -> Result<Approval, Refusal> {
    let verify = format!("run `atlas verify --env {}` while it serves", release.environment);
    let Some(found) = &release.verification else {
        return Err(Refusal::operating(format!("release {} was never verified; {verify}", release.id())));
    };
    let approval = Approval {
        environment: release.environment.clone(),
        kind: release.environment.kind(),
        file_id: release.file_id,
        binary: release.digest.clone(),
        version: release.version.clone(),
        schema: release.schema,
        at: found.at,
        items,
    };
    let sound = if found.passed { approval.is_sound() } else { Err(format!("{} failed", found.failed.join(", "))) };
    sound.map_err(|why| {
        Refusal::operating(format!("the report on release {} counts for nobody: {why}; {verify}", release.id()))
    })?;
    Ok(approval)
}

/// Where an environment looks for staging's word, and what it makes of it.
#[derive(Debug, Clone)]
pub struct Approvals {
    own: Folder,
    /// Whether a binary needs one to serve.
    required: bool,
    /// The releases of staging, where it lives on this machine.
    staging: Vec<Folder>,
    key: Option<Secret>,
    within: SignedDuration,
    kind: Kind,
}

impl Approvals {
    /// Those of an environment.
    pub fn of(settings: &Settings) -> Self {
        let others = settings.surroundings.others.iter();
        let staging = others.filter(|other| other.environment.kind() == Kind::Staging);
        Self {
            own: Folder::beside(&settings.data_file),
            required: settings.verified.required,
            staging: staging.map(|other| Folder::beside(&other.data_file)).collect(),
            key: settings.verified.key.clone(),
            within: settings.verified.within,
            kind: settings.environment.kind(),
        }
    }

    /// In staging: leaves its word on a release that was just verified, or takes an earlier one back.
    ///
    /// # Errors
    /// What the disk says.
    pub fn leave(&self, release: &Release, items: Vec<Judged>) -> io::Result<()> {
        let Some(key) = self.key.as_ref().filter(|_| self.kind == Kind::Staging) else { return Ok(()) };
        match of(release, items).ok().and_then(|approval| Signed::of(approval, key)) {
            Some(signed) => self.own.write_approval(&release.digest, &signed),
            None => self.own.remove_approval(&release.digest),
        }
    }

    /// In production: staging's word on a binary that is young enough, and whether it was found with staging alone.
    ///
    /// Its age counts until the binary first served here: whoever was let in once can be started again, and gone back to.
    ///
    /// # Errors
    /// Where it was looked, and what was found there.
    pub fn find(&self, digest: &str, file: Option<FileId>, now: Timestamp) -> Result<(Approval, bool), Vec<String>> {
        let Some(key) = self.key.as_ref().filter(|_| self.kind == Kind::Production) else { return Err(Vec::new()) };
        let served = self.own.list().unwrap_or_default().into_iter().find(|one| one.digest == digest);
        let served = served.filter(|one| file.is_none_or(|file| one.file_id == file));
        let counted = served.map_or(now, |one| one.first_started.min(now));
        let mut seen = Vec::new();
        for (folder, is_staging) in
            [(&self.own, false)].into_iter().chain(self.staging.iter().map(|folder| (folder, true)))
        {
            let path = folder.approval(digest);
            let approval = match read(&path, key) {
                Ok(approval) => approval,
                Err(Unread::Io(error)) if error.kind() == io::ErrorKind::NotFound => {
                    seen.push(format!("{} is not there{}", path.display(), others_in(folder, key)));
                    continue;
                }
                Err(Unread::Io(error)) => {
                    seen.push(format!("{} cannot be read: {error}", path.display()));
                    continue;
                }
                Err(Unread::Void(why)) => {
                    seen.push(format!("{} does not count: {why}", path.display()));
                    continue;
                }
            };
            match approval.is_about(digest).and_then(|()| approval.is_fresh(counted, self.within, now)) {
                Ok(()) => return Ok((approval, is_staging)),
                Err(why) => seen.push(format!("{} does not count: {why}", path.display())),
            }
        }
        Err(seen)
    }

    /// That a release could be started again.
    ///
    /// # Errors
    /// [`Refusal::Operating`] with what was found where a report of staging was looked for.
    pub fn let_in(&self, release: &Release, now: Timestamp) -> Result<(), Refusal> {
        if !self.required {
            return Ok(());
        }
        let found = self.find(&release.digest, Some(release.file_id), now);
        found.map(drop).map_err(|seen| {
            Refusal::operating(format!(
                "release {} would not be let in again, for production serves only what passed in staging: {}. Nothing was changed; import a report of it (`atlas release import`), or take require_verified back first",
                release.id(),
                seen.join("; ")
            ))
        })
    }

    /// In production: keeps a word that was found with staging, so that it is still there when staging has moved on.
    ///
    /// # Errors
    /// What the disk says.
    pub fn keep(&self, approval: Approval) -> io::Result<()> {
        let digest = approval.binary.clone();
        match self.key.as_ref().and_then(|key| Signed::of(approval, key)) {
            Some(signed) => self.own.write_approval(&digest, &signed),
            None => Ok(()),
        }
    }

    /// In production: the report in a file, kept for the binary it is about once that may serve.
    ///
    /// # Errors
    /// [`Unread`]; nothing was kept.
    pub fn import(&self, path: &Path, key: &Secret, now: Timestamp) -> Result<(Approval, PathBuf), Unread> {
        let approval = read(path, key)?;
        approval.is_fresh(now, self.within, now).map_err(Unread::Void)?;
        self.keep(approval.clone()).map_err(Unread::Io)?;
        let kept = self.own.approval(&approval.binary);
        Ok((approval, kept))
    }
}

/// Which other binaries there is a word on, for whoever has brought the wrong one.
fn others_in(folder: &Folder, key: &Secret) -> String {
    let known = folder.approved().unwrap_or_default();
    let known: Vec<String> = known
        .iter()
        .filter_map(|path| read(path, key).ok())
        .map(|one| format!("{} (version {}, {})", one.binary.get(..12).unwrap_or_default(), one.version, one.at))
        .collect();
    if known.is_empty() { String::new() } else { format!(", only about other binaries: {}", known.join("; ")) }
}

/// Whether this process's binary may serve. With staging's word on it, where that was found beside staging only.
///
/// # Errors
/// What was found, what was expected, and the fix.
pub fn admit(settings: &Settings, now: Timestamp) -> Result<Option<Approval>, String> {
    if !settings.verified.required {
        return Ok(None);
    }
    let name = &settings.environment;
    let digest = releases::binary_digest()
        .ok_or_else(|| format!("{name} cannot tell which binary this is: its file cannot be read"))?;
    match Approvals::of(settings).find(&digest, None, now) {
        Ok((approval, is_staging)) => Ok(is_staging.then_some(approval)),
        Err(seen) => Err(format!(
            "{name} does not serve this binary ({}, version {}), for no report of staging lets it in: {}. Expected: that staging passed this very binary within {}. Nothing was changed. Serve it in staging, run `atlas verify --env staging` there and `atlas release export --env staging --to FILE`, and here `atlas release import FILE --env {name}`; where staging is on this machine, the first of these is enough",
            digest.get(..12).unwrap_or(&digest),
            env!("CARGO_PKG_VERSION"),
            seen.join("; "),
            told(settings.verified.within),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::approval::End;

    fn signed(key: &Secret) -> Signed {
        let report = Approval {
            environment: "staging".parse().unwrap(),
            kind: Kind::Staging,
            file_id: FileId::from_bytes([1; 16]),
            binary: "0".repeat(64),
            version: "1.0.0".to_owned(),
            schema: 3,
            at: "2026-02-12T12:00:00Z".parse().unwrap(),
            items: vec![Judged { id: "auth".to_owned(), end: End::Passed }],
        };
        Signed::of(report, key).unwrap()
    }

    #[test]
    fn every_letter_of_a_report_is_signed() {
        let key = Secret::new("a key that staging and production share");
        let text = serde_json::to_string(&signed(&key)).unwrap();
        let opens = |text: &str, key: &Secret| -> Result<Approval, String> {
            serde_json::from_str::<Signed>(text).map_err(|error| error.to_string())?.opened(key)
        };
        assert!(opens(&text, &key).is_ok());
        assert!(opens(&text, &Secret::new("another key of another pair of them")).is_err());
        for at in 0..text.len() {
            for letter in [b'0', b'1', b'a', b'"', b' '] {
                let mut bent = text.clone().into_bytes();
                bent[at] = letter;
                let Ok(bent) = String::from_utf8(bent) else { continue };
                let same = opens(&bent, &key).is_ok_and(|report| report != signed(&key).report);
                assert!(!same, "{bent}");
            }
        }
        let more = text.replacen('{', "{\"more\":1,", 1);
        assert!(opens(&more, &key).is_err(), "nothing unsigned may stand beside it");
    }
}
