//! Recovery codes: generating them, and hashing them for storage.

use crate::app::identity::keys::{Keys, Purpose};
use crate::app::{App, Error, random_bytes};
use crate::domain::AccountId;
use crate::domain::accounts::code::normalize_recovery_code;
use crate::domain::accounts::two_factor::{RECOVERY_CODE_COUNT, format_recovery_code};

/// Hashes a recovery code. The account is part of the hash, so a code is valid for one account only.
pub(super) fn hash_recovery_code(keys: &Keys, account: AccountId, code: &str) -> [u8; 32] {
    keys.hash(Purpose::Recovery, &format!("{account} {}", normalize_recovery_code(code)))
}

/// Generates recovery codes and their hashes.
pub(super) fn generate_recovery_codes(app: &App, account: AccountId) -> Result<(Vec<String>, Vec<[u8; 32]>), Error> {
    let codes =
        (0..RECOVERY_CODE_COUNT).map(|_| random_bytes().map(format_recovery_code)).collect::<Result<Vec<_>, _>>()?;
    let hashes = codes.iter().map(|code| hash_recovery_code(&app.keys, account, code)).collect();
    Ok((codes, hashes))
}
