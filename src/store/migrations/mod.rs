//! Migrations: numbered steps from one schema to the next and back.
//!
//! A step quotes the past: its shapes are frozen in its own file and import nothing that may change later. All steps to
//! the newest schema run in one transaction, so a file is in one schema or in the other and never in between.

mod guarded;
mod lead;
mod schedules;
mod sums;

use std::sync::OnceLock;

pub use lead::{Led, Loss, lead, losses, rehearse};

use super::draft::Batch;
use super::identity::note_schema;
use super::{Draft, Error, Read, schema};

/// One step.
pub struct Migration {
    /// The schema it leads to; it starts from the one before.
    pub to: u32,
    /// What it does, for operators.
    pub about: &'static str,
    /// The oldest schema whose binary may still open a file that this step made; `to` when none may.
    pub min_reader: u32,
    /// Leads up.
    pub up: fn(&mut Draft<'_, '_>) -> Result<(), Error>,
    /// Leads back down.
    pub down: fn(&mut Draft<'_, '_>) -> Result<(), Error>,
    /// What leading down would lose now, each with how many there are; nothing when nothing is lost.
    pub loses: fn(&Draft<'_, '_>) -> Result<Losses, Error>,
}

/// What is lost, in words, and how many there are.
pub type Losses = Vec<(&'static str, u64)>;

/// Every step of this library, oldest first.
pub const ALL: [Migration; 3] = [schedules::STEP, guarded::STEP, sums::STEP];

static STEPS: OnceLock<&'static [Migration]> = OnceLock::new();

/// Lets this process know further steps: a binary that is ahead of the library, as the drill of a rollback needs one. Call
/// it before anything else; the first call counts, and later ones change nothing.
pub fn know(steps: &'static [Migration]) {
    let _ = STEPS.set(steps);
}

/// Every step that this process knows, oldest first.
pub fn steps() -> &'static [Migration] {
    static OWN: [Migration; 3] = ALL;
    STEPS.get().copied().unwrap_or(&OWN)
}

/// The newest schema that this process knows, which is the one it writes.
pub fn newest() -> u32 {
    steps().last().map_or(schema::VERSION, |step| step.to)
}

/// The oldest schema whose binary may open a file in that schema.
pub fn min_reader(of: u32) -> u32 {
    steps().iter().find(|step| step.to == of).map_or(of, |step| step.min_reader)
}

/// Leads the tables of a transaction from schema `from` to schema `to`, up or down.
pub(super) fn migrate(batch: &Batch<'_>, from: u32, to: u32) -> Result<(), Error> {
    let run = |step: fn(&mut Draft<'_, '_>) -> Result<(), Error>, reached: u32| {
        let mut draft = Draft::on(batch);
        step(&mut draft)?;
        note_schema(&mut draft, reached);
        batch.apply(draft.into_changes())
    };
    if from <= to {
        steps().iter().filter(|step| step.to > from && step.to <= to).try_for_each(|step| run(step.up, step.to))
    } else {
        let back = steps().iter().rev().filter(|step| step.to <= from && step.to > to);
        back.into_iter().try_for_each(|step| run(step.down, step.to - 1))
    }
}

/// Rewrites every row of a table. `change` gets key and value and answers the new value.
fn rewrite(
    draft: &mut Draft<'_, '_>,
    table: &'static str,
    mut change: impl FnMut(&Draft<'_, '_>, &[u8], &[u8]) -> Result<Vec<u8>, Error>,
) -> Result<(), Error> {
    for (key, value) in draft.rows(table, &[], None, usize::MAX)? {
        let changed = change(draft, &key, &value)?;
        draft.put_bytes(table, key, changed);
    }
    Ok(())
}

/// Reads a record of a version this step knows.
fn read<T: serde::de::DeserializeOwned>(table: &'static str, version: u8, bytes: &[u8]) -> Result<T, Error> {
    let why = match bytes.split_first() {
        Some((found, json)) if *found == version => match serde_json::from_slice(json) {
            Ok(record) => return Ok(record),
            Err(error) => error.to_string(),
        },
        Some((found, _)) => format!("record version {found}, expected {version}"),
        None => "empty record".to_owned(),
    };
    Err(Error::Corrupt { table, why })
}

/// Writes a record of a version.
fn write(table: &'static str, version: u8, record: &impl serde::Serialize) -> Result<Vec<u8>, Error> {
    let mut bytes = vec![version];
    serde_json::to_writer(&mut bytes, record).map_err(|error| Error::Corrupt { table, why: error.to_string() })?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::store::sum::Form;
    use crate::store::table::Row;

    fn rows(batch: &Batch<'_>, table: &'static str) -> Vec<Row> {
        Draft::on(batch).rows(table, &[], None, usize::MAX).unwrap()
    }

    /// Every row of every table.
    fn everything(batch: &Batch<'_>) -> BTreeMap<&'static str, Vec<Row>> {
        schema::ALL.iter().map(|table| (table.name, rows(batch, table.name))).collect()
    }

    #[test]
    fn steps_are_numbered_without_a_gap_up_to_the_schema_of_this_binary() {
        let numbers: Vec<u32> = ALL.iter().map(|step| step.to).collect();
        assert_eq!(numbers, (2..=schema::VERSION).collect::<Vec<_>>());
    }

    #[test]
    fn an_old_file_goes_up_and_comes_back_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("old.redb");
        std::fs::copy("tests/old/schema-1.redb", &path).unwrap();
        let database = redb::Database::open(&path).unwrap();
        let transaction = database.begin_write().unwrap();
        let batch = Batch::of(&transaction, Form::Plain);
        let before = everything(&batch);
        migrate(&batch, 1, schema::VERSION).unwrap();
        for table in &schema::ALL {
            for (key, value) in rows(&batch, table.name) {
                (table.check)(&key, &value).unwrap_or_else(|why| panic!("{}: {why}", table.name));
            }
        }
        let above = everything(&batch);
        assert_ne!(before, above);
        migrate(&batch, schema::VERSION, 1).unwrap();
        assert_eq!(everything(&batch), before);
        migrate(&batch, 1, schema::VERSION).unwrap();
        assert_eq!(everything(&batch), above);
    }
}
