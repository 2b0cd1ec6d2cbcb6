//! The folder of releases beside a data file: `<id>/release.json` says what ran, `<id>/atlas` is that binary, and
//! `<id>/report.json` what its last verification found. `<id>/approval.json` is staging's signed word on that binary, in
//! production also before the binary ran there. `current` is a link to the binary that should run.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use super::files;
use super::snapshots::{digest, free_bytes, sync};
use crate::domain::release::Release;

/// What has to stay free on the disk beside a binary that is kept, in bytes.
const ROOM: u64 = 64 << 20;

/// Where the releases of a data file are.
#[derive(Debug, Clone)]
pub struct Folder(PathBuf);

impl Folder {
    /// The one beside that data file.
    pub fn beside(data_file: &Path) -> Self {
        Self(data_file.parent().unwrap_or(Path::new("")).join("releases"))
    }

    fn of(&self, release: &Release) -> PathBuf {
        self.0.join(release.id())
    }

    /// Where what is known of a release is written down.
    pub fn record(&self, release: &Release) -> PathBuf {
        self.of(release).join("release.json")
    }

    /// Where the kept binary of a release is.
    pub fn binary(&self, release: &Release) -> PathBuf {
        self.of(release).join("atlas")
    }

    /// Where the report of its last verification is.
    pub fn report(&self, release: &Release) -> PathBuf {
        self.of(release).join("report.json")
    }

    /// Where staging's word on a binary is, by the binary's digest.
    pub fn approval(&self, digest: &str) -> PathBuf {
        self.0.join(digest.get(..12).unwrap_or(digest)).join("approval.json")
    }

    /// Keeps staging's word on a binary. The digest must be one, for it names a folder.
    ///
    /// # Errors
    /// What the system says.
    pub fn write_approval(&self, digest: &str, approval: &impl serde::Serialize) -> io::Result<()> {
        let path = self.approval(digest);
        DirBuilder::new().recursive(true).mode(0o700).create(path.parent().unwrap_or(&self.0))?;
        files::replace(&path, approval)
    }

    /// Every word on a binary there is.
    ///
    /// # Errors
    /// What the system says.
    pub fn approved(&self) -> io::Result<Vec<PathBuf>> {
        let paths = fs::read_dir(&self.0)?.map(|entry| Ok(entry?.path().join("approval.json")));
        let mut paths = paths.collect::<io::Result<Vec<_>>>()?;
        paths.retain(|path| path.is_file());
        Ok(paths)
    }

    /// Takes a word back.
    ///
    /// # Errors
    /// What the system says.
    pub fn remove_approval(&self, digest: &str) -> io::Result<()> {
        match fs::remove_file(self.approval(digest)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// The link to the binary that should run.
    pub fn current(&self) -> PathBuf {
        self.0.join("current")
    }

    /// Every release, the one that started last first. A record that cannot be read is left out and told.
    ///
    /// # Errors
    /// What the system says about the folder.
    pub fn list(&self) -> io::Result<Vec<Release>> {
        let entries = match fs::read_dir(&self.0) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let mut releases: Vec<Release> = Vec::new();
        for entry in entries {
            let record = entry?.path().join("release.json");
            match fs::read(&record).map(|bytes| serde_json::from_slice(&bytes)) {
                Ok(Ok(release)) => releases.push(release),
                Ok(Err(error)) => tracing::warn!(path = %record.display(), %error, "the record of a release"),
                Err(_) => {}
            }
        }
        releases.sort_by_key(|release| std::cmp::Reverse(release.last_started));
        Ok(releases)
    }

    /// Writes a record down.
    ///
    /// # Errors
    /// What the system says.
    pub fn write(&self, release: &Release) -> io::Result<()> {
        DirBuilder::new().recursive(true).mode(0o700).create(self.of(release))?;
        files::replace(&self.record(release), release)
    }

    /// Puts a report beside its release.
    ///
    /// # Errors
    /// What the system says.
    pub fn write_report(&self, release: &Release, report: &serde_json::Value) -> io::Result<()> {
        files::replace(&self.report(release), report)
    }

    /// Keeps the binary of a release, unless it is kept already. Where the file system can, the copy shares its blocks.
    ///
    /// # Errors
    /// What the system says; [`io::ErrorKind::StorageFull`] when the data file could not go on growing beside it;
    /// [`io::ErrorKind::InvalidData`] when `from` is another binary by now.
    pub fn keep_binary(&self, release: &Release, from: &Path) -> io::Result<()> {
        let binary = self.binary(release);
        if binary.exists() {
            return Ok(());
        }
        let draft = self.of(release).join(".atlas");
        let kept = (|| {
            // What people save comes first: a copy that does not fit must not take the last room while it is tried.
            if free_bytes(&self.of(release))? < fs::metadata(from)?.len().saturating_add(ROOM) {
                return Err(io::Error::new(
                    io::ErrorKind::StorageFull,
                    "the disk has no room for a copy of the binary",
                ));
            }
            fs::copy(from, &draft)?;
            fs::set_permissions(&draft, fs::Permissions::from_mode(0o755))?;
            if digest(&draft)?.0 != release.digest {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "the binary was replaced while it was copied"));
            }
            fs::File::open(&draft)?.sync_all()?;
            fs::rename(&draft, &binary)?;
            sync(&self.of(release))
        })();
        if kept.is_err() {
            let _ = fs::remove_file(&draft);
        }
        kept
    }

    /// Lets `current` lead to the binary of a release.
    ///
    /// # Errors
    /// What the system says; where it led before stays then.
    pub fn point_at(&self, release: &Release) -> io::Result<()> {
        let draft = self.0.join(".current");
        let _ = fs::remove_file(&draft);
        symlink(Path::new(release.id()).join("atlas"), &draft)?;
        fs::rename(&draft, self.current())?;
        sync(&self.0)
    }

    /// Removes a release with everything of it.
    ///
    /// # Errors
    /// What the system says.
    pub fn remove(&self, release: &Release) -> io::Result<()> {
        fs::remove_dir_all(self.of(release))
    }
}
