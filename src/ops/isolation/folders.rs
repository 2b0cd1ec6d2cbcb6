//! Whether the folders that an environment writes to are its own: no links, not marked as another environment's, and not
//! inside a folder of another environment, however it got there.

use std::path::{Path, PathBuf};

use super::same_path::{is_inside, is_same_path};
use crate::config::{PeerConfig, Peers};
use crate::domain::Environment;
use crate::domain::environment::files::{releases_folder, snapshots_folder};
use crate::store::backup::folder_owner::{FileRule, FolderError, FolderOwner};

/// Why a folder is not this environment's.
#[derive(Debug, thiserror::Error)]
pub enum SharedFolder {
    #[error(transparent)]
    Foreign(#[from] FolderError),
    #[error(
        "{path} is {}, which belongs to “{found}”; expected a separate folder for “{expected}”. Nothing was changed. Check what is linked or mounted there, and snapshots.copy_to", .other.display()
    )]
    Shared { path: PathBuf, other: PathBuf, found: Box<Environment>, expected: Box<Environment> },
}

/// Checks the folders of snapshots, releases and off-site copies, without writing.
///
/// # Errors
/// [`SharedFolder`].
pub fn check_folders(peers: &Peers) -> Result<(), SharedFolder> {
    let own = &peers.own;
    let owner = FolderOwner::without_file(&own.environment);
    let (snapshots, releases) = (snapshots_folder(&own.data_file), releases_folder(&own.data_file));
    let offsite = offsite_folder(own);
    for folder in [&snapshots, &releases].into_iter().chain(&offsite) {
        match owner.check(folder, FileRule::AnyFile) {
            // The disk of the off-site copies may be away, which must not stop the server. Each copy checks the folder again.
            Err(FolderError::Io { .. }) if Some(folder) == offsite.as_ref() => {}
            checked => checked?,
        }
        for peer in &peers.others {
            if let Some(other) = find_shared(own, folder, peer) {
                return Err(SharedFolder::Shared {
                    path: folder.clone(),
                    other,
                    found: Box::new(peer.environment.clone()),
                    expected: Box::new(own.environment.clone()),
                });
            }
        }
    }
    Ok(())
}

/// The folder of the other environment that contains this one.
fn find_shared(own: &PeerConfig, folder: &Path, peer: &PeerConfig) -> Option<PathBuf> {
    let home = peer.home().to_owned();
    let mut others = vec![snapshots_folder(&peer.data_file), releases_folder(&peer.data_file)];
    others.extend(offsite_folder(peer));
    // Below the folder of an environment there may be the folder of another one, with everything that belongs to it.
    if !is_inside(own.home(), &home) || is_same_path(own.home(), &home) {
        others.push(home);
    }
    others.into_iter().find(|other| is_inside(folder, other))
}

/// Where the off-site copies of an environment are.
fn offsite_folder(config: &PeerConfig) -> Option<PathBuf> {
    config.copy_to.as_ref().map(|root| root.join(config.environment.to_string()))
}
