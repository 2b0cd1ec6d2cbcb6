//! The seal of a stamp: whether the stamp of a data file is still the one it was made with.
//!
//! A keyed hash of the stamp under the file's own random key, in a row beside that key. Whoever edits the stamp with a tool
//! for the file format, so that the file of one environment opens as another, breaks it.
//!
//! SECURITY: why not under the environment's secret? Secrets are changed, also at once and without a thought of the old
//! one, and the file must open after that; so a seal that does not fit the secret could refuse nobody. And whoever may
//! write a file of staging knows staging's secret. The seal finds what was edited by hand; it cannot stop somebody who
//! writes a program against it, who could as well copy every row. What keeps one environment's sessions, links and second
//! factors out of another are the keys derived from secret, file key and environment. A file without a seal is one from
//! before there were seals and gets one when it is opened.

use hmac::{Hmac, KeyInit, Mac};
use redb::Database;
use sha2::Sha256;

use super::draft::Batch;
use super::sum::Form;
use super::{Draft, Error, schema};
use crate::domain::stamp::Stamp;

/// Under which key of the table [`schema::KEY`] the seal lies.
pub(super) fn place() -> String {
    "seal".to_owned()
}

/// The seal of a stamp in the file with that key.
pub(super) fn of(stamp: &Stamp, file_key: &[u8; 32]) -> [u8; 32] {
    let lineage: Vec<String> = stamp.lineage.iter().map(ToString::to_string).collect();
    let text = format!(
        "atlas stamp\n{}\n{}\n{}\n{}\n{}",
        stamp.environment,
        stamp.kind,
        stamp.file_id,
        stamp.created_at,
        lineage.join(",")
    );
    // As HMAC itself does, the key is padded to a block with zeros (RFC 2104 §2).
    let mut block = [0; 64];
    let (front, _) = block.split_at_mut(file_key.len());
    front.copy_from_slice(file_key);
    let mut mac = Hmac::<Sha256>::new(&block.into());
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().into()
}

/// Seals a file from before there were seals.
pub(super) fn add(database: &Database, stamp: &Stamp, file_key: &[u8; 32]) -> Result<(), Error> {
    let mut transaction = database.begin_write()?;
    transaction.set_quick_repair(true);
    {
        let batch = Batch::of(&transaction, Form::Summed);
        let mut draft = Draft::on(&batch);
        draft.put(&schema::KEY, &place(), &of(stamp, file_key));
        let changes = draft.into_changes();
        batch.apply(changes)?;
    }
    transaction.commit()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::FileId;
    use jiff::Timestamp;

    #[test]
    fn every_word_of_the_stamp_counts() {
        let id = |n| FileId::mint(Timestamp::UNIX_EPOCH, [n; 10]);
        let stamp = Stamp::new("staging".parse().unwrap(), id(1), Timestamp::UNIX_EPOCH);
        let seal = of(&stamp, &[7; 32]);
        assert_eq!(seal, of(&stamp.clone(), &[7; 32]));
        assert_ne!(seal, of(&stamp, &[8; 32]));
        let edits: [fn(&mut Stamp); 5] = [
            |stamp| stamp.environment = "production".parse().unwrap(),
            |stamp| stamp.kind = crate::domain::Kind::Production,
            |stamp| stamp.file_id = FileId::mint(Timestamp::UNIX_EPOCH, [2; 10]),
            |stamp| stamp.created_at = "2026-01-01T00:00:00Z".parse().unwrap(),
            |stamp| stamp.lineage.push(FileId::mint(Timestamp::UNIX_EPOCH, [3; 10])),
        ];
        for edit in edits {
            let mut edited = stamp.clone();
            edit(&mut edited);
            assert_ne!(seal, of(&edited, &[7; 32]), "{edited:?}");
        }
    }
}
