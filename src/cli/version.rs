//! `atlas version`.

use serde_json::json;

use super::{Exit, say};
use crate::store::migrations;

/// Prints the version and the schema this binary writes.
pub fn run(as_json: bool) -> Exit {
    let version = env!("CARGO_PKG_VERSION");
    if as_json {
        say(json!({ "version": version, "schema": migrations::newest() }));
    } else {
        say(format_args!("atlas {version} (schema {})", migrations::newest()));
    }
    Exit::Fine
}
