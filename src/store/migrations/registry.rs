//! Every migration of a binary.

use super::step::Migration;
use super::{checksums, day_logs, imports, schedules, session_index};
use crate::store::tables::schema;

/// The migrations of a binary, oldest first. The last one leads to the schema that the binary writes.
#[derive(Clone, Copy)]
pub struct Migrations(&'static [Migration]);

impl Migrations {
    /// The migrations of this library.
    pub const BUILT_IN: Self = Self(&[
        schedules::MIGRATION,
        session_index::MIGRATION,
        checksums::MIGRATION,
        day_logs::MIGRATION,
        imports::MIGRATION,
    ]);

    /// The migrations of a binary that has others than this library.
    pub const fn new(steps: &'static [Migration]) -> Self {
        Self(steps)
    }

    /// The steps, oldest first.
    pub const fn steps(self) -> &'static [Migration] {
        self.0
    }

    /// The newest schema that the binary supports, which is the one it writes.
    pub fn newest_schema(self) -> u32 {
        self.0.last().map_or(schema::VERSION, |step| step.to)
    }

    /// The oldest schema whose binaries may open a file of this schema.
    pub fn min_reader(self, schema: u32) -> u32 {
        self.0.iter().find(|step| step.to == schema).map_or(schema, |step| step.min_reader)
    }
}
