//! The binary: everything is in the library.

use std::process::ExitCode;

use atlas::store::migrations::Migrations;

fn main() -> ExitCode {
    atlas::cli::run(Migrations::BUILT_IN)
}
