//! The npm packages that `tests/run` installs.

use std::path::PathBuf;

/// The path of a file in an installed package, such as `axe-core/axe.min.js`.
pub fn npm_file(path: &str) -> PathBuf {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("target/tools/node_modules").join(path);
    assert!(file.is_file(), "{} is missing; tests/run installs it", file.display());
    file
}
