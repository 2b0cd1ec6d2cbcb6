//! `atlas version`.

use serde_json::json;

use super::{Exit, say};
use crate::store::schema;

/// Prints the version and the schema this binary writes.
pub fn run(as_json: bool) -> Exit {
    let version = env!("CARGO_PKG_VERSION");
    if as_json {
        say(json!({ "version": version, "schema": schema::VERSION }));
    } else {
        say(format_args!("atlas {version} (schema {})", schema::VERSION));
    }
    Exit::Fine
}
