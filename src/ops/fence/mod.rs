//! The fence: environments are told apart before anything is written, and each refusal names what was found, what was
//! expected, and the fix.
//!
//! Three looks, each of which suffices to refuse. [`crossings`] holds what was written of one environment against the
//! others: data file, address, sender, and, by the [`identity`] that each leaves beside its data file, the secrets of
//! processes that share nothing but a disk. [`open`] looks at the stamp, as the store does on every open, and then whether
//! this is the file that lives in its folder. What passes all three leaves its own identity for the others.

mod crossings;
mod fingerprint;
pub mod identity;
mod place;

use std::path::PathBuf;

use crate::config::{Settings, Surroundings, Traits};
use crate::domain::stamp::Stamp;
use crate::domain::{Environment, FileId};
use crate::store::{OpenError, Opened, Store};
pub use crossings::crossings;
use identity::Identity;

/// Why a data file was not opened.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The store said why.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The folder is the home of another file of the same environment.
    #[error(
        "{path} is another data file of “{environment}”: its id is {found}, and {home} says that {expected} lives here. It may come from another installation. Nothing was changed. Put the file back that belongs here; if this one is meant to stay for good, remove {home} and start again."
    )]
    Foreign {
        /// The data file.
        path: PathBuf,
        /// Whose both files are.
        environment: Box<Environment>,
        /// The id in the file's stamp.
        found: FileId,
        /// The id that is known.
        expected: FileId,
        /// Where it is known from.
        home: PathBuf,
    },
    /// Somebody else says that it is theirs.
    #[error(
        "{path} says that it belongs to “{found}”, and {home} knows the file with its id {id} as that of “{expected}”: it is a copy whose stamp was edited, or the other way round. Nothing was changed. Put the file of “{found}” back, from a snapshot or a backup; data of another environment is never taken over."
    )]
    Claimed {
        /// The data file.
        path: PathBuf,
        /// Its id.
        id: FileId,
        /// What its stamp says.
        found: Box<Environment>,
        /// Who is known to have that file.
        expected: Box<Environment>,
        /// Where that is known from.
        home: PathBuf,
    },
    /// Another environment lives in the folder, which may have the file open.
    #[error(
        "the folder of {path} is the home of “{found}”, as {home} says; a folder of its own was expected for “{expected}”. Nothing was changed. Set data_file of “{expected}” to a file in another folder, as to data/{expected}/atlas.redb."
    )]
    Taken {
        /// The data file.
        path: PathBuf,
        /// Whose folder it is.
        found: Box<Environment>,
        /// Whose file was to lie there.
        expected: Box<Environment>,
        /// Where that is known from.
        home: PathBuf,
    },
}

/// The data file of these settings, made if it is missing, and known to the others from then on.
///
/// # Errors
/// [`Error`]; nothing was written.
pub fn open(
    settings: &Settings,
    newborn: impl FnOnce() -> (FileId, [u8; 32], jiff::Timestamp),
) -> Result<Opened, Error> {
    recognise(settings)?;
    let opened = Store::open_or_create(&settings.data_file, &settings.environment, newborn)?;
    introduce(&settings.surroundings.own, opened.store.stamp(), |_| ());
    Ok(opened)
}

/// The same for a file that must be there. `untold` hears why the others do not know it, where that is so.
///
/// # Errors
/// [`Error`]; nothing was written.
pub fn open_existing(settings: &Settings, untold: impl FnOnce(&str)) -> Result<Store, Error> {
    recognise(settings)?;
    let store = Store::open(&settings.data_file, &settings.environment)?;
    introduce(&settings.surroundings.own, store.stamp(), untold);
    Ok(store)
}

/// Looks without writing whether the data file, if there is one, may be opened here.
///
/// # Errors
/// [`Error`], [`OpenError::Locked`] included.
pub fn recognise(settings: &Settings) -> Result<(), Error> {
    let around = &settings.surroundings;
    let known = identity::read(around.own.home()).ok().flatten();
    let stamp = Store::look(&settings.data_file, &settings.environment);
    if let Some(known) = &known {
        // The stamp of a file that a server has cannot be read; the server left its identity when it opened the file.
        let is_held = matches!(stamp, Err(OpenError::Locked { .. }));
        free_of_others(&around.own, known, is_held)?;
    }
    if let Some(stamp) = stamp? {
        at_home(around, known, &stamp)?;
    }
    Ok(())
}

/// Whether nobody else lives in the folder.
fn free_of_others(own: &Traits, known: &Identity, is_held: bool) -> Result<(), Error> {
    let theirs = own.home().join(&known.data_file);
    // An identity without a file of its own was left here by mistake, and is written anew.
    let lives_here = theirs.is_file() && (is_held || !place::is_one(&theirs, &own.data_file));
    if known.environment == own.environment || !lives_here {
        return Ok(());
    }
    Err(Error::Taken {
        path: own.data_file.clone(),
        found: Box::new(known.environment.clone()),
        expected: Box::new(own.environment.clone()),
        home: identity::path_in(own.home()),
    })
}

/// Whether the identities beside the file and elsewhere agree that this is the file that lives here.
fn at_home(around: &Surroundings, known: Option<Identity>, stamp: &Stamp) -> Result<(), Error> {
    let claimed = |by: &Traits, known: Identity| Error::Claimed {
        path: around.own.data_file.clone(),
        id: stamp.file_id,
        found: Box::new(stamp.environment.clone()),
        expected: Box::new(known.environment),
        home: identity::path_in(by.home()),
    };
    if let Some(known) = known {
        let is_same = known.file_id == stamp.file_id || stamp.lineage.contains(&known.file_id);
        match (is_same, known.environment == stamp.environment) {
            (true, false) => return Err(claimed(&around.own, known)),
            (false, true) => {
                return Err(Error::Foreign {
                    path: around.own.data_file.clone(),
                    environment: Box::new(known.environment),
                    found: stamp.file_id,
                    expected: known.file_id,
                    home: identity::path_in(around.own.home()),
                });
            }
            (true, true) | (false, false) => {}
        }
    }
    for other in &around.others {
        if let Some(known) = neighbour(other).filter(|known| known.file_id == stamp.file_id) {
            return Err(claimed(other, known));
        }
    }
    Ok(())
}

/// Leaves the identity of an open file beside it, if it is not there yet. Without it the others know less, which is no
/// reason to stop; it stands in the log, and `untold` hears it where nobody reads one.
fn introduce(own: &Traits, stamp: &Stamp, untold: impl FnOnce(&str)) {
    let known = identity::read(own.home());
    let before = known.as_ref().ok().and_then(Option::as_ref);
    let now = Identity::now(own, stamp, before);
    if before == Some(&now) {
        return;
    }
    let path = identity::path_in(own.home());
    if let Err(why) = &known {
        tracing::warn!(path = %path.display(), why, "the identity beside the data file was not readable; it is written anew");
    }
    if let Err(error) = now.write(own.home()) {
        tracing::warn!(path = %path.display(), %error, "the identity could not be left beside the data file");
        untold(&format!(
            "{}: {error}; the other environments do not know of this one until the next command that can write it",
            path.display()
        ));
    }
}

/// What another environment says of itself, as far as its folder and its file are there.
fn neighbour(other: &Traits) -> Option<Identity> {
    let known = identity::read(other.home()).ok().flatten()?;
    // One that was copied there with a whole folder is not theirs.
    (known.environment == other.environment && other.data_file.exists()).then_some(known)
}
