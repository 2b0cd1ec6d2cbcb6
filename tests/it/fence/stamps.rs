//! Editing the stamp of a data file by hand, with and without its seal.

use std::path::Path;

use hmac::{Hmac, KeyInit, Mac};
use redb::ReadableTable;
use serde_json::Value;

/// What became of the seal when the stamp was edited.
#[derive(Clone, Copy)]
pub enum Seal {
    Kept,
    Removed,
    Forged,
}

/// Edits the stamp of a data file with a tool for the file format.
pub fn edit_stamp(path: &Path, what: &str, seal: Seal) {
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
        match seal {
            Seal::Kept => {}
            Seal::Removed => drop(keys.remove(&b"seal"[..]).unwrap().unwrap()),
            Seal::Forged => {
                let key = keys.get(&b"atlas"[..]).unwrap().unwrap().value().to_vec();
                let key: Vec<u8> = serde_json::from_slice(&key[1..]).unwrap();
                let mut mac = Hmac::<sha2::Sha256>::new_from_slice(&key).unwrap();
                let part = |name: &str| stamp[name].as_str().unwrap().to_owned();
                let parts = [part("environment"), part("kind"), part("file_id"), part("created_at"), String::new()];
                mac.update(format!("atlas stamp\n{}", parts.join("\n")).as_bytes());
                let seal: Vec<u8> = mac.finalize().into_bytes().to_vec();
                let bytes = [&[1][..], &serde_json::to_vec(&seal).unwrap()].concat();
                keys.insert(&b"seal"[..], &bytes[..]).unwrap();
            }
        }
    }
    transaction.commit().unwrap();
}
