//! Checking, opening and creating the data file of an environment.
//!
//! [`Error`] has one variant per check that can refuse a file, with what was found, what was expected, and the fix; nothing
//! was written. [`Error::Open`] is the store's own refusal, which includes a stamp of another environment and a file in use.

use std::path::PathBuf;

use super::folders::{SharedFolder, check_folders};
use super::identity::IdentityFile;
use super::lost_file::LostFile;
use super::peer::{PeerIdentity, find_peer};
use super::same_path::is_same_path;
use crate::config::{PeerConfig, Peers, Settings};
use crate::domain::environment::stamp::Stamp;
use crate::domain::{Environment, FileId};
use crate::store::migrations::Migrations;
use crate::store::{NewFileIdentity, OpenError, OpenedFile, Store, check_stamp};

/// Why a data file was not opened.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The store refused or could not open the file.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The data file is missing, and there was one.
    #[error("{0}")]
    Lost(LostFile),
    /// A folder beside the data file, or the off-site folder, is another environment's.
    #[error(transparent)]
    Folder(#[from] SharedFolder),
    /// The identity file in the folder names another data file of the same environment.
    #[error(
        "{path} is another data file of “{environment}”: its id is {found}, but {identity} records {expected}. It may come from another installation. Nothing was changed. Put the original file back. To keep this one for good, delete {identity} and start again."
    )]
    Foreign {
        path: PathBuf,
        /// The environment of both files.
        environment: Box<Environment>,
        /// The id in the stamp.
        found: FileId,
        /// The id in the identity file.
        expected: FileId,
        identity: PathBuf,
    },
    /// An identity file records this data file as that of another environment.
    #[error(
        "{path} claims to belong to “{found}”, but {identity} records its id {id} as that of “{expected}”: it is a copy with an edited stamp, or the other way round. Nothing was changed. Restore the file of “{found}” from a snapshot or a backup; Atlas never adopts data of another environment."
    )]
    Claimed {
        path: PathBuf,
        /// The id in the stamp.
        id: FileId,
        /// The environment in the stamp.
        found: Box<Environment>,
        /// The environment in the identity file.
        expected: Box<Environment>,
        identity: PathBuf,
    },
    /// The folder holds the data file of another environment.
    #[error(
        "{path} is in the folder of “{found}” (recorded in {identity}); expected a separate folder for “{expected}”. Nothing was changed. Set data_file of “{expected}” to a file in another folder, for example data/{expected}/atlas.redb."
    )]
    Taken {
        path: PathBuf,
        /// The environment whose folder it is.
        found: Box<Environment>,
        /// The environment whose data file was to be opened there.
        expected: Box<Environment>,
        identity: PathBuf,
    },
}

/// Whether a missing data file may be created.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Creation {
    /// Only where there was none before.
    First,
    /// Also in place of a lost or deleted one, whose snapshots can't be restored any more. Only on request.
    Anew,
}

/// The data file that an environment's settings name, and the migrations of this binary.
#[derive(Clone, Copy)]
pub struct DataFile<'a> {
    pub settings: &'a Settings,
    pub migrations: Migrations,
}

impl DataFile<'_> {
    /// Opens the data file, creating it with `new_identity` if it is missing, and updates the identity file.
    ///
    /// # Errors
    /// [`Error`]; nothing was written.
    pub fn open_or_create(
        self,
        creation: Creation,
        new_identity: impl FnOnce() -> NewFileIdentity,
    ) -> Result<OpenedFile, Error> {
        self.check()?;
        if creation == Creation::First {
            self.require_not_lost()?;
        }
        let Settings { data_file, environment, peers, .. } = self.settings;
        let opened = Store::open_or_create(data_file, environment, self.migrations, new_identity)?;
        update_identity(&peers.own, opened.store.stamp(), |_| ());
        Ok(opened)
    }

    /// Opens a data file that must exist. `on_warning` gets a message if the identity file can't be written.
    ///
    /// # Errors
    /// [`Error`]; nothing was written.
    pub fn open(self, on_warning: impl FnOnce(&str)) -> Result<Store, Error> {
        self.check()?;
        self.require_not_lost()?;
        let Settings { data_file, environment, peers, .. } = self.settings;
        let store = Store::open(data_file, environment, self.migrations)?;
        update_identity(&peers.own, store.stamp(), on_warning);
        Ok(store)
    }

    /// Checks that the data file isn't missing where there was one.
    ///
    /// # Errors
    /// [`Error::Lost`].
    pub fn require_not_lost(self) -> Result<(), Error> {
        LostFile::find(self.settings).map_or(Ok(()), |lost| Err(Error::Lost(lost)))
    }

    /// Checks, without writing, whether this environment may open the data file. A missing file passes.
    ///
    /// # Errors
    /// [`Error`], including [`OpenError::Locked`] while another process has the file open.
    pub fn check(self) -> Result<(), Error> {
        let Settings { data_file, environment, peers, .. } = self.settings;
        let identity = IdentityFile::read(peers.own.home()).ok().flatten();
        let stamp = check_stamp(data_file, environment, self.migrations);
        if let Some(identity) = &identity {
            // The stamp of a locked file can't be read, but the process that has it open wrote the identity file.
            let is_locked = matches!(stamp, Err(OpenError::Locked { .. }));
            check_folder(&peers.own, identity, is_locked)?;
        }
        match stamp {
            Err(error @ (OpenError::OtherEnvironment { .. } | OpenError::EditedStamp { .. })) => Err(error.into()),
            // A running server and a rollback of a file that does not open write to the folders, too.
            Err(error) => check_folders(peers).map_err(Error::from).and(Err(error.into())),
            Ok(stamp) => {
                if let Some(stamp) = &stamp {
                    check_identity(peers, identity, stamp)?;
                }
                Ok(check_folders(peers)?)
            }
        }
    }
}

/// Checks that no other environment keeps its data file in this folder.
fn check_folder(own: &PeerConfig, identity: &IdentityFile, is_locked: bool) -> Result<(), Error> {
    let recorded = own.home().join(&identity.data_file);
    // An identity file without its data file was copied here by mistake and is overwritten.
    let is_in_use = recorded.is_file() && (is_locked || !is_same_path(&recorded, &own.data_file));
    if identity.environment == own.environment || !is_in_use {
        return Ok(());
    }
    Err(Error::Taken {
        path: own.data_file.clone(),
        found: Box::new(identity.environment.clone()),
        expected: Box::new(own.environment.clone()),
        identity: IdentityFile::path_in(own.home()),
    })
}

/// Checks that the identity files, here and of the others, agree that this is the data file of this environment.
fn check_identity(peers: &Peers, identity: Option<IdentityFile>, stamp: &Stamp) -> Result<(), Error> {
    let claimed = |identity: IdentityFile, path| Error::Claimed {
        path: peers.own.data_file.clone(),
        id: stamp.file_id,
        found: Box::new(stamp.environment.clone()),
        expected: Box::new(identity.environment),
        identity: path,
    };
    if let Some(identity) = identity {
        let is_same_file = identity.file_id == stamp.file_id || stamp.lineage.contains(&identity.file_id);
        match (is_same_file, identity.environment == stamp.environment) {
            (true, false) => return Err(claimed(identity, IdentityFile::path_in(peers.own.home()))),
            (false, true) => {
                return Err(Error::Foreign {
                    path: peers.own.data_file.clone(),
                    environment: Box::new(identity.environment),
                    found: stamp.file_id,
                    expected: identity.file_id,
                    identity: IdentityFile::path_in(peers.own.home()),
                });
            }
            (true, true) | (false, false) => {}
        }
    }
    for peer in &peers.others {
        if let PeerIdentity::Known { identity, path, .. } = find_peer(&peers.own, peer)
            && identity.file_id == stamp.file_id
        {
            return Err(claimed(*identity, path));
        }
    }
    Ok(())
}

/// Writes the identity file of an open data file if it has changed. A failure weakens the checks of the other environments
/// but is no reason to stop: it is logged and passed to `on_warning`.
fn update_identity(own: &PeerConfig, stamp: &Stamp, on_warning: impl FnOnce(&str)) {
    let read = IdentityFile::read(own.home());
    let before = read.as_ref().ok().and_then(Option::as_ref);
    let now = IdentityFile::current(own, stamp, before);
    if now.is_written(own.home(), before) {
        return;
    }
    let path = IdentityFile::path_in(own.home());
    if let Err(error) = &read {
        tracing::warn!(path = %path.display(), %error, "rewriting an unreadable identity file");
    }
    if let Err(error) = now.write(own.home()) {
        tracing::warn!(path = %path.display(), %error, "cannot write the identity file");
        on_warning(&format!(
            "{}: {error}; other environments cannot check against this one until a command can write the file",
            path.display()
        ));
    }
}
