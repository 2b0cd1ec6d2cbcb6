//! The folder of releases beside a data file: `<id>/release.json` records what ran, `<id>/atlas` is its binary, and
//! `<id>/report.json` the report of its last verification. `<id>/approval.json` is staging's signed approval of that binary; in
//! production it may be there before the binary has run. `current` is a link to the binary that should run.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use super::folder_owner::{Contents, FileRule, FolderError, FolderOwner};
use crate::domain::backup::release::Release;
use crate::domain::environment::files::releases_folder;
use crate::domain::environment::layout::{is_release_id, release_entry};
use crate::store::file::atomic::{sync_folder, write_json};
use crate::store::file::disk::{digest_file, free_bytes};
use crate::store::file::remove::remove_known;

/// How much must stay free on the disk after a binary was copied, so that the data file can grow.
const RESERVE_BYTES: u64 = 64 << 20;

/// The folder of a data file's releases.
#[derive(Debug, Clone)]
pub struct ReleaseFolder(PathBuf);

impl ReleaseFolder {
    /// The folder beside a data file.
    pub fn beside(data_file: &Path) -> Self {
        Self(releases_folder(data_file))
    }

    /// Creates the folder unless it exists, and marks it as its owner's. Comes before every change in the folder.
    ///
    /// # Errors
    /// [`FolderError`]; nothing was changed.
    pub fn claim(&self, owner: &FolderOwner) -> Result<(), FolderError> {
        owner.claim(&self.0, FileRule::AnyFile, || self.contents())
    }

    /// Checks that the folder and everything in it belong to its owner, without writing.
    ///
    /// # Errors
    /// [`FolderError`].
    pub fn check_contents(&self, owner: &FolderOwner) -> Result<(), FolderError> {
        let contents = self.contents().map_err(|source| FolderError::Io { path: self.0.clone(), source })?;
        owner.check_contents(&self.0, contents)
    }

    fn contents(&self) -> io::Result<Contents> {
        let releases = self.list()?.into_iter();
        Ok(releases.map(|release| (self.record_path(&release), release.environment)).collect())
    }

    fn release_path(&self, release: &Release) -> PathBuf {
        self.0.join(release.id())
    }

    /// The path of a release's record.
    pub fn record_path(&self, release: &Release) -> PathBuf {
        self.release_path(release).join("release.json")
    }

    /// The path of a release's binary.
    pub fn binary_path(&self, release: &Release) -> PathBuf {
        self.release_path(release).join("atlas")
    }

    /// The path of the report of its last verification.
    pub fn report_path(&self, release: &Release) -> PathBuf {
        self.release_path(release).join("report.json")
    }

    /// The path of staging's approval of a binary, by its digest.
    pub fn approval_path(&self, digest: &str) -> PathBuf {
        self.0.join(digest.get(..12).unwrap_or(digest)).join("approval.json")
    }

    /// Writes staging's approval of a binary. The digest must be valid, because it names a folder.
    ///
    /// # Errors
    /// An I/O error.
    pub fn write_approval(&self, digest: &str, approval: &impl serde::Serialize) -> io::Result<()> {
        let path = self.approval_path(digest);
        DirBuilder::new().recursive(true).mode(0o700).create(path.parent().unwrap_or(&self.0))?;
        write_json(&path, approval)
    }

    /// The paths of all approvals.
    ///
    /// # Errors
    /// An I/O error.
    pub fn list_approvals(&self) -> io::Result<Vec<PathBuf>> {
        let paths = fs::read_dir(&self.0)?.map(|entry| Ok(entry?.path().join("approval.json")));
        let mut paths = paths.collect::<io::Result<Vec<_>>>()?;
        paths.retain(|path| path.is_file());
        Ok(paths)
    }

    /// Removes an approval, if there is one.
    ///
    /// # Errors
    /// An I/O error.
    pub fn remove_approval(&self, digest: &str) -> io::Result<()> {
        match fs::remove_file(self.approval_path(digest)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// The path of the link to the binary that should run.
    pub fn current_link(&self) -> PathBuf {
        self.0.join("current")
    }

    /// The id of the release to whose binary the link `current` leads.
    pub fn current_id(&self) -> Option<String> {
        let target = fs::read_link(self.current_link()).ok()?;
        target.parent()?.file_name()?.to_str().map(str::to_owned)
    }

    /// Every release, the last started one first. A record that cannot be read is logged and left out.
    ///
    /// # Errors
    /// An I/O error of the folder.
    pub fn list(&self) -> io::Result<Vec<Release>> {
        let entries = match fs::read_dir(&self.0) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let mut releases: Vec<Release> = Vec::new();
        for entry in entries {
            let entry = entry?;
            let record = entry.path().join("release.json");
            match fs::read(&record).map(|bytes| serde_json::from_slice::<Release>(&bytes)) {
                // SECURITY: the digest names the folder that is written and removed, so it must be this one.
                Ok(Ok(release)) if is_release_id(release.id()) && entry.file_name() == release.id() => {
                    releases.push(release);
                }
                Ok(Ok(release)) => {
                    tracing::warn!(path = %record.display(), digest = release.digest, "the record is of another release");
                }
                Ok(Err(error)) => {
                    tracing::warn!(path = %record.display(), %error, "the record of a release cannot be read");
                }
                Err(_) => {}
            }
        }
        releases.sort_by_key(|release| std::cmp::Reverse(release.last_started));
        Ok(releases)
    }

    /// Writes the record of a release.
    ///
    /// # Errors
    /// An I/O error.
    pub fn write_record(&self, release: &Release) -> io::Result<()> {
        DirBuilder::new().recursive(true).mode(0o700).create(self.release_path(release))?;
        write_json(&self.record_path(release), release)
    }

    /// Writes the report of a release's verification.
    ///
    /// # Errors
    /// An I/O error.
    pub fn write_report(&self, release: &Release, report: &impl serde::Serialize) -> io::Result<()> {
        write_json(&self.report_path(release), report)
    }

    /// Copies the binary of a release into the folder, unless it is there already. Where the file system supports it, the copy
    /// shares its blocks.
    ///
    /// # Errors
    /// An I/O error; [`io::ErrorKind::StorageFull`] when the data file could not grow any more beside it;
    /// [`io::ErrorKind::InvalidData`] when `from` is another binary by now.
    pub fn keep_binary(&self, release: &Release, from: &Path) -> io::Result<()> {
        let binary = self.binary_path(release);
        if binary.exists() {
            return Ok(());
        }
        let partial = self.release_path(release).join(".atlas");
        let copied = (|| {
            // Checked before copying: a copy that does not fit must not fill the disk meanwhile and make people's writes fail.
            if free_bytes(&self.release_path(release))? < fs::metadata(from)?.len().saturating_add(RESERVE_BYTES) {
                return Err(io::Error::new(
                    io::ErrorKind::StorageFull,
                    "the disk has no space for a copy of the binary",
                ));
            }
            // What a killed process left would be overwritten, even if it is a link by now.
            let _ = fs::remove_file(&partial);
            fs::copy(from, &partial)?;
            fs::set_permissions(&partial, fs::Permissions::from_mode(0o755))?;
            if digest_file(&partial)?.0 != release.digest {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "the binary was replaced while it was copied"));
            }
            fs::File::open(&partial)?.sync_all()?;
            fs::rename(&partial, &binary)?;
            sync_folder(&self.release_path(release))
        })();
        if copied.is_err() {
            let _ = fs::remove_file(&partial);
        }
        copied
    }

    /// Points the link `current` to the binary of a release.
    ///
    /// # Errors
    /// An I/O error; the link is then unchanged.
    pub fn set_current(&self, release: &Release) -> io::Result<()> {
        let partial = self.0.join(".current");
        let _ = fs::remove_file(&partial);
        symlink(Path::new(release.id()).join("atlas"), &partial)?;
        fs::rename(&partial, self.current_link())?;
        sync_folder(&self.0)
    }

    /// Removes the folder of a release. What Atlas did not create there stays and is logged.
    ///
    /// # Errors
    /// An I/O error.
    pub fn remove(&self, release: &Release) -> io::Result<()> {
        let left = remove_known(&self.0, release.id(), release_entry)?;
        if !left.is_empty() {
            tracing::warn!(?left, "what Atlas did not create in the folder of a removed release is left");
        }
        Ok(())
    }
}
