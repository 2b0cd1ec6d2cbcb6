//! Fingerprints: whether two environments use the same secret, without revealing it.
//!
//! SECURITY: anyone who can read a fingerprint can guess secrets against it. Each guess costs an argon2id hash over 19 MiB
//! (OWASP Password Storage Cheat Sheet), and the random salt rules out precomputed tables. This protects secrets chosen by
//! people; a random secret of 32 characters can't be guessed anyway. Only the owner of the file can read it, and the group that
//! the operator chose ([`super::identity`]).

use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use crate::config::Secret;

const MEMORY_KIB: u32 = 19_456;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// A salted, slow, one-way hash of a secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fingerprint {
    salt: String,
    hash: String,
}

/// What keeps tables of fingerprints from being computed in advance. All fingerprints of an environment have the same salt, so
/// that each secret of another environment is hashed once to be compared with all of them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Salt(String);

impl Salt {
    /// A new salt; `None` when the system provides no random numbers.
    pub(super) fn generate() -> Option<Self> {
        let mut salt = [0; 16];
        getrandom::fill(&mut salt).ok()?;
        Some(Self(URL_SAFE_NO_PAD.encode(salt)))
    }
}

impl Fingerprint {
    /// The fingerprint of a secret; `None` when the salt is malformed. Takes about ten milliseconds.
    pub(super) fn new(secret: &Secret, salt: &Salt) -> Option<Self> {
        let hash = slow_hash(secret, &URL_SAFE_NO_PAD.decode(&salt.0).ok()?)?;
        Some(Self { salt: salt.0.clone(), hash: URL_SAFE_NO_PAD.encode(hash) })
    }

    pub(super) fn salt(&self) -> Salt {
        Salt(self.salt.clone())
    }
}

fn slow_hash(secret: &Secret, salt: &[u8]) -> Option<[u8; 32]> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, Some(32)).ok()?;
    let mut hash = [0; 32];
    let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    argon.hash_password_into(secret.reveal().as_bytes(), salt, &mut hash).ok()?;
    Some(hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_matches_its_secret_only() {
        let secret = Secret::new("a secret that is long enough to be one");
        let (salt, other) = (Salt::generate().unwrap(), Salt::generate().unwrap());
        let fingerprint = Fingerprint::new(&secret, &salt).unwrap();
        assert_eq!(fingerprint, Fingerprint::new(&secret, &fingerprint.salt()).unwrap());
        assert_ne!(fingerprint, Fingerprint::new(&Secret::new("another secret"), &salt).unwrap());
        assert_ne!(fingerprint, Fingerprint::new(&secret, &other).unwrap(), "it depends on the salt");
        let corrupt = Fingerprint { salt: "?".to_owned(), ..fingerprint };
        assert_eq!(Fingerprint::new(&secret, &corrupt.salt()), None);
    }
}
