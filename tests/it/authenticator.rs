//! An authenticator app: an RFC 6238 implementation independent of Atlas's.

use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;

pub struct Authenticator(Vec<u8>);

impl Authenticator {
    /// Takes the base32 secret that the setup page shows.
    pub fn new(secret: &str) -> Self {
        Self(data_encoding::BASE32_NOPAD.decode(secret.as_bytes()).expect("the secret is base32"))
    }

    #[allow(dead_code, reason = "only the browser tests use the system clock")]
    pub fn current_code(&self) -> String {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
        self.code_at(now.as_secs().try_into().unwrap())
    }

    #[allow(dead_code, reason = "only one of the two test binaries uses it")]
    pub fn secret(&self) -> &[u8] {
        &self.0
    }

    pub fn code_at(&self, unix_seconds: i64) -> String {
        let mut mac = Hmac::<Sha1>::new_from_slice(&self.0).unwrap();
        mac.update(&(unix_seconds / 30).to_be_bytes());
        let hash = mac.finalize().into_bytes();
        let offset = usize::from(hash[19] & 0x0f);
        let number = u32::from_be_bytes(hash[offset..offset + 4].try_into().unwrap()) & 0x7fff_ffff;
        format!("{:06}", number % 1_000_000)
    }
}
