//! Files between their preview and their import, so that nobody has to choose a file twice. Kept in memory only, for a short time.

use std::collections::VecDeque;

use bytes::Bytes;
use data_encoding::HEXLOWER;
use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;
use sha2::{Digest, Sha256};

use crate::domain::AccountId;

/// How long a file is kept after its last preview.
const LIFETIME: SignedDuration = SignedDuration::from_mins(30);
/// A larger file has to be chosen again.
const MAX_BYTES: usize = 8 << 20;
/// All files together. The oldest make room for new ones.
const MAX_TOTAL_BYTES: usize = 64 << 20;
/// The files of one account.
const MAX_PER_ACCOUNT: usize = 3;

/// Files by account and digest. Two tabs with the same file share it.
#[derive(Default)]
pub struct KeptUploads(Mutex<VecDeque<KeptUpload>>);

struct KeptUpload {
    account: AccountId,
    digest: String,
    bytes: Bytes,
    expires_at: Timestamp,
}

impl KeptUploads {
    /// Keeps a file, and returns the digest by which it is found; `None` when it is too large.
    pub fn keep(&self, account: AccountId, bytes: &Bytes, now: Timestamp) -> Option<String> {
        if bytes.len() > MAX_BYTES {
            return None;
        }
        let digest = HEXLOWER.encode(&Sha256::digest(bytes));
        let mut uploads = self.0.lock();
        uploads.retain(|upload| upload.expires_at > now && !(upload.account == account && upload.digest == digest));
        let expires_at = now.checked_add(LIFETIME).unwrap_or(now);
        // The copy lets go of the rest of the form.
        let bytes = Bytes::copy_from_slice(bytes);
        uploads.push_back(KeptUpload { account, digest: digest.clone(), bytes, expires_at });
        while uploads.iter().filter(|upload| upload.account == account).count() > MAX_PER_ACCOUNT {
            let oldest = uploads.iter().position(|upload| upload.account == account);
            oldest.and_then(|at| uploads.remove(at));
        }
        while uploads.iter().map(|upload| upload.bytes.len()).sum::<usize>() > MAX_TOTAL_BYTES {
            uploads.pop_front();
        }
        Some(digest)
    }

    /// The file, if it is still kept.
    pub fn find(&self, account: AccountId, digest: &str, now: Timestamp) -> Option<Bytes> {
        let mut uploads = self.0.lock();
        uploads.retain(|upload| upload.expires_at > now);
        let found = uploads.iter().find(|upload| upload.account == account && upload.digest == digest);
        found.map(|upload| upload.bytes.clone())
    }

    /// Forgets an account's file.
    pub fn remove(&self, account: AccountId, digest: &str) {
        self.0.lock().retain(|upload| upload.account != account || upload.digest != digest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(number: u8) -> AccountId {
        AccountId::from_bytes([number; 16])
    }

    fn at(minutes: i64) -> Timestamp {
        Timestamp::from_second(minutes * 60).unwrap()
    }

    #[test]
    fn a_file_is_found_by_its_owner_for_half_an_hour() {
        let (uploads, file) = (KeptUploads::default(), Bytes::from_static(b"file"));
        let digest = uploads.keep(account(1), &file, at(0)).unwrap();
        assert_eq!(uploads.find(account(1), &digest, at(29)), Some(file.clone()));
        assert_eq!(uploads.find(account(2), &digest, at(29)), None);
        uploads.keep(account(1), &file, at(20)).unwrap();
        assert_eq!(uploads.find(account(1), &digest, at(49)), Some(file));
        assert_eq!(uploads.find(account(1), &digest, at(50)), None);
        assert!(uploads.0.lock().is_empty());
    }

    #[test]
    fn memory_is_limited_in_all_and_for_each_account() {
        let uploads = KeptUploads::default();
        let keep = |owner: u8, fill: u8, bytes: usize| uploads.keep(account(owner), &vec![fill; bytes].into(), at(0));
        assert_eq!(keep(1, 0, MAX_BYTES + 1), None);
        let digests: Vec<String> = (0..4).map(|fill| keep(1, fill, 10).unwrap()).collect();
        assert_eq!(uploads.find(account(1), &digests[0], at(0)), None);
        assert!(uploads.find(account(1), &digests[1], at(0)).is_some());
        for owner in 2..12 {
            keep(owner, 0, MAX_BYTES).unwrap();
        }
        let total: usize = uploads.0.lock().iter().map(|upload| upload.bytes.len()).sum();
        assert_eq!(total, MAX_TOTAL_BYTES);
        uploads.remove(account(11), &HEXLOWER.encode(&Sha256::digest(vec![0; MAX_BYTES])));
        assert_eq!(uploads.0.lock().len(), 7);
    }
}
