//! The MAC of a stamp: whether the stamp of a data file is still the one it was created with. Documents call it the seal.
//!
//! It is a keyed hash of the stamp under the file's own random key, in a row beside that key. Editing the stamp with a tool for
//! the file format, so that the file of one environment opens as another's, breaks it.
//!
//! SECURITY: why not under the environment's secret? Secrets are rotated, sometimes in an emergency and without the previous
//! one, and the file must still open afterwards; so a MAC under the secret could refuse nothing. And who can write a file of
//! staging knows staging's secret. The MAC detects edits by hand; it cannot stop a program written against it, which could as
//! well copy every row. What keeps one environment's sessions, links and second factors out of another are the keys derived
//! from secret, file key and environment. A file without a MAC is from before there were MACs and gets one when it is opened.

use hmac::{Hmac, KeyInit, Mac};
use redb::Database;
use sha2::Sha256;

use crate::domain::environment::stamp::Stamp;
use crate::store::engine::checksum::RowFormat;
use crate::store::engine::error::Error;
use crate::store::engine::write_txn::{CommitBatch, WriteTxn};
use crate::store::tables::schema;

/// The key of the MAC's row in the table [`schema::KEY`]. The stored spelling is frozen.
pub(super) fn key() -> String {
    "seal".to_owned()
}

/// The MAC of a stamp in the file with this key.
pub(super) fn compute(stamp: &Stamp, file_key: &[u8; 32]) -> [u8; 32] {
    let lineage: Vec<String> = stamp.lineage.iter().map(ToString::to_string).collect();
    let text = format!(
        "atlas stamp\n{}\n{}\n{}\n{}\n{}",
        stamp.environment,
        stamp.kind,
        stamp.file_id,
        stamp.created_at,
        lineage.join(",")
    );
    #[allow(clippy::expect_used, reason = "HMAC takes a key of any length (RFC 2104)")]
    let mut mac = Hmac::<Sha256>::new_from_slice(file_key).expect("a key of any length");
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().into()
}

/// Adds the MAC to a file from before there were MACs.
pub(super) fn add(database: &Database, stamp: &Stamp, file_key: &[u8; 32]) -> Result<(), Error> {
    let mut transaction = database.begin_write()?;
    transaction.set_quick_repair(true);
    {
        let batch = CommitBatch::new(&transaction, RowFormat::Checksummed);
        let mut txn = WriteTxn::new(&batch);
        txn.put(&schema::KEY, &key(), &compute(stamp, file_key));
        batch.apply(txn.into_changes())?;
    }
    transaction.commit()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::domain::FileId;

    #[test]
    fn every_field_of_the_stamp_is_authenticated() {
        let id = |n| FileId::generate(Timestamp::UNIX_EPOCH, [n; 10]);
        let stamp = Stamp::new("staging".parse().unwrap(), id(1), Timestamp::UNIX_EPOCH);
        let mac = compute(&stamp, &[7; 32]);
        assert_eq!(mac, compute(&stamp.clone(), &[7; 32]));
        assert_ne!(mac, compute(&stamp, &[8; 32]));
        let edits: [fn(&mut Stamp); 5] = [
            |stamp| stamp.environment = "production".parse().unwrap(),
            |stamp| stamp.kind = crate::domain::EnvironmentKind::Production,
            |stamp| stamp.file_id = FileId::generate(Timestamp::UNIX_EPOCH, [2; 10]),
            |stamp| stamp.created_at = "2026-01-01T00:00:00Z".parse().unwrap(),
            |stamp| stamp.lineage.push(FileId::generate(Timestamp::UNIX_EPOCH, [3; 10])),
        ];
        for edit in edits {
            let mut edited = stamp.clone();
            edit(&mut edited);
            assert_ne!(mac, compute(&edited, &[7; 32]), "{edited:?}");
        }
    }
}
