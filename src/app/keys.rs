//! Keys and tokens. Every key is derived from the environment's secret, the file's own key and the environment's name,
//! so a token minted in one environment is noise in every other.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::{Error, random};
use crate::config::Secret;
use crate::domain::{AccountId, Environment};
use crate::store::schema::TokenHash;

/// What a token is for. A token of one purpose is not found under another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// A signed-in device.
    Session,
    /// A link that confirms an address.
    Verification,
    /// A link that lets a forgotten password be replaced.
    Reset,
    /// A link that puts another address in force.
    NewAddress,
    /// The answer to a challenge, and then the proof of it.
    Challenge,
    /// Six digits in a mail, told together with whose they are.
    Code,
    /// A recovery code of the second factor, told together with whose it is.
    Recovery,
    /// A device somebody has signed in from.
    Device,
    /// The secret of the second factor, which is not hashed but sealed with a key of its own.
    TwoFactor,
    /// What the log calls a person.
    Log,
}

impl Purpose {
    fn word(self) -> &'static [u8] {
        match self {
            Self::Session => b"session",
            Self::Verification => b"verification",
            Self::Reset => b"reset",
            Self::NewAddress => b"new-address",
            Self::Challenge => b"challenge",
            Self::Code => b"code",
            Self::Recovery => b"recovery",
            Self::Device => b"device",
            Self::TwoFactor => b"two-factor",
            Self::Log => b"log",
        }
    }
}

/// The keys of one data file in one environment.
#[derive(Clone)]
pub struct Keys {
    root: [u8; 32],
    /// What recovery codes are hashed with. It does not depend on the environment's secret, so that they still let people
    /// in when that was changed; they are long enough to need no key that is kept elsewhere.
    lasting: [u8; 32],
    /// The root under the secret before this one, for what was sealed with it.
    previous: Option<[u8; 32]>,
    /// What the keys of the two purposes that every request has are begun with, so that they are not derived each time.
    session: Keyed,
    log: Keyed,
}

/// A secret that is given to one person once: 32 random bytes, base64url.
pub struct Token {
    /// What the person holds.
    pub text: String,
    /// What is stored instead.
    pub hash: TokenHash,
}

impl Keys {
    /// Derives the keys. Without a secret, as in development, the file's own key carries the weight alone.
    pub fn derive(secret: Option<&Secret>, file_key: &[u8; 32], environment: &Environment) -> Self {
        let secret = secret.map_or(&b""[..], |secret| secret.reveal().as_bytes());
        let root = |secret| keyed_hash(&keyed_hash(file_key, secret), environment.to_string().as_bytes());
        let begun = |purpose: Purpose| keyed(&keyed_hash(&root(secret), purpose.word()));
        // No secret is this short.
        let lasting = root(b"lasting");
        let (session, log) = (begun(Purpose::Session), begun(Purpose::Log));
        Self { root: root(secret), lasting, previous: None, session, log }
    }

    /// These keys, with what was sealed under the secret of `previous` still to be opened.
    pub fn after(self, previous: Option<Self>) -> Self {
        Self { previous: previous.map(|previous| previous.root), ..self }
    }

    /// The key of one purpose.
    pub(super) fn of(&self, purpose: Purpose) -> [u8; 32] {
        let root = if purpose == Purpose::Recovery { &self.lasting } else { &self.root };
        keyed_hash(root, purpose.word())
    }

    /// The key that a purpose had under the secret before this one, if it is known.
    pub(super) fn before(&self, purpose: Purpose) -> Option<[u8; 32]> {
        self.previous.map(|root| keyed_hash(&root, purpose.word()))
    }

    /// A new token.
    ///
    /// # Errors
    /// When the system gives no random numbers.
    pub fn mint(&self, purpose: Purpose) -> Result<Token, Error> {
        let text = URL_SAFE_NO_PAD.encode(random::<32>()?);
        let hash = self.hash(purpose, &text);
        Ok(Token { text, hash })
    }

    /// Six random digits.
    ///
    /// # Errors
    /// When the system gives no random numbers.
    pub fn digits(&self) -> Result<String, Error> {
        // The remainder of 64 random bits favours no number by more than one in ten billion.
        Ok(format!("{:06}", u64::from_be_bytes(random()?) % 1_000_000))
    }

    /// Under what six digits are stored: the same digits of two accounts have nothing in common.
    pub fn codes(&self) -> impl Fn(AccountId, &str) -> [u8; 32] + Send + use<> {
        let key = self.of(Purpose::Code);
        move |account, digits| keyed_hash(&key, format!("{account}:{digits}").as_bytes())
    }

    /// What the log calls a person: always the same, and of no use to whoever has only the log.
    pub fn pseudonym(&self, person: AccountId) -> String {
        let hash = self.hash(Purpose::Log, &person.to_string());
        hash.iter().take(6).fold(String::new(), |name, byte| format!("{name}{byte:02x}"))
    }

    /// Under what a token is stored. Any text has a hash; that of no token leads nowhere.
    pub fn hash(&self, purpose: Purpose, text: &str) -> TokenHash {
        let begun = match purpose {
            Purpose::Session => self.session.clone(),
            Purpose::Log => self.log.clone(),
            purpose => keyed(&self.of(purpose)),
        };
        finished(begun, text.as_bytes())
    }
}

/// HMAC-SHA-256. The key is padded to a block with zeros, as HMAC itself would do (RFC 2104 §2).
fn keyed_hash(key: &[u8; 32], message: &[u8]) -> [u8; 32] {
    finished(keyed(key), message)
}

/// A hash that has taken in its key and nothing else.
type Keyed = Hmac<Sha256>;

fn keyed(key: &[u8; 32]) -> Keyed {
    let mut block = [0; 64];
    let (front, _) = block.split_at_mut(key.len());
    front.copy_from_slice(key);
    Hmac::new(&block.into())
}

fn finished(mut begun: Keyed, message: &[u8]) -> [u8; 32] {
    begun.update(message);
    begun.finalize().into_bytes().into()
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
        for elsewhere in
            [keys("another", 1, "staging"), keys("one secret", 2, "staging"), keys("one secret", 1, "production")]
        {
            assert_ne!(hash, elsewhere.hash(Purpose::Session, "token"));
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
