//! The folder of snapshots beside a data file: `<id>.redb` is a copy, `<id>.json` its manifest. In a second folder a copy
//! may be encrypted: `<id>.redb.age`.
//!
//! DURABILITY: a manifest appears last, under its final name and on the disk, so a snapshot without one was never finished.
//! Drafts have names that begin with a dot; whoever makes the next snapshot sweeps them away.

use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use super::files;
use crate::domain::snapshot::{Manifest, SnapshotId};

/// Where the snapshots of a data file are.
#[derive(Debug, Clone)]
pub struct Folder {
    path: PathBuf,
    /// How the names of copies end.
    endings: &'static [&'static str],
}

/// How the name of a copy ends, and that of an encrypted one.
const PLAIN: &str = ".redb";
const ENCRYPTED: &str = ".redb.age";
/// What stands between the name of a snapshot that is being fetched and the number of the process that does it.
const FETCHED_BY: &str = ".fetched-";

/// What lies in the folder.
#[derive(Debug, Default)]
pub struct Listing {
    /// The snapshots, newest first.
    pub snapshots: Vec<Manifest>,
    /// Copies without a manifest, as a rollback leaves one when it is killed. They were not proven.
    pub unproven: Vec<SnapshotId>,
    /// Manifests that cannot be read, and why.
    pub unreadable: Vec<(PathBuf, String)>,
}

impl Folder {
    /// The one beside that data file.
    pub fn beside(data_file: &Path) -> Self {
        Self { path: data_file.parent().unwrap_or(Path::new("")).join("snapshots"), endings: &[PLAIN] }
    }

    /// A second one, which lies elsewhere.
    pub fn elsewhere(path: PathBuf) -> Self {
        Self { path, endings: &[PLAIN, ENCRYPTED] }
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Makes it, for its owner only, unless it is there.
    ///
    /// # Errors
    /// What the system says.
    pub fn make(&self) -> io::Result<()> {
        DirBuilder::new().recursive(true).mode(0o700).create(&self.path)
    }

    /// Where the copy of a snapshot is.
    pub fn copy(&self, id: &SnapshotId) -> PathBuf {
        self.path.join(format!("{id}{PLAIN}"))
    }

    /// Where an encrypted copy is.
    pub fn encrypted(&self, id: &SnapshotId) -> PathBuf {
        self.path.join(format!("{id}{ENCRYPTED}"))
    }

    /// Where a copy is made before it counts.
    pub fn draft(&self, id: &SnapshotId) -> PathBuf {
        self.path.join(format!(".{id}.redb"))
    }

    /// Where this process puts a copy that it fetches, until it counts. Whoever has the data file does not sweep it away.
    pub fn fetched(&self, id: &SnapshotId) -> PathBuf {
        self.path.join(format!(".{id}{FETCHED_BY}{}", std::process::id()))
    }

    fn manifest(&self, id: &SnapshotId) -> PathBuf {
        self.path.join(format!("{id}.json"))
    }

    /// What is there. A folder that does not exist holds nothing.
    ///
    /// # Errors
    /// What the system says about the folder.
    pub fn list(&self) -> io::Result<Listing> {
        let mut listing = Listing::default();
        let mut ids = Vec::new();
        let entries = match fs::read_dir(&self.path) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(listing),
            Err(error) => return Err(error),
        };
        for entry in entries {
            let name = entry?.file_name();
            let name = name.to_str().unwrap_or_default();
            ids.extend(self.endings.iter().filter_map(|ending| name.strip_suffix(ending)?.parse().ok()));
        }
        ids.sort_by(|a: &SnapshotId, b| b.cmp(a));
        ids.dedup();
        for id in ids {
            match self.find(&id) {
                Ok(Some(manifest)) => listing.snapshots.push(manifest),
                Ok(None) => listing.unproven.push(id),
                Err(error) => listing.unreadable.push((self.manifest(&id), error.to_string())),
            }
        }
        Ok(listing)
    }

    /// The manifest of a snapshot; `None` when there is none.
    ///
    /// # Errors
    /// What the system says; [`io::ErrorKind::InvalidData`] when it cannot be understood.
    pub fn find(&self, id: &SnapshotId) -> io::Result<Option<Manifest>> {
        let text = match fs::read_to_string(self.manifest(id)) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let manifest: Manifest = serde_json::from_str(&text)?;
        if manifest.id != *id {
            return Err(io::Error::new(io::ErrorKind::InvalidData, format!("it is the manifest of {}", manifest.id)));
        }
        Ok(Some(manifest))
    }

    /// Gives a draft its name, so that it survives whatever happens next. It counts once it has its manifest.
    ///
    /// # Errors
    /// What the system says.
    pub fn keep(&self, draft: &Path, name: &Path) -> io::Result<()> {
        fs::rename(draft, name)?;
        sync(&self.path)
    }

    /// Puts a manifest beside its copy, in place of what was there.
    ///
    /// # Errors
    /// What the system says; what was there stays then.
    pub fn describe(&self, manifest: &Manifest) -> io::Result<()> {
        files::replace(&self.manifest(&manifest.id), manifest)
    }

    /// Removes a snapshot: first the manifest, so that half a removal leaves nothing that looks whole.
    ///
    /// # Errors
    /// What the system says.
    pub fn remove(&self, id: &SnapshotId) -> io::Result<()> {
        for path in [self.manifest(id), self.copy(id), self.encrypted(id)] {
            match fs::remove_file(path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        sync(&self.path)
    }

    /// Removes what snapshots that were not finished left behind. Only for whoever has the data file.
    ///
    /// # Errors
    /// What the system says.
    pub fn sweep(&self) -> io::Result<()> {
        for entry in fs::read_dir(&self.path)? {
            let entry = entry?;
            let name = entry.file_name();
            let name = name.to_string_lossy();
            let ours = name.ends_with(PLAIN) || name.contains(".json.new-") || is_left_by_a_fetch(&name);
            if ours && name.starts_with('.') {
                fs::remove_file(entry.path())?;
            }
        }
        Ok(())
    }
}

/// Whether a name is that of a copy whose fetching process is no more.
fn is_left_by_a_fetch(name: &str) -> bool {
    let by = name.split_once(FETCHED_BY).map(|(_, process)| process);
    by.is_some_and(|process| !Path::new("/proc").join(process).exists())
}

/// Hands a folder's names to the disk.
///
/// # Errors
/// What the system says.
pub fn sync(folder: &Path) -> io::Result<()> {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    File::open(folder)?.sync_all()
}

/// The BLAKE3 digest of a file's bytes, hexadecimal, and how many bytes there are.
///
/// # Errors
/// What the system says.
pub fn digest(path: &Path) -> io::Result<(String, u64)> {
    let mut hasher = blake3::Hasher::new();
    let bytes = io::copy(&mut File::open(path)?, &mut hasher)?;
    Ok((hasher.finalize().to_hex().to_string(), bytes))
}

/// How many bytes the file system of a folder has free for this process.
///
/// # Errors
/// What the system says.
pub fn free_bytes(folder: &Path) -> io::Result<u64> {
    let system = rustix::fs::statvfs(folder)?;
    Ok(system.f_bavail.saturating_mul(system.f_frsize))
}
