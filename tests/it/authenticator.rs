//! An authenticator app, as RFC 6238 describes it and independent of what Atlas makes of it.

use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;

/// An app that was given a secret.
pub struct Authenticator(Vec<u8>);

impl Authenticator {
    /// Takes the secret as it is typed.
    pub fn given(secret: &str) -> Self {
        Self(data_encoding::BASE32_NOPAD.decode(secret.as_bytes()).expect("the secret is base32"))
    }

    /// The code that it shows.
    #[allow(dead_code, reason = "where the clock stands still, nobody looks at this one")]
    pub fn shows_now(&self) -> String {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
        self.shows_at(now.as_secs().try_into().unwrap())
    }

    /// The secret itself.
    #[allow(dead_code, reason = "only one of the two binaries looks for it")]
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// The code that it shows, so many seconds after 1970.
    pub fn shows_at(&self, second: i64) -> String {
        let mut mac = Hmac::<Sha1>::new_from_slice(&self.0).unwrap();
        mac.update(&(second / 30).to_be_bytes());
        let hash = mac.finalize().into_bytes();
        let offset = usize::from(hash[19] & 0x0f);
        let number = u32::from_be_bytes(hash[offset..offset + 4].try_into().unwrap()) & 0x7fff_ffff;
        format!("{:06}", number % 1_000_000)
    }
}
