//! Encryption of secrets in the data file under a key derived from the environment's secret, so that a copy of the file
//! alone doesn't reveal them.
//!
//! Uses XChaCha20-Poly1305, whose nonces are long enough to be drawn at random without limit
//! (draft-irtf-cfrg-xchacha-03 §3.1). The account id is the associated data, so a ciphertext moved to another account
//! cannot be decrypted.

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305};

use crate::app::identity::keys::{Keys, Purpose};
use crate::app::{Error, random_bytes};
use crate::domain::AccountId;
use crate::domain::accounts::two_factor::EncryptedSecret;

const NONCE_BYTES: usize = 24;

/// A decrypted secret.
pub(in crate::app) struct Decrypted {
    pub(in crate::app) plaintext: Vec<u8>,
    /// Whether it was encrypted under the previous secret and should be encrypted again.
    pub(in crate::app) is_old: bool,
}

impl Keys {
    /// Encrypts a secret of `account`.
    ///
    /// # Errors
    /// When the operating system provides no random bytes.
    pub(in crate::app) fn encrypt(
        &self,
        purpose: Purpose,
        account: AccountId,
        plaintext: &[u8],
    ) -> Result<EncryptedSecret, Error> {
        let nonce: [u8; NONCE_BYTES] = random_bytes()?;
        let aad = account.to_bytes();
        let ciphertext = XChaCha20Poly1305::new(&self.key_for(purpose).into())
            .encrypt(&nonce.into(), Payload { msg: plaintext, aad: &aad })
            .map_err(|_| Error::broken("encryption failed"))?;
        Ok(EncryptedSecret(STANDARD_NO_PAD.encode([&nonce[..], &ciphertext].concat())))
    }

    /// Decrypts a secret of `account`; `None` if neither the current nor the previous secret fits.
    pub(in crate::app) fn decrypt(
        &self,
        purpose: Purpose,
        account: AccountId,
        encrypted: &EncryptedSecret,
    ) -> Option<Decrypted> {
        let bytes = STANDARD_NO_PAD.decode(&encrypted.0).ok()?;
        let (nonce, msg) = bytes.split_first_chunk::<NONCE_BYTES>()?;
        let aad = account.to_bytes();
        let open = |key: [u8; 32]| {
            XChaCha20Poly1305::new(&key.into()).decrypt(&(*nonce).into(), Payload { msg, aad: &aad }).ok()
        };
        match open(self.key_for(purpose)) {
            Some(plaintext) => Some(Decrypted { plaintext, is_old: false }),
            None => open(self.previous_key_for(purpose)?).map(|plaintext| Decrypted { plaintext, is_old: true }),
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
    fn a_secret_is_decrypted_only_for_its_account_under_the_current_or_the_previous_secret() {
        let account = |n| AccountId::generate(jiff::Timestamp::UNIX_EPOCH, [n; 10]);
        let sealed = keys("first").encrypt(Purpose::TwoFactor, account(1), b"known to two").unwrap();
        let opened = keys("first").decrypt(Purpose::TwoFactor, account(1), &sealed).unwrap();
        assert_eq!((opened.plaintext.as_slice(), opened.is_old), (&b"known to two"[..], false));
        let opened =
            keys("second").with_previous(Some(keys("first"))).decrypt(Purpose::TwoFactor, account(1), &sealed).unwrap();
        assert_eq!((opened.plaintext.as_slice(), opened.is_old), (&b"known to two"[..], true));

        assert!(keys("first").decrypt(Purpose::TwoFactor, account(2), &sealed).is_none());
        assert!(keys("first").decrypt(Purpose::Session, account(1), &sealed).is_none());
        assert!(keys("second").decrypt(Purpose::TwoFactor, account(1), &sealed).is_none());
        for odd in ["", "AAAA", "not base64!", &"A".repeat(80)] {
            assert!(
                keys("first").decrypt(Purpose::TwoFactor, account(1), &EncryptedSecret(odd.to_owned())).is_none(),
                "{odd}"
            );
        }
        let again = keys("first").encrypt(Purpose::TwoFactor, account(1), b"known to two").unwrap();
        assert_ne!(sealed, again);
    }
}
