//! Fingerprints: whether two environments use the same secret, without revealing it.
//!
//! SECURITY: anyone who can read a fingerprint can guess secrets against it. Each guess costs an argon2id hash over 19 MiB
//! (OWASP Password Storage Cheat Sheet), and the random salt rules out precomputed tables. This protects secrets chosen by
//! people; a random secret of 32 characters can't be guessed anyway. Only the owner can read the file (mode 0600).

use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;

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

impl Fingerprint {
    /// A fingerprint with a new salt; `None` when the system provides no random numbers.
    pub fn new(secret: &Secret) -> Option<Self> {
        let mut salt = [0; 16];
        getrandom::fill(&mut salt).ok()?;
        let hash = slow_hash(secret, &salt)?;
        Some(Self { salt: URL_SAFE_NO_PAD.encode(salt), hash: URL_SAFE_NO_PAD.encode(hash) })
    }

    /// Whether this is the fingerprint of `secret`. Takes about ten milliseconds.
    pub fn matches(&self, secret: &Secret) -> bool {
        let expected = URL_SAFE_NO_PAD.decode(&self.hash).ok();
        let salt = URL_SAFE_NO_PAD.decode(&self.salt).ok();
        let hash = salt.and_then(|salt| slow_hash(secret, &salt));
        matches!((expected, hash), (Some(expected), Some(hash)) if bool::from(expected.ct_eq(&hash[..])))
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
        let fingerprint = Fingerprint::new(&secret).unwrap();
        assert!(fingerprint.matches(&secret) && !fingerprint.matches(&Secret::new("another secret")));
        assert_ne!(fingerprint, Fingerprint::new(&secret).unwrap(), "each fingerprint has a different salt");
        let corrupt = Fingerprint { salt: "?".to_owned(), ..fingerprint };
        assert!(!corrupt.matches(&secret));
    }
}
