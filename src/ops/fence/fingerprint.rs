//! Fingerprints: whether two environments hold the same secret, without telling it.
//!
//! SECURITY: whoever can read a fingerprint may try secrets against it. Each try costs argon2id over 19 MiB (OWASP Password
//! Storage Cheat Sheet), and each fingerprint has a salt of its own, so nothing can be worked out ahead. A random secret of
//! 32 characters is far beyond that anyway; this is for secrets that somebody thought of. The file is its owner's alone.

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
    /// That of `secret`, with a new salt; `None` when the system gives no random numbers.
    pub fn of(secret: &Secret) -> Option<Self> {
        let mut salt = [0; 16];
        getrandom::fill(&mut salt).ok()?;
        let hash = slow_hash(secret, &salt)?;
        Some(Self { salt: URL_SAFE_NO_PAD.encode(salt), hash: URL_SAFE_NO_PAD.encode(hash) })
    }

    /// Whether it is the fingerprint of `secret`. Takes some ten milliseconds.
    pub fn is_of(&self, secret: &Secret) -> bool {
        let known = URL_SAFE_NO_PAD.decode(&self.hash).ok();
        let salt = URL_SAFE_NO_PAD.decode(&self.salt).ok();
        let hash = salt.and_then(|salt| slow_hash(secret, &salt));
        matches!((known, hash), (Some(known), Some(hash)) if bool::from(known.ct_eq(&hash[..])))
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
    fn a_fingerprint_knows_its_secret_and_tells_nothing_of_it() {
        let secret = Secret::new("a secret that is long enough to be one");
        let one = Fingerprint::of(&secret).unwrap();
        assert!(one.is_of(&secret) && !one.is_of(&Secret::new("another secret")));
        assert_ne!(one, Fingerprint::of(&secret).unwrap(), "the same secret looks different each time");
        let damaged = Fingerprint { salt: "?".to_owned(), ..one };
        assert!(!damaged.is_of(&secret));
    }
}
