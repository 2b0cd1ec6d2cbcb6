//! The previews on this machine: creating, listing, destroying and pruning them.
//!
//! The folder of all previews is locked while one is created or destroyed, so that no port is given out twice. Destroying
//! also opens the data file, so that a preview in use stays, and so does a data file of another environment. Only what Atlas
//! created is deleted; the rest stays and is named.

use std::collections::BTreeSet;
use std::fs::{self, DirBuilder, File};
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;

use super::error::Error;
use crate::app;
use crate::config::previews as records;
use crate::domain::environment::files::{releases_folder, snapshots_folder};
use crate::domain::environment::layout::preview_entry;
use crate::domain::environment::preview::expires_after;
use crate::domain::{Preview, PreviewName};
use crate::store::backup::folder_owner::FolderOwner;
use crate::store::backup::release_folder::ReleaseFolder;
use crate::store::backup::snapshot_folder::SnapshotFolder;
use crate::store::file::atomic;
use crate::store::file::remove::{FolderState, inspect_folder, remove_known};
use crate::store::migrations::Migrations;
use crate::store::{OpenError, Store, check_stamp};

/// Prefix of the folder of a preview that is being destroyed. No preview name can begin with a dot.
const TRASH_PREFIX: &str = ".gone-";

/// The user name for basic authentication in every preview. The password differs.
const BASIC_AUTH_USER: &str = "preview";

/// A preview to create.
#[derive(Debug)]
pub struct NewPreview {
    pub name: PreviewName,
    pub branch: Option<String>,
    pub days: u16,
    /// The address to listen on, with the first port to try.
    pub listen: SocketAddr,
    /// The ports of the other environments, which may not be running.
    pub reserved_ports: BTreeSet<u16>,
}

/// Whether a preview is served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PreviewState {
    /// A process has the data file open.
    InUse,
    /// No process has.
    Stopped,
}

impl PreviewState {
    /// The word in JSON and for people.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InUse => "in use",
            Self::Stopped => "stopped",
        }
    }
}

/// A preview that was destroyed.
#[derive(Debug)]
pub struct DestroyedPreview {
    pub name: PreviewName,
    /// What was in its folder and is not Atlas's, such as a mount point.
    pub left: Vec<PathBuf>,
}

/// The folder of all previews.
pub struct Previews {
    root: PathBuf,
}

impl Previews {
    /// The previews in a folder, which does not have to exist.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// Creates the folder and the record of a preview. The data file is created when it is first served.
    ///
    /// # Errors
    /// [`Error`].
    pub fn create(&self, new: NewPreview, now: Timestamp) -> Result<Preview, Error> {
        let create_folder =
            |path: &Path| DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(io_at(path));
        create_folder(&self.root)?;
        let _lock = self.lock()?;
        let NewPreview { name, branch, days, listen, reserved_ports } = new;
        if let Some(existing) = self.read(&name)? {
            return Err(Error::Exists { name, branch: existing.branch });
        }
        self.require_unused(&name)?;
        let preview = Preview {
            port: self.free_port(listen, reserved_ports)?,
            name,
            branch,
            basic_auth_user: BASIC_AUTH_USER.to_owned(),
            basic_auth_password: URL_SAFE_NO_PAD.encode(app::random_bytes::<15>()?),
            created_at: now,
            expires_at: expires_after(now, days),
            seeded: false,
        };
        create_folder(&self.folder(&preview.name))?;
        self.write(&preview)?;
        Ok(preview)
    }

    /// Every preview with its state, by name.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn list(&self, migrations: Migrations) -> Result<Vec<(Preview, PreviewState)>, Error> {
        let mut previews = Vec::new();
        for name in self.names()? {
            if let Some(preview) = self.read(&name)? {
                let state = match check_stamp(&self.data_file(&name), &name.environment(), migrations) {
                    Err(OpenError::Locked { .. }) => PreviewState::InUse,
                    Ok(_) | Err(_) => PreviewState::Stopped,
                };
                previews.push((preview, state));
            }
        }
        Ok(previews)
    }

    /// Deletes a preview with its data.
    ///
    /// # Errors
    /// [`Error::Unknown`], [`Error::InUse`]; [`Error::Open`] when the data file belongs to another environment.
    pub fn destroy(&self, name: &PreviewName, migrations: Migrations) -> Result<DestroyedPreview, Error> {
        if !self.root.is_dir() {
            return Err(Error::Unknown(name.clone()));
        }
        let _lock = self.lock()?;
        self.remove(name, migrations)
    }

    /// Deletes every preview that has expired and is not in use. A preview that cannot be deleted is logged and skipped.
    ///
    /// # Errors
    /// [`Error::Io`] when the folder of all previews cannot be read.
    pub fn prune(&self, now: Timestamp, migrations: Migrations) -> Result<Vec<DestroyedPreview>, Error> {
        if !self.root.is_dir() {
            return Ok(Vec::new());
        }
        let _lock = self.lock()?;
        let mut removed = Vec::new();
        for name in self.names()? {
            if !self.read(&name).ok().flatten().is_some_and(|preview| preview.is_expired(now)) {
                continue;
            }
            match self.remove(&name, migrations) {
                Ok(destroyed) => removed.push(destroyed),
                Err(Error::InUse { .. }) => tracing::info!(preview = %name, "expired preview is still in use"),
                Err(error) => tracing::warn!(preview = %name, %error, "cannot delete expired preview"),
            }
        }
        Ok(removed)
    }

    fn folder(&self, name: &PreviewName) -> PathBuf {
        self.root.join(name.as_str())
    }

    fn data_file(&self, name: &PreviewName) -> PathBuf {
        self.folder(name).join("atlas.redb")
    }

    pub(super) fn read(&self, name: &PreviewName) -> Result<Option<Preview>, Error> {
        let path = records::record_path(&self.root, name.as_str());
        records::read_record(&self.root, name.as_str()).map_err(|why| Error::Io { path, source: io::Error::other(why) })
    }

    pub(super) fn write(&self, preview: &Preview) -> Result<(), Error> {
        let path = records::record_path(&self.root, preview.name.as_str());
        atomic::write_json(&path, preview).map_err(io_at(&path))
    }

    fn names(&self) -> Result<Vec<PreviewName>, Error> {
        let entries = match fs::read_dir(&self.root) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(source) => return Err(Error::Io { path: self.root.clone(), source }),
        };
        let mut names: Vec<PreviewName> =
            entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect();
        names.sort();
        Ok(names)
    }

    /// Locks the folder until the file is dropped, and finishes interrupted deletions.
    fn lock(&self) -> Result<File, Error> {
        let locked = File::open(&self.root).and_then(|folder| folder.lock().map(|()| folder));
        let lock = locked.map_err(io_at(&self.root))?;
        for entry in fs::read_dir(&self.root).map_err(io_at(&self.root))?.flatten() {
            let name = entry.file_name();
            let Some(trash) = name.to_str().filter(|name| name.starts_with(TRASH_PREFIX)) else { continue };
            match remove_known(&self.root, trash, preview_entry) {
                Ok(left) if left.is_empty() => {}
                Ok(left) => tracing::warn!(?left, "what Atlas did not create in a deleted preview is left"),
                Err(error) => tracing::warn!(path = %entry.path().display(), %error, "cannot finish a deletion"),
            }
        }
        Ok(lock)
    }

    /// The first port that no environment has and no process listens on.
    fn free_port(&self, listen: SocketAddr, mut taken: BTreeSet<u16>) -> Result<u16, Error> {
        for name in self.names()? {
            taken.extend(self.read(&name)?.map(|preview| preview.port));
        }
        let from = listen.port().max(1);
        let is_free = |port: &u16| !taken.contains(port) && TcpListener::bind((listen.ip(), *port)).is_ok();
        (from..=u16::MAX).find(is_free).ok_or(Error::NoPort { from })
    }

    /// Checks that no data file and no other folder is where a preview is to be created.
    fn require_unused(&self, name: &PreviewName) -> Result<(), Error> {
        match self.require_own_folder(name) {
            Err(Error::Unknown(_)) => Ok(()),
            Err(error) => Err(error),
            Ok(()) if self.data_file(name).exists() => {
                Err(Error::NotAPreview { path: self.folder(name), why: "it has a data file and no preview.json" })
            }
            Ok(()) => Ok(()),
        }
    }

    /// SECURITY: a link or a mount point leads to data of others.
    fn require_own_folder(&self, name: &PreviewName) -> Result<(), Error> {
        let path = self.folder(name);
        match inspect_folder(&self.root, name.as_str()) {
            Ok(FolderState::Folder) => Ok(()),
            Ok(FolderState::Missing) => Err(Error::Unknown(name.clone())),
            Ok(FolderState::MountPoint) => Err(Error::NotAPreview { path, why: "it is a mount point" }),
            Ok(FolderState::NotAFolder) => Err(Error::NotAPreview { path, why: "it is a link or a file" }),
            Err(source) => Err(Error::Io { path, source }),
        }
    }

    /// SECURITY: snapshots and releases of another environment may have been moved or mounted here. A link stays as it is.
    fn require_own_backups(&self, name: &PreviewName) -> Result<(), Error> {
        let (owner, data_file) = (FolderOwner::without_file(&name.environment()), self.data_file(name));
        if !snapshots_folder(&data_file).is_symlink() {
            SnapshotFolder::beside(&data_file).check_contents(&owner)?;
        }
        if !releases_folder(&data_file).is_symlink() {
            ReleaseFolder::beside(&data_file).check_contents(&owner)?;
        }
        Ok(())
    }

    /// SECURITY: deletes only a folder of this disk whose data file is missing or has the stamp of this preview.
    fn remove(&self, name: &PreviewName, migrations: Migrations) -> Result<DestroyedPreview, Error> {
        self.require_own_folder(name)?;
        let folder = self.folder(name);
        // Kept open until the end, so that no server can start in between.
        let store = match Store::open(&self.data_file(name), &name.environment(), migrations) {
            Ok(store) => Some(store),
            Err(OpenError::Missing { .. }) => None,
            Err(OpenError::Locked { pid, .. }) => return Err(Error::InUse { name: name.clone(), pid }),
            Err(error) => return Err(Error::Open(error)),
        };
        self.require_own_backups(name)?;
        // The rename is atomic; an interrupted deletion is finished by the next one.
        let trash_name = format!("{TRASH_PREFIX}{name}-{}", std::process::id());
        let trash = self.root.join(&trash_name);
        fs::rename(&folder, &trash).map_err(io_at(&folder))?;
        let mut left = remove_known(&self.root, &trash_name, preview_entry).map_err(io_at(&trash))?;
        drop(store);
        if !left.is_empty() {
            fs::rename(&trash, &folder).map_err(io_at(&trash))?;
        }
        for path in &mut left {
            *path = path.strip_prefix(&trash).map_or_else(|_| path.clone(), |inside| folder.join(inside));
        }
        Ok(DestroyedPreview { name: name.clone(), left })
    }
}

fn io_at(path: &Path) -> impl FnOnce(io::Error) -> Error + '_ {
    move |source| Error::Io { path: path.to_owned(), source }
}
