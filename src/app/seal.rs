//! Sealing what the file must hold and must not tell: encrypted under a key that is derived from the environment's secret,
//! so that a copy of the file alone is not enough.
//!
//! XChaCha20-Poly1305, whose nonces are long enough to be drawn at random for ever
//! (draft-irtf-cfrg-xchacha-03 §3.1). Whose it is goes in as associated data: moved to another account it does not open.

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305};

use super::keys::{Keys, Purpose};
use super::{Error, random};
use crate::domain::AccountId;
use crate::domain::two_factor::Sealed;

const NONCE: usize = 24;

/// What was opened.
pub(super) struct Opened {
    /// What was sealed.
    pub plain: Vec<u8>,
    /// Whether it was sealed under the secret before this one, so that it wants to be sealed anew.
    pub is_old: bool,
}

impl Keys {
    /// Seals `plain` for `whose`.
    ///
    /// # Errors
    /// When the system gives no random numbers.
    pub(super) fn seal(&self, purpose: Purpose, whose: AccountId, plain: &[u8]) -> Result<Sealed, Error> {
        let nonce: [u8; NONCE] = random()?;
        let aad = whose.to_bytes();
        let sealed = XChaCha20Poly1305::new(&self.of(purpose).into())
            .encrypt(&nonce.into(), Payload { msg: plain, aad: &aad })
            .map_err(|_| Error::Broken("sealing failed".to_owned()))?;
        Ok(Sealed(STANDARD_NO_PAD.encode([&nonce[..], &sealed].concat())))
    }

    /// Opens what was sealed for `whose`; `None` when neither this secret nor the one before it fits.
    pub(super) fn open(&self, purpose: Purpose, whose: AccountId, sealed: &Sealed) -> Option<Opened> {
        let bytes = STANDARD_NO_PAD.decode(&sealed.0).ok()?;
        let (nonce, msg) = bytes.split_first_chunk::<NONCE>()?;
        let aad = whose.to_bytes();
        let open = |key: [u8; 32]| {
            XChaCha20Poly1305::new(&key.into()).decrypt(&(*nonce).into(), Payload { msg, aad: &aad }).ok()
        };
        match open(self.of(purpose)) {
            Some(plain) => Some(Opened { plain, is_old: false }),
            None => open(self.before(purpose)?).map(|plain| Opened { plain, is_old: true }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Secret;
    use crate::domain::Environment;

    fn keys(secret: &str) -> Keys {
        Keys::derive(Some(&Secret::new(secret)), &[1; 32], &Environment::development())
    }

    #[test]
    fn what_is_sealed_opens_for_whom_it_was_sealed_under_this_secret_or_the_one_before() {
        let account = |n| AccountId::mint(jiff::Timestamp::UNIX_EPOCH, [n; 10]);
        let sealed = keys("first").seal(Purpose::TwoFactor, account(1), b"known to two").unwrap();
        let opened = keys("first").open(Purpose::TwoFactor, account(1), &sealed).unwrap();
        assert_eq!((opened.plain.as_slice(), opened.is_old), (&b"known to two"[..], false));
        let opened = keys("second").after(Some(keys("first"))).open(Purpose::TwoFactor, account(1), &sealed).unwrap();
        assert_eq!((opened.plain.as_slice(), opened.is_old), (&b"known to two"[..], true));

        assert!(keys("first").open(Purpose::TwoFactor, account(2), &sealed).is_none());
        assert!(keys("first").open(Purpose::Session, account(1), &sealed).is_none());
        assert!(keys("second").open(Purpose::TwoFactor, account(1), &sealed).is_none());
        for odd in ["", "AAAA", "not base64!", &"A".repeat(80)] {
            assert!(keys("first").open(Purpose::TwoFactor, account(1), &Sealed(odd.to_owned())).is_none(), "{odd}");
        }
        let again = keys("first").seal(Purpose::TwoFactor, account(1), b"known to two").unwrap();
        assert_ne!(sealed, again);
    }
}
