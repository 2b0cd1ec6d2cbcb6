//! The folder of snapshots beside a data file: `<id>.redb` is a copy, `<id>.json` its manifest. In an off-site folder a copy may
//! be encrypted: `<id>.redb.age`.
//!
//! DURABILITY: a manifest appears last, under its final name and synced, so a snapshot without one was never finished. Partial
//! copies have names that begin with a dot; the next snapshot removes them.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::folder_owner::{Contents, FileRule, FolderError, FolderOwner};
use crate::domain::backup::snapshot::SnapshotManifest;
use crate::domain::backup::snapshot_id::SnapshotId;
use crate::domain::environment::files::snapshots_folder;
use crate::domain::environment::layout::is_unfinished_snapshot;
use crate::store::file::atomic::{sync_folder, write_json};

/// A folder of snapshots.
#[derive(Debug, Clone)]
pub struct SnapshotFolder {
    path: PathBuf,
    /// The data file beside which the folder is; `None` for an off-site folder.
    data_file: Option<PathBuf>,
    /// The suffixes of copies in this folder.
    suffixes: &'static [&'static str],
}

const PLAIN_SUFFIX: &str = ".redb";
const ENCRYPTED_SUFFIX: &str = ".redb.age";
/// Between the id of a snapshot that is being fetched and the id of the process that fetches it.
const FETCH_INFIX: &str = ".fetched-";

/// The snapshots in a folder.
#[derive(Debug, Default)]
pub struct SnapshotListing {
    /// The verified snapshots, newest first.
    pub snapshots: Vec<SnapshotManifest>,
    /// Copies without a manifest, which were not verified. A killed rollback leaves one.
    pub unverified: Vec<SnapshotId>,
    /// Manifests that cannot be read, and the reason.
    pub unreadable: Vec<(PathBuf, io::Error)>,
}

impl SnapshotFolder {
    /// The folder beside a data file.
    pub fn beside(data_file: &Path) -> Self {
        let path = snapshots_folder(data_file);
        Self { path, data_file: Some(data_file.to_owned()), suffixes: &[PLAIN_SUFFIX] }
    }

    /// An off-site folder.
    pub fn offsite(path: PathBuf) -> Self {
        Self { path, data_file: None, suffixes: &[PLAIN_SUFFIX, ENCRYPTED_SUFFIX] }
    }

    /// The path of the folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Creates the folder unless it exists, after checking that it is its owner's.
    ///
    /// # Errors
    /// [`FolderError`]; nothing was changed.
    pub fn prepare(&self, owner: &FolderOwner) -> Result<(), FolderError> {
        owner.prepare(&self.path, self.file_rule(), || self.contents()).map(drop)
    }

    /// Like [`Self::prepare`], and marks the folder as its owner's. Comes before every change in the folder.
    ///
    /// # Errors
    /// [`FolderError`]; nothing was changed.
    pub fn claim(&self, owner: &FolderOwner) -> Result<(), FolderError> {
        owner.claim(&self.path, self.file_rule(), || self.contents())
    }

    /// Checks that the folder and everything in it belong to its owner, without writing.
    ///
    /// # Errors
    /// [`FolderError`].
    pub fn check_contents(&self, owner: &FolderOwner) -> Result<(), FolderError> {
        let contents = self.contents().map_err(|source| FolderError::Io { path: self.path.clone(), source })?;
        owner.check_contents(&self.path, contents)
    }

    fn file_rule(&self) -> FileRule {
        if self.data_file.is_some() { FileRule::AnyFile } else { FileRule::SameFile }
    }

    fn contents(&self) -> io::Result<Contents> {
        let snapshots = self.list()?.snapshots.into_iter();
        Ok(snapshots.map(|manifest| (self.manifest_path(&manifest.id), manifest.environment)).collect())
    }

    /// The path of a snapshot's copy.
    pub fn copy_path(&self, id: &SnapshotId) -> PathBuf {
        self.path.join(format!("{id}{PLAIN_SUFFIX}"))
    }

    /// Whether a file is the data file under a second name, which changes with it and so is no copy. A rollback that is killed
    /// leaves such a link.
    ///
    /// # Errors
    /// An I/O error.
    pub fn is_data_file(&self, copy: &Path) -> io::Result<bool> {
        let Some(data_file) = &self.data_file else { return Ok(false) };
        let inode = |path: &Path| fs::metadata(path).map(|metadata| (metadata.dev(), metadata.ino()));
        match inode(data_file) {
            Ok(found) => Ok(found == inode(copy)?),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// The path of a snapshot's encrypted copy.
    pub fn encrypted_path(&self, id: &SnapshotId) -> PathBuf {
        self.path.join(format!("{id}{ENCRYPTED_SUFFIX}"))
    }

    /// The path of a copy that is not verified yet.
    pub fn partial_path(&self, id: &SnapshotId) -> PathBuf {
        self.path.join(format!(".{id}.redb"))
    }

    /// The path of a copy that this process fetches, until it is verified. [`Self::remove_unfinished`] leaves it alone while the
    /// process runs.
    pub fn fetch_path(&self, id: &SnapshotId) -> PathBuf {
        self.path.join(format!(".{id}{FETCH_INFIX}{}", std::process::id()))
    }

    fn manifest_path(&self, id: &SnapshotId) -> PathBuf {
        self.path.join(format!("{id}.json"))
    }

    /// The snapshots in the folder. A folder that does not exist has none.
    ///
    /// # Errors
    /// An I/O error of the folder.
    pub fn list(&self) -> io::Result<SnapshotListing> {
        let mut listing = SnapshotListing::default();
        let mut ids = Vec::new();
        let entries = match fs::read_dir(&self.path) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(listing),
            Err(error) => return Err(naming(&self.path)(error)),
        };
        for entry in entries {
            let name = entry?.file_name();
            let name = name.to_str().unwrap_or_default();
            ids.extend(self.suffixes.iter().filter_map(|suffix| name.strip_suffix(suffix)?.parse().ok()));
        }
        ids.sort_by(|a: &SnapshotId, b| b.cmp(a));
        ids.dedup();
        for id in ids {
            match self.find_manifest(&id) {
                Ok(Some(manifest)) => listing.snapshots.push(manifest),
                Ok(None) => listing.unverified.push(id),
                Err(error) => listing.unreadable.push((self.manifest_path(&id), error)),
            }
        }
        Ok(listing)
    }

    /// The manifest of a snapshot.
    ///
    /// # Errors
    /// An I/O error; [`io::ErrorKind::InvalidData`] when the manifest is not valid.
    pub fn find_manifest(&self, id: &SnapshotId) -> io::Result<Option<SnapshotManifest>> {
        let text = match fs::read_to_string(self.manifest_path(id)) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let manifest: SnapshotManifest = serde_json::from_str(&text)?;
        if manifest.id != *id {
            return Err(io::Error::new(io::ErrorKind::InvalidData, format!("it is the manifest of {}", manifest.id)));
        }
        Ok(Some(manifest))
    }

    /// Gives a partial copy its final name, so that it is no longer removed as unfinished. It becomes a snapshot with its
    /// manifest.
    ///
    /// # Errors
    /// An I/O error.
    pub fn publish(&self, partial: &Path, name: &Path) -> io::Result<()> {
        fs::rename(partial, name).and_then(|()| sync_folder(&self.path)).map_err(naming(name))
    }

    /// Writes the manifest of a snapshot, replacing the previous one.
    ///
    /// # Errors
    /// An I/O error; the previous manifest is then unchanged.
    pub fn write_manifest(&self, manifest: &SnapshotManifest) -> io::Result<()> {
        let path = self.manifest_path(&manifest.id);
        write_json(&path, manifest).map_err(naming(&path))
    }

    /// Whether there is anything of a snapshot: its copy, its manifest, or both.
    pub fn contains(&self, id: &SnapshotId) -> bool {
        self.paths_of(id).iter().any(|path| path.exists())
    }

    fn paths_of(&self, id: &SnapshotId) -> [PathBuf; 3] {
        [self.manifest_path(id), self.copy_path(id), self.encrypted_path(id)]
    }

    /// Removes a snapshot: the manifest first, so that an interrupted removal leaves nothing that looks complete.
    ///
    /// # Errors
    /// An I/O error.
    pub fn remove(&self, id: &SnapshotId) -> io::Result<()> {
        if !self.path.is_dir() {
            return Ok(());
        }
        for path in self.paths_of(id) {
            match fs::remove_file(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(naming(&path)(error)),
                _ => {}
            }
        }
        sync_folder(&self.path)
    }

    /// Removes what unfinished snapshots left behind. Only for the process that has the data file.
    ///
    /// # Errors
    /// An I/O error.
    pub fn remove_unfinished(&self) -> io::Result<()> {
        for entry in fs::read_dir(&self.path)? {
            let entry = entry?;
            let name = entry.file_name();
            let name = name.to_string_lossy();
            if is_unfinished_snapshot(&name) && (!name.contains(FETCH_INFIX) || is_abandoned_fetch(&name)) {
                fs::remove_file(entry.path())?;
            }
        }
        Ok(())
    }
}

/// Adds the path to an error of the system.
fn naming(path: &Path) -> impl FnOnce(io::Error) -> io::Error + '_ {
    move |error| io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

/// Whether this is the name of a copy whose fetching process no longer runs.
fn is_abandoned_fetch(name: &str) -> bool {
    let process = name.split_once(FETCH_INFIX).map(|(_, process)| process);
    process.is_some_and(|process| !Path::new("/proc").join(process).exists())
}
