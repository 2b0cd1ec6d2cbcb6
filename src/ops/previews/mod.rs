//! Previews come and go: each is a folder below `data/preview` with a record, a data file and nothing anywhere else.
//!
//! Who makes or removes one holds a lock on the folder of all previews, so that no port is given twice. Who removes one
//! holds its data file, too: a preview that is in use is not removed, and no file is removed whose stamp says that it
//! belongs elsewhere.

pub mod proxy;
mod serving;

use std::collections::BTreeSet;
use std::fs::{self, DirBuilder, File};
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;

use super::seeds;
use crate::app;
use crate::config::previews as records;
use crate::domain::preview::expiry;
use crate::domain::{Preview, PreviewName};
use crate::store::files;
use crate::store::{OpenError, Store};
pub use serving::{first_start, keep_pruning, made};

/// How the folder of a preview begins that is being removed. No preview is called so.
const GONE: &str = ".gone-";

/// The name that the gate of every preview asks for; the password is each preview's own.
const GATE_USER: &str = "preview";

/// Why a preview was not made or removed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such preview.
    #[error(
        "there is no preview “{0}”. `atlas preview list` shows those there are; `atlas preview create {0}` makes it."
    )]
    Unknown(PreviewName),
    /// There is one already.
    #[error("preview “{name}” is there already, made {}. Nothing was changed. Destroy it first, or take another name.", match .branch { Some(branch) => format!("for the branch “{branch}”"), None => "by its name".to_owned() })]
    Exists {
        /// Its name.
        name: PreviewName,
        /// The branch it was made for.
        branch: Option<String>,
    },
    /// Somebody uses it.
    #[error("preview “{name}” is in use{}. Nothing was changed. Stop its server first.", match .pid { Some(pid) => format!(" (pid {pid})"), None => String::new() })]
    InUse {
        /// Its name.
        name: PreviewName,
        /// The server's process, if it said so.
        pid: Option<u32>,
    },
    /// What lies where the preview should be is none.
    #[error(
        "{path} is not the folder of a preview ({why}). Nothing was changed. Look at it, and remove it by hand if it may go."
    )]
    NotAPreview {
        /// The path.
        path: PathBuf,
        /// What it is instead.
        why: &'static str,
    },
    /// No port is free.
    #[error(
        "no port is free from {from} on. Destroy a preview, or set listen in [environment.preview] to another port."
    )]
    NoPort {
        /// The first that was tried.
        from: u16,
    },
    /// Its data file cannot be opened.
    #[error(transparent)]
    Open(OpenError),
    /// The disk said no.
    #[error("{path}: {source}")]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A use case failed.
    #[error(transparent)]
    App(#[from] app::Error),
    /// The people to look at could not be planted.
    #[error(transparent)]
    Seeds(#[from] seeds::SeedError),
}

/// What a new preview is to be.
#[derive(Debug)]
pub struct Wanted {
    /// What it is called.
    pub name: PreviewName,
    /// The branch it is for.
    pub branch: Option<String>,
    /// How many days it is kept.
    pub days: u16,
    /// Where to listen, and the first port to try.
    pub listen: SocketAddr,
}

/// What a preview does just now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Somebody has its data file.
    InUse,
    /// Nobody has.
    Stopped,
}

/// The folder of all previews.
pub struct Previews {
    all: PathBuf,
}

impl Previews {
    /// Those below a folder, which need not be there.
    pub fn below(all: impl Into<PathBuf>) -> Self {
        Self { all: all.into() }
    }

    /// Makes one: its folder and its record. Its data file is made when it is first served.
    ///
    /// # Errors
    /// [`Error`]; nothing was made.
    pub fn create(&self, wanted: Wanted, now: Timestamp) -> Result<Preview, Error> {
        let folder = |path: &Path| DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(io_at(path));
        folder(&self.all)?;
        let _lock = self.lock()?;
        let Wanted { name, branch, days, listen } = wanted;
        if let Some(known) = self.read(&name)? {
            return Err(Error::Exists { name, branch: known.branch });
        }
        let home = self.home(&name);
        if home.is_symlink() || (home.exists() && !home.is_dir()) {
            return Err(Error::NotAPreview { path: home, why: "a folder was expected" });
        }
        let preview = Preview {
            port: self.free_port(listen)?,
            name,
            branch,
            gate_user: GATE_USER.to_owned(),
            gate_password: URL_SAFE_NO_PAD.encode(app::random::<15>()?),
            created_at: now,
            expires_at: expiry(now, days),
            seeded: false,
        };
        folder(&home)?;
        self.write(&preview)?;
        Ok(preview)
    }

    /// Every preview that was made, by name, with what it does just now.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn list(&self) -> Result<Vec<(Preview, State)>, Error> {
        let mut previews = Vec::new();
        for name in self.names()? {
            if let Some(preview) = self.read(&name)? {
                let state = match Store::look(&self.data_file(&name), &name.environment()) {
                    Err(OpenError::Locked { .. }) => State::InUse,
                    Ok(_) | Err(_) => State::Stopped,
                };
                previews.push((preview, state));
            }
        }
        Ok(previews)
    }

    /// Removes one with everything that is its own.
    ///
    /// # Errors
    /// [`Error::Unknown`], [`Error::InUse`]; [`Error::Open`] when the data file there belongs elsewhere. Nothing was removed
    /// then.
    pub fn destroy(&self, name: &PreviewName) -> Result<(), Error> {
        if !self.all.is_dir() {
            return Err(Error::Unknown(name.clone()));
        }
        let _lock = self.lock()?;
        self.remove(name)
    }

    /// Removes those that are over and not in use; answers which. One that cannot be removed hinders no other.
    ///
    /// # Errors
    /// [`Error::Io`] when the folder of all previews cannot be read.
    pub fn prune(&self, now: Timestamp) -> Result<Vec<PreviewName>, Error> {
        if !self.all.is_dir() {
            return Ok(Vec::new());
        }
        let _lock = self.lock()?;
        let mut removed = Vec::new();
        for name in self.names()? {
            let is_over = self.read(&name).ok().flatten().is_some_and(|preview| preview.is_over(now));
            match if is_over { self.remove(&name) } else { continue } {
                Ok(()) => removed.push(name),
                Err(Error::InUse { .. }) => tracing::info!(preview = %name, "over, but in use"),
                Err(error) => tracing::warn!(preview = %name, %error, "over, and cannot be removed"),
            }
        }
        Ok(removed)
    }

    fn home(&self, name: &PreviewName) -> PathBuf {
        self.all.join(name.as_str())
    }

    fn data_file(&self, name: &PreviewName) -> PathBuf {
        self.home(name).join("atlas.redb")
    }

    fn read(&self, name: &PreviewName) -> Result<Option<Preview>, Error> {
        let path = records::record_in(&self.all, name.as_str());
        records::read(&self.all, name.as_str()).map_err(|why| Error::Io { path, source: io::Error::other(why) })
    }

    fn write(&self, preview: &Preview) -> Result<(), Error> {
        let path = records::record_in(&self.all, preview.name.as_str());
        files::replace(&path, preview).map_err(io_at(&path))
    }

    fn names(&self) -> Result<Vec<PreviewName>, Error> {
        let entries = match fs::read_dir(&self.all) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(source) => return Err(Error::Io { path: self.all.clone(), source }),
        };
        let mut names: Vec<PreviewName> =
            entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect();
        names.sort();
        Ok(names)
    }

    /// Waits until nobody else makes or removes previews; ends when dropped. What a removal left that was cut off goes.
    fn lock(&self) -> Result<File, Error> {
        let locked = File::open(&self.all).and_then(|folder| folder.lock().map(|()| folder));
        let lock = locked.map_err(io_at(&self.all))?;
        for entry in fs::read_dir(&self.all).map_err(io_at(&self.all))?.flatten() {
            if entry.file_name().to_str().is_some_and(|name| name.starts_with(GONE)) {
                fs::remove_dir_all(entry.path()).map_err(io_at(&entry.path()))?;
            }
        }
        Ok(lock)
    }

    /// The first port that no preview has and nobody listens on.
    fn free_port(&self, listen: SocketAddr) -> Result<u16, Error> {
        let mut taken = BTreeSet::new();
        for name in self.names()? {
            taken.extend(self.read(&name)?.map(|preview| preview.port));
        }
        let from = listen.port().max(1);
        let is_free = |port: &u16| !taken.contains(port) && TcpListener::bind((listen.ip(), *port)).is_ok();
        (from..=u16::MAX).find(is_free).ok_or(Error::NoPort { from })
    }

    /// SECURITY: what is removed is a real folder of that name with a data file whose stamp is that preview's, or none.
    fn remove(&self, name: &PreviewName) -> Result<(), Error> {
        let home = self.home(name);
        match fs::symlink_metadata(&home) {
            Ok(found) if found.is_dir() => {}
            Ok(_) => return Err(Error::NotAPreview { path: home, why: "it is a link or a file" }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(Error::Unknown(name.clone())),
            Err(source) => return Err(Error::Io { path: home, source }),
        }
        // Held until everything is gone, so that no server begins in between.
        let held = match Store::open(&self.data_file(name), &name.environment()) {
            Ok(store) => Some(store),
            Err(OpenError::Missing { .. }) => None,
            Err(OpenError::Locked { pid, .. }) => return Err(Error::InUse { name: name.clone(), pid }),
            Err(error) => return Err(Error::Open(error)),
        };
        // First it is no preview any more, all at once; a removal that is cut off is finished by the next one.
        let gone = self.all.join(format!("{GONE}{name}-{}", std::process::id()));
        fs::rename(&home, &gone).map_err(io_at(&home))?;
        fs::remove_dir_all(&gone).map_err(io_at(&gone))?;
        drop(held);
        Ok(())
    }
}

fn io_at(path: &Path) -> impl FnOnce(io::Error) -> Error + '_ {
    move |source| Error::Io { path: path.to_owned(), source }
}
