//! Every migration of a binary.

use std::sync::OnceLock;

use super::step::Migration;
use super::{checksums, schedules, session_index};
use crate::store::tables::schema;

/// The migrations of this library, oldest first.
pub const BUILT_IN: [Migration; 3] = [schedules::MIGRATION, session_index::MIGRATION, checksums::MIGRATION];

static BUILT_IN_STEPS: [Migration; 3] = BUILT_IN;
static INSTALLED: OnceLock<Migrations> = OnceLock::new();

/// The migrations of a binary, oldest first. The last one leads to the schema that the binary works with.
#[derive(Clone, Copy)]
pub struct Migrations(&'static [Migration]);

impl Migrations {
    /// The migrations of a binary that has others than this library.
    pub const fn new(steps: &'static [Migration]) -> Self {
        Self(steps)
    }

    /// The migrations of this library.
    pub fn built_in() -> Self {
        Self(&BUILT_IN_STEPS)
    }

    /// Makes these the migrations of this process. A binary does so once, before it opens a data file; a process that does not
    /// has the built-in ones. The first call wins.
    pub fn install(self) {
        let _ = INSTALLED.set(self);
    }

    fn installed() -> Self {
        INSTALLED.get().copied().unwrap_or_else(Self::built_in)
    }

    fn newest_schema(self) -> u32 {
        self.0.last().map_or(schema::VERSION, |step| step.to)
    }

    fn min_reader(self, schema: u32) -> u32 {
        self.0.iter().find(|step| step.to == schema).map_or(schema, |step| step.min_reader)
    }
}

/// The migrations of this process, oldest first.
pub fn steps() -> &'static [Migration] {
    Migrations::installed().0
}

/// The newest schema that this process supports, which is the one it writes.
pub fn newest_schema() -> u32 {
    Migrations::installed().newest_schema()
}

/// The oldest schema whose binaries may open a file of this schema.
pub fn min_reader(schema: u32) -> u32 {
    Migrations::installed().min_reader(schema)
}
