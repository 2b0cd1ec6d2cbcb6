//! The command `atlas version`.

use serde::Serialize;

use super::exit_status::ExitStatus;
use super::printer::{Printer, Render};
use crate::store::migrations::Migrations;

#[derive(Serialize)]
struct VersionInfo {
    version: &'static str,
    /// The schema this binary writes.
    schema: u32,
}

pub(super) fn run(as_json: bool, migrations: Migrations) -> ExitStatus {
    let info = VersionInfo { version: env!("CARGO_PKG_VERSION"), schema: migrations.newest_schema() };
    Printer::new(as_json).finish(Ok(info))
}

impl Render for VersionInfo {
    fn to_text(&self) -> String {
        format!("atlas {} (schema {})", self.version, self.schema)
    }
}
