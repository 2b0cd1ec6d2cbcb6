//! The door: words in, exit code out.

use std::process::ExitCode;

fn main() -> ExitCode {
    atlas::cli::run()
}
