//! The cookie that proves that a browser has signed in to an account before.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use subtle::ConstantTimeEq;

use crate::app::error::Error;
use crate::app::identity::keys::{Keys, Purpose};
use crate::app::random::random_bytes;
use crate::domain::AccountId;

/// Accounts that one cookie can prove.
const MAX_ACCOUNTS: usize = 4;
/// The length of 16 bytes as base64url.
const PART_CHARS: usize = 22;

/// The new cookie of a browser that has just signed in to `account` and sent the cookie `device`. It still proves the
/// accounts that signed in before.
pub(super) fn remember_device(keys: &Keys, device: Option<&str>, account: AccountId) -> Result<String, Error> {
    let mut parts = device.map(split_cookie).unwrap_or_default().into_iter();
    let browser = match parts.next() {
        Some(browser) => browser.to_owned(),
        None => URL_SAFE_NO_PAD.encode(random_bytes::<16>()?),
    };
    let proof = device_proof(keys, &browser, account);
    let others = parts.filter(|part| *part != proof).take(MAX_ACCOUNTS - 1);
    let proofs = std::iter::once(proof.as_str()).chain(others).collect::<Vec<_>>().join(".");
    Ok(format!("{browser}.{proofs}"))
}

/// A device cookie is a random id of the browser, followed by a proof for each account that signed in with it.
fn split_cookie(cookie: &str) -> Vec<&str> {
    let is_valid = |part: &str| part.len() == PART_CHARS && URL_SAFE_NO_PAD.decode(part).is_ok();
    let parts: Vec<&str> = cookie.split('.').collect();
    if parts.iter().all(|part| is_valid(part)) { parts } else { Vec::new() }
}

/// The id of the browser, if `cookie` proves that `account` has signed in with it.
pub(super) fn known_device(keys: &Keys, cookie: &str, account: AccountId) -> Option<String> {
    let parts = split_cookie(cookie);
    let (browser, proofs) = parts.split_first()?;
    let expected = device_proof(keys, browser, account);
    let is_known = proofs.iter().any(|proof| proof.as_bytes().ct_eq(expected.as_bytes()).into());
    is_known.then(|| (*browser).to_owned())
}

/// Proves that `account` has signed in with that browser; only Atlas can write it.
fn device_proof(keys: &Keys, browser: &str, account: AccountId) -> String {
    let hash = keys.hash(Purpose::Device, &format!("{browser}.{account}"));
    URL_SAFE_NO_PAD.encode(hash.first_chunk::<16>().unwrap_or(&[0; 16]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Environment;
    use jiff::Timestamp;

    #[test]
    fn a_device_cookie_proves_its_own_accounts_and_no_others() {
        let keys = Keys::derive(None, &[1; 32], &Environment::development());
        let id = |n| AccountId::generate(Timestamp::UNIX_EPOCH, [n; 10]);
        let browser = URL_SAFE_NO_PAD.encode([7; 16]);
        let cookie =
            format!("{browser}.{}.{}", device_proof(&keys, &browser, id(1)), device_proof(&keys, &browser, id(2)));
        assert_eq!(known_device(&keys, &cookie, id(1)), Some(browser.clone()));
        assert_eq!(known_device(&keys, &cookie, id(2)), Some(browser.clone()));
        assert_eq!(known_device(&keys, &cookie, id(3)), None);
        let other_file = Keys::derive(None, &[2; 32], &Environment::development());
        assert_eq!(known_device(&other_file, &cookie, id(1)), None);
        for forged in ["", ".", &browser, &format!("{browser}."), &format!("{browser}.{browser}"), &cookie[1..]] {
            assert_eq!(known_device(&keys, forged, id(1)), None, "{forged}");
        }
    }
}
