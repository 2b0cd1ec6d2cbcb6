//! Keys and tokens. Every key is derived from the environment's secret, the file's key and the environment's name, so a
//! token generated in one environment is meaningless in every other.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::app::{Error, random_bytes};
use crate::config::Secret;
use crate::domain::{AccountId, Environment};
use crate::store::tables::schema::TokenHash;

/// What a key or token is for. A token of one purpose is not accepted for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    Session,
    /// A link that confirms the address of a sign-up.
    Verification,
    /// The cookie of a browser that has signed up.
    SignUp,
    /// A link that resets a forgotten password.
    Reset,
    /// A link that confirms a new address.
    NewAddress,
    /// A step-up challenge, and later its proof.
    Challenge,
    /// The code of a verification email, hashed with its account.
    Code,
    /// A recovery code of the second factor, hashed with its account.
    Recovery,
    /// The device cookie of a browser that has signed in.
    Device,
    /// An email address, as the key of what was requested for it.
    Address,
    /// The secret of the second factor, which is encrypted, not hashed.
    TwoFactor,
    /// The pseudonym of an account in the log.
    Log,
    /// The seal of a data export.
    Export,
}

impl Purpose {
    fn label(self) -> &'static [u8] {
        match self {
            Self::Session => b"session",
            Self::Verification => b"verification",
            Self::SignUp => b"sign-up",
            Self::Reset => b"reset",
            Self::NewAddress => b"new-address",
            Self::Challenge => b"challenge",
            Self::Code => b"code",
            Self::Recovery => b"recovery",
            Self::Device => b"device",
            Self::Address => b"address",
            Self::TwoFactor => b"two-factor",
            Self::Log => b"log",
            Self::Export => b"export",
        }
    }
}

/// The keys of one data file in one environment.
#[derive(Clone)]
pub struct Keys {
    root: [u8; 32],
    /// For recovery codes and the seals of exports. It doesn't depend on the environment's secret, so that they are still valid
    /// after it was changed. Recovery codes are long enough to need no key stored outside the file.
    lasting_root: [u8; 32],
    /// The root under the previous secret, for decrypting what was encrypted under it.
    previous: Option<[u8; 32]>,
    /// Precomputed for the two purposes that every request needs.
    session: KeyedHasher,
    log: KeyedHasher,
}

/// A secret given to one user: 32 random bytes, base64url. Only its hash is stored.
pub struct Token {
    pub text: String,
    pub hash: TokenHash,
}

impl Keys {
    /// Derives the keys. Without a secret, e.g. in development, they depend on the file's key alone.
    pub fn derive(secret: Option<&Secret>, file_key: &[u8; 32], environment: &Environment) -> Self {
        let secret = secret.map_or(&b""[..], |secret| secret.reveal().as_bytes());
        let root = |secret| keyed_hash(&keyed_hash(file_key, secret), environment.to_string().as_bytes());
        let hasher = |purpose: Purpose| keyed_hasher(&keyed_hash(&root(secret), purpose.label()));
        // In the place of the secret. Secrets are longer, so none can collide with it.
        let lasting_root = root(b"lasting");
        let (session, log) = (hasher(Purpose::Session), hasher(Purpose::Log));
        Self { root: root(secret), lasting_root, previous: None, session, log }
    }

    /// Also decrypts what was encrypted under the keys of `previous`.
    pub fn with_previous(self, previous: Option<Self>) -> Self {
        Self { previous: previous.map(|previous| previous.root), ..self }
    }

    pub(super) fn key_for(&self, purpose: Purpose) -> [u8; 32] {
        let is_lasting = matches!(purpose, Purpose::Recovery | Purpose::Export);
        let root = if is_lasting { &self.lasting_root } else { &self.root };
        keyed_hash(root, purpose.label())
    }

    /// The key under the previous secret, if there is one.
    pub(super) fn previous_key_for(&self, purpose: Purpose) -> Option<[u8; 32]> {
        self.previous.map(|root| keyed_hash(&root, purpose.label()))
    }

    /// Generates a token.
    ///
    /// # Errors
    /// When the operating system provides no random bytes.
    pub fn generate_token(&self, purpose: Purpose) -> Result<Token, Error> {
        let text = URL_SAFE_NO_PAD.encode(random_bytes::<32>()?);
        let hash = self.hash(purpose, &text);
        Ok(Token { text, hash })
    }

    /// Generates a code of six digits.
    ///
    /// # Errors
    /// When the operating system provides no random bytes.
    pub fn generate_code(&self) -> Result<String, Error> {
        // The remainder of 64 random bits favors no number by more than one in ten billion.
        Ok(format!("{:06}", u64::from_be_bytes(random_bytes()?) % 1_000_000))
    }

    /// Hashes six-digit codes for storage. The account is part of the hash, so equal codes of two accounts differ.
    pub fn code_hasher(&self) -> impl Fn(AccountId, &str) -> [u8; 32] + Send + use<> {
        let key = self.key_for(Purpose::Code);
        move |account, code| keyed_hash(&key, format!("{account}:{code}").as_bytes())
    }

    /// The pseudonym of an account in the log: stable, and not reversible without the keys.
    pub fn pseudonym(&self, account: AccountId) -> String {
        let hash = self.hash(Purpose::Log, &account.to_string());
        hash.iter().take(6).fold(String::new(), |name, byte| format!("{name}{byte:02x}"))
    }

    /// Hashes a token for storage and lookup. Any text can be hashed.
    pub fn hash(&self, purpose: Purpose, text: &str) -> TokenHash {
        let hasher = match purpose {
            Purpose::Session => self.session.clone(),
            Purpose::Log => self.log.clone(),
            purpose => keyed_hasher(&self.key_for(purpose)),
        };
        finish(hasher, text.as_bytes())
    }
}

/// HMAC-SHA-256 (RFC 2104).
fn keyed_hash(key: &[u8; 32], message: &[u8]) -> [u8; 32] {
    finish(keyed_hasher(key), message)
}

/// A hasher that has consumed its key and no message yet.
type KeyedHasher = Hmac<Sha256>;

#[allow(clippy::expect_used, reason = "HMAC takes a key of any length (RFC 2104)")]
fn keyed_hasher(key: &[u8; 32]) -> KeyedHasher {
    Hmac::new_from_slice(key).expect("a key of any length")
}

fn finish(mut hasher: KeyedHasher, message: &[u8]) -> [u8; 32] {
    hasher.update(message);
    hasher.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_keyed_hash_is_the_one_of_rfc_4231() {
        // Test case 2 has a key of four bytes; padded with zeros it is the same key.
        let mut key = [0; 32];
        key[..4].copy_from_slice(b"Jefe");
        let hash = keyed_hash(&key, b"what do ya want for nothing?");
        let expected = [
            0x5b, 0xdc, 0xc1, 0x46, 0xbf, 0x60, 0x75, 0x4e, 0x6a, 0x04, 0x24, 0x26, 0x08, 0x95, 0x75, 0xc7, 0x5a, 0x00,
            0x3f, 0x08, 0x9d, 0x27, 0x39, 0x83, 0x9d, 0xec, 0x58, 0xb9, 0x64, 0xec, 0x38, 0x43,
        ];
        assert_eq!(hash, expected);
    }

    #[test]
    fn a_token_means_nothing_in_another_environment_file_or_purpose() {
        let keys = |secret, file, environment: &str| {
            Keys::derive(Some(&Secret::new(secret)), &[file; 32], &environment.parse().unwrap())
        };
        let here = keys("one secret", 1, "staging");
        let hash = here.hash(Purpose::Session, "token");
        assert_eq!(hash, keys("one secret", 1, "staging").hash(Purpose::Session, "token"));
        for other in
            [keys("another", 1, "staging"), keys("one secret", 2, "staging"), keys("one secret", 1, "production")]
        {
            assert_ne!(hash, other.hash(Purpose::Session, "token"));
        }
        assert_ne!(hash, here.hash(Purpose::Verification, "token"));
    }

    #[test]
    fn recovery_codes_outlive_a_changed_secret_and_mean_nothing_in_another_file_or_environment() {
        let recovery = |secret, file, environment: &str| {
            let keys = Keys::derive(Some(&Secret::new(secret)), &[file; 32], &environment.parse().unwrap());
            keys.hash(Purpose::Recovery, "code")
        };
        let here = recovery("one secret", 1, "staging");
        assert_eq!(here, recovery("another", 1, "staging"));
        assert_ne!(here, recovery("one secret", 2, "staging"));
        assert_ne!(here, recovery("one secret", 1, "production"));
    }
}
