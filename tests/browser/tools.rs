//! What `tests/run` has installed from npm.

use std::path::PathBuf;

/// A file of an installed package, as in `axe-core/axe.min.js`.
pub fn tool(path: &str) -> PathBuf {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("target/tools/node_modules").join(path);
    assert!(file.is_file(), "{} is missing; tests/run installs it", file.display());
    file
}
