//! The seal of a data export: which data file wrote it, and that its content was not changed since.
//!
//! It is a keyed hash of the file's [digest](crate::domain::habits::export_digest) under a key that only this data file has. It
//! outlives a change of the environment's secret; after the loss of the data file, older exports are foreign.

use std::io::Read;

use data_encoding::HEXLOWER;
use subtle::ConstantTimeEq;

use crate::app::identity::keys::{Keys, Purpose};
use crate::domain::habits::export_digest::compute_digest;

/// The seal of an export, which may contain another seal.
pub(super) fn compute_seal(keys: &Keys, export: impl Read) -> serde_json::Result<String> {
    let digest = HEXLOWER.encode(&compute_digest(export)?);
    Ok(HEXLOWER.encode(&keys.hash(Purpose::Export, &digest)))
}

/// Whether `seal` is that of this export.
pub(super) fn is_sealed(keys: &Keys, export: impl Read, seal: &str) -> serde_json::Result<bool> {
    Ok(compute_seal(keys, export)?.as_bytes().ct_eq(seal.as_bytes()).into())
}
