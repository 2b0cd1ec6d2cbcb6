//! `owner.json`: which environment a folder of snapshots or releases belongs to. It is checked before anything in the folder
//! is written or removed, so that a folder that a link or a mount put here is never taken for ours.
//!
//! Folders from before there was such a file have none. One is adopted when everything in it belongs to this environment.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::domain::environment::stamp::Stamp;
use crate::domain::{Environment, FileId};
use crate::store::file::atomic::write_json;

/// The environment that a folder belongs to, and its data file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FolderOwner {
    pub environment: Environment,
    /// `None` where the data file is missing or cannot be read.
    #[serde(default)]
    pub file_id: Option<FileId>,
}

/// Why nothing was written to a folder or removed from it.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// The folder is a link.
    #[error(
        "{path} is a link; expected a folder, because a link may lead to the data of another environment. Nothing was changed. Move the folder here, or mount it here"
    )]
    Link { path: PathBuf },
    /// The folder belongs to another environment, or something in it does.
    #[error(
        "{path} belongs to “{found}” (recorded in {record}); expected a folder of “{expected}”. Nothing was changed. Check what is linked or mounted there"
    )]
    OtherEnvironment {
        path: PathBuf,
        /// Boxed: the variant is the largest one.
        found: Box<Environment>,
        expected: Box<Environment>,
        /// The file that names the environment.
        record: PathBuf,
    },
    /// The folder belongs to another data file of the same environment.
    #[error(
        "{path} belongs to another data file of “{environment}”: {record} records {found}, and this one is {expected}. It may be used by another installation, or hold the copies of a lost data file. Nothing was changed. To use it for this data file from now on, delete {record}"
    )]
    OtherFile { path: PathBuf, environment: Box<Environment>, found: FileId, expected: FileId, record: PathBuf },
    /// The folder could not be read or written.
    #[error("{path}: {source}")]
    Io { path: PathBuf, source: io::Error },
}

/// Whether a folder may be shared by the data files that one environment has had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileRule {
    /// Yes: `identity.json` beside it already ties the place to one data file.
    AnyFile,
    /// No: another installation may use the same folder.
    SameFile,
}

/// The records in a folder, and the environments they name.
pub(super) type Contents = Vec<(PathBuf, Environment)>;

impl FolderOwner {
    /// The owner of the folders of a data file.
    pub fn from_stamp(stamp: &Stamp) -> Self {
        Self { environment: stamp.environment.clone(), file_id: Some(stamp.file_id) }
    }

    /// The owner where the data file is missing or cannot be read.
    pub fn without_file(environment: &Environment) -> Self {
        Self { environment: environment.clone(), file_id: None }
    }

    /// Checks that a folder is missing, or a folder whose mark names this owner. A folder without a mark passes.
    ///
    /// # Errors
    /// [`FolderError`].
    pub fn check(&self, folder: &Path, rule: FileRule) -> Result<(), FolderError> {
        self.read_mark(folder, rule).map(drop)
    }

    /// Like [`Self::check`], and everything in the folder names this environment, too.
    ///
    /// # Errors
    /// [`FolderError`].
    pub(super) fn check_contents(&self, folder: &Path, contents: Contents) -> Result<(), FolderError> {
        self.read_mark(folder, FileRule::AnyFile)?;
        self.require_own_contents(folder, contents)
    }

    /// Creates a folder unless it exists, accessible by its owner only. `contents` decides about a folder without a mark.
    /// Returns the mark.
    ///
    /// # Errors
    /// [`FolderError`].
    pub(super) fn prepare(
        &self,
        folder: &Path,
        rule: FileRule,
        contents: impl FnOnce() -> io::Result<Contents>,
    ) -> Result<Option<Self>, FolderError> {
        let io_error = |source| FolderError::Io { path: folder.to_owned(), source };
        let mark = self.read_mark(folder, rule)?;
        if mark.is_none() {
            DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(io_error)?;
            self.require_own_contents(folder, contents().map_err(io_error)?)?;
        }
        Ok(mark)
    }

    /// Like [`Self::prepare`], and marks the folder.
    ///
    /// # Errors
    /// [`FolderError`].
    pub(super) fn claim(
        &self,
        folder: &Path,
        rule: FileRule,
        contents: impl FnOnce() -> io::Result<Contents>,
    ) -> Result<(), FolderError> {
        match self.prepare(folder, rule, contents)? {
            Some(mark) if mark == *self || self.file_id.is_none() => Ok(()),
            _ => write_json(&mark_path(folder), self)
                .map_err(|source| FolderError::Io { path: folder.to_owned(), source }),
        }
    }

    fn require_own_contents(&self, folder: &Path, contents: Contents) -> Result<(), FolderError> {
        match contents.into_iter().find(|(_, environment)| *environment != self.environment) {
            Some((record, found)) => Err(self.other_environment(folder, found, record)),
            None => Ok(()),
        }
    }

    /// Removes the mark of a folder if it names this owner, so that the environment's next data file can claim it.
    ///
    /// # Errors
    /// An I/O error.
    pub fn release(&self, folder: &Path) -> io::Result<()> {
        match self.read_mark(folder, FileRule::SameFile) {
            Ok(Some(_)) => fs::remove_file(mark_path(folder)),
            Ok(None) | Err(_) => Ok(()),
        }
    }

    fn read_mark(&self, folder: &Path, rule: FileRule) -> Result<Option<Self>, FolderError> {
        let record = mark_path(folder);
        if folder.is_symlink() {
            return Err(FolderError::Link { path: folder.to_owned() });
        }
        let mark: Self = match fs::read(&record) {
            Ok(json) => serde_json::from_slice(&json)
                .map_err(|error| FolderError::Io { path: record.clone(), source: error.into() })?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(FolderError::Io { path: record, source }),
        };
        if mark.environment != self.environment {
            return Err(self.other_environment(folder, mark.environment, record));
        }
        match (mark.file_id, self.file_id) {
            (Some(found), Some(expected)) if found != expected && rule == FileRule::SameFile => {
                Err(FolderError::OtherFile {
                    path: folder.to_owned(),
                    environment: Box::new(mark.environment),
                    found,
                    expected,
                    record,
                })
            }
            _ => Ok(Some(mark)),
        }
    }

    fn other_environment(&self, folder: &Path, found: Environment, record: PathBuf) -> FolderError {
        FolderError::OtherEnvironment {
            path: folder.to_owned(),
            found: Box::new(found),
            expected: Box::new(self.environment.clone()),
            record,
        }
    }
}

fn mark_path(folder: &Path) -> PathBuf {
    folder.join("owner.json")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    fn owner(environment: &str, file: u8) -> FolderOwner {
        let file_id = Some(FileId::generate(jiff::Timestamp::UNIX_EPOCH, [file; 10]));
        FolderOwner { environment: environment.parse().unwrap(), file_id }
    }

    fn claim(owner: &FolderOwner, folder: &Path, rule: FileRule, inside: &[&str]) -> Result<(), FolderError> {
        let inside = inside.iter().map(|name| (folder.join("x.json"), name.parse().unwrap())).collect();
        owner.claim(folder, rule, || Ok(inside))
    }

    #[test]
    fn a_marked_folder_belongs_to_its_environment_only() {
        let root = tempfile::tempdir().unwrap();
        let (folder, link) = (root.path().join("snapshots"), root.path().join("link"));
        claim(&owner("production", 1), &folder, FileRule::AnyFile, &[]).unwrap();
        claim(&owner("production", 1), &folder, FileRule::SameFile, &["staging"]).unwrap();
        let refused = claim(&owner("staging", 1), &folder, FileRule::AnyFile, &["staging"]);
        assert!(matches!(refused, Err(FolderError::OtherEnvironment { .. })), "{refused:?}");
        symlink(&folder, &link).unwrap();
        let refused = claim(&owner("production", 1), &link, FileRule::AnyFile, &[]);
        assert!(matches!(refused, Err(FolderError::Link { .. })), "{refused:?}");
    }

    #[test]
    fn a_folder_without_a_mark_is_adopted_when_all_that_is_in_it_belongs_here() {
        let root = tempfile::tempdir().unwrap();
        for (inside, adopted) in [(&["staging"][..], true), (&[], true), (&["staging", "production"], false)] {
            let folder = root.path().join(inside.join("-"));
            fs::create_dir_all(&folder).unwrap();
            let claimed = claim(&owner("staging", 1), &folder, FileRule::SameFile, inside);
            assert_eq!((claimed.is_ok(), folder.join("owner.json").exists()), (adopted, adopted), "{inside:?}");
        }
    }

    #[test]
    fn only_a_folder_beside_the_data_file_goes_over_to_the_next_data_file() {
        let root = tempfile::tempdir().unwrap();
        let (local, offsite) = (root.path().join("local"), root.path().join("offsite"));
        let (old, new) = (owner("staging", 1), owner("staging", 2));
        for folder in [&local, &offsite] {
            claim(&old, folder, FileRule::SameFile, &[]).unwrap();
            claim(&FolderOwner::without_file(&old.environment), folder, FileRule::SameFile, &[]).unwrap();
        }
        claim(&new, &local, FileRule::AnyFile, &[]).unwrap();
        let refused = claim(&new, &offsite, FileRule::SameFile, &[]);
        assert!(matches!(refused, Err(FolderError::OtherFile { .. })), "{refused:?}");
        new.release(&offsite).unwrap();
        assert!(offsite.join("owner.json").exists(), "the mark of another file stays");
        old.release(&offsite).unwrap();
        claim(&new, &offsite, FileRule::SameFile, &["staging"]).unwrap();
    }
}
