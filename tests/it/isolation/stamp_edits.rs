//! Edits the stamp of a data file, with or without its MAC.

use std::path::Path;

use hmac::{Hmac, KeyInit, Mac};
use redb::ReadableTable;
use serde_json::Value;

/// What happens to the stamp's MAC when the stamp is edited.
#[derive(Clone, Copy)]
pub enum MacEdit {
    Unchanged,
    Removed,
    /// Computed again with the file's key, as an attacker with the file could.
    Recomputed,
}

/// Sets the field `what` of the stamp, or for an environment's name its name and kind, by writing to the redb file
/// directly.
pub fn edit_stamp(path: &Path, what: &str, mac_edit: MacEdit) {
    const STAMP: redb::TableDefinition<'_, &[u8], &[u8]> = redb::TableDefinition::new("stamp");
    const KEY: redb::TableDefinition<'_, &[u8], &[u8]> = redb::TableDefinition::new("key");
    let database = redb::Database::open(path).unwrap();
    let transaction = database.begin_write().unwrap();
    {
        let mut stamps = transaction.open_table(STAMP).unwrap();
        let row = stamps.get(&b"atlas"[..]).unwrap().unwrap().value().to_vec();
        let mut stamp: Value = serde_json::from_slice(&row[1..]).unwrap();
        match what {
            "nothing" => {}
            "kind" => stamp["kind"] = "preview".into(),
            "fileId" => stamp["file_id"] = "0190c7a0-0000-7000-8000-000000000000".into(),
            name => (stamp["environment"], stamp["kind"]) = (name.into(), name.into()),
        }
        let bytes = [&[1][..], stamp.to_string().as_bytes()].concat();
        stamps.insert(&b"atlas"[..], &bytes[..]).unwrap();
        let mut keys = transaction.open_table(KEY).unwrap();
        match mac_edit {
            MacEdit::Unchanged => {}
            MacEdit::Removed => drop(keys.remove(&b"seal"[..]).unwrap().unwrap()),
            MacEdit::Recomputed => {
                let key = keys.get(&b"atlas"[..]).unwrap().unwrap().value().to_vec();
                let key: Vec<u8> = serde_json::from_slice(&key[1..]).unwrap();
                let mut mac = Hmac::<sha2::Sha256>::new_from_slice(&key).unwrap();
                let part = |name: &str| stamp[name].as_str().unwrap().to_owned();
                let parts = [part("environment"), part("kind"), part("file_id"), part("created_at"), String::new()];
                mac.update(format!("atlas stamp\n{}", parts.join("\n")).as_bytes());
                let tag: Vec<u8> = mac.finalize().into_bytes().to_vec();
                let bytes = [&[1][..], &serde_json::to_vec(&tag).unwrap()].concat();
                keys.insert(&b"seal"[..], &bytes[..]).unwrap();
            }
        }
    }
    transaction.commit().unwrap();
}
