//! What is known about the other environments, and which of them this one could not be compared with.

use std::fs;
use std::path::PathBuf;

use jiff::Timestamp;

use super::identity::IdentityFile;
use super::imported;
use crate::config::{PeerConfig, Peers};
use crate::domain::calendar::format::format_utc_day;
use crate::domain::{Environment, EnvironmentKind};

/// What is known about another environment.
pub(super) enum PeerIdentity {
    /// Its identity, where it is recorded, and when it was exported if that was on another machine.
    Known { identity: Box<IdentityFile>, path: PathBuf, exported_at: Option<Timestamp> },
    /// Something is there that cannot be compared, and the reason.
    Unknown(String),
    /// It has no data file on this machine, and its identity was not imported.
    Absent,
}

/// The identity of another environment: of its data file on this machine, or as it was imported.
pub(super) fn find_peer(own: &PeerConfig, peer: &PeerConfig) -> PeerIdentity {
    let path = IdentityFile::path_in(peer.home());
    let unknown =
        |error: &dyn std::fmt::Display| PeerIdentity::Unknown(format!("cannot read {}: {error}", path.display()));
    match fs::exists(&peer.data_file) {
        Ok(true) => {}
        Ok(false) => {
            return match imported::find(own, &peer.environment) {
                Ok(Some((path, found))) => PeerIdentity::Known {
                    identity: Box::new(found.identity),
                    path,
                    exported_at: Some(found.exported_at),
                },
                Ok(None) => PeerIdentity::Absent,
                Err(error) => PeerIdentity::Unknown(error.to_string()),
            };
        }
        Err(error) => return unknown(&error),
    }
    match IdentityFile::read(peer.home()) {
        // A folder that was copied here brings the identity file of its original environment.
        Ok(Some(identity)) if identity.environment != peer.environment => PeerIdentity::Unknown(format!(
            "{} is of “{}”; start “{}” once",
            path.display(),
            identity.environment,
            peer.environment
        )),
        Ok(Some(identity)) => PeerIdentity::Known { identity: Box::new(identity), path, exported_at: None },
        Ok(None) => PeerIdentity::Unknown(format!("{} is missing; start “{}” once", path.display(), peer.environment)),
        Err(error) => unknown(&error),
    }
}

/// Another environment, and whether this one was compared with it.
#[derive(Debug)]
pub struct PeerComparison {
    pub environment: Environment,
    pub result: ComparisonResult,
}

/// Whether an environment's identity was there to compare with.
#[derive(Debug)]
pub enum ComparisonResult {
    /// With the identity at `path`. Imported ones have a date.
    Compared {
        path: PathBuf,
        exported_at: Option<Timestamp>,
    },
    NotCompared {
        why: String,
    },
}

/// Which other environments this one is compared with. Those that are not used here, such as development beside production,
/// are left out.
pub fn comparisons(peers: &Peers) -> Vec<PeerComparison> {
    let compared = peers.others.iter().filter_map(|peer| {
        let result = match find_peer(&peers.own, peer) {
            PeerIdentity::Known { path, exported_at, .. } => ComparisonResult::Compared { path, exported_at },
            PeerIdentity::Unknown(why) => ComparisonResult::NotCompared { why },
            PeerIdentity::Absent if are_expected(&peers.own.environment, &peer.environment) => {
                let why = format!("{} does not exist", peer.data_file.display());
                ComparisonResult::NotCompared { why }
            }
            PeerIdentity::Absent => return None,
        };
        Some(PeerComparison { environment: peer.environment.clone(), result })
    });
    compared.collect()
}

/// Whether both environments are in use wherever one of them is: staging and production.
fn are_expected(own: &Environment, other: &Environment) -> bool {
    let is_expected = |kind| matches!(kind, EnvironmentKind::Staging | EnvironmentKind::Production);
    is_expected(own.kind()) && is_expected(other.kind())
}

impl PeerComparison {
    /// Why the environments were not compared, and what to do, if so.
    pub fn warning(&self) -> Option<String> {
        let ComparisonResult::NotCompared { why } = &self.result else { return None };
        let environment = &self.environment;
        Some(format!(
            "not compared with “{environment}”: {why}. If “{environment}” runs on another machine, run `atlas identity export` there and `atlas identity import` here; if it runs here, let this user read its identity.json (`atlas help isolate`)"
        ))
    }

    /// What was compared, in a few words.
    pub fn summary(&self) -> String {
        match &self.result {
            ComparisonResult::Compared { exported_at: Some(at), .. } => {
                format!("{} (identity exported on {})", self.environment, format_utc_day(*at))
            }
            ComparisonResult::Compared { .. } => self.environment.to_string(),
            ComparisonResult::NotCompared { why } => format!("{} (not compared: {why})", self.environment),
        }
    }
}
