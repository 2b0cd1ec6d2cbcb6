//! Settings that the command line can set.

use std::path::PathBuf;

/// Command-line flags that configure something.
#[derive(Debug, Default, Clone)]
pub struct Flags {
    /// `--env`.
    pub environment: Option<String>,
    /// `--config`.
    pub config: Option<PathBuf>,
    /// `--listen`.
    pub listen: Option<String>,
    /// `--log`.
    pub log: Option<String>,
    /// `--log-format`.
    pub log_format: Option<String>,
    /// `--require-verified`.
    pub require_verified: bool,
    /// Whether the server runs on another machine: settings that only the server needs may be missing here.
    pub remote: bool,
}
