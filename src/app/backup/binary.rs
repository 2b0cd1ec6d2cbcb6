//! The binary of this process.

use std::path::Path;
use std::sync::OnceLock;

use crate::store::file::disk::digest_file;

/// The binary of this process; readable even after the file was replaced on disk.
pub(super) const RUNNING_BINARY: &str = "/proc/self/exe";

/// The hexadecimal BLAKE3 digest of this process's binary; `None` where the system doesn't provide it. Read once.
pub fn binary_digest() -> Option<String> {
    static DIGEST: OnceLock<Option<String>> = OnceLock::new();
    DIGEST.get_or_init(|| digest_file(Path::new(RUNNING_BINARY)).ok().map(|(digest, _)| digest)).clone()
}
