//! Runs migrations inside one transaction.

use super::registry::Migrations;
use crate::store::engine::write_txn::CommitBatch;
use crate::store::file::identity::write_schema;
use crate::store::{Error, WriteTxn};

/// Migrates the tables of a transaction from schema `from` to schema `to`, up or down.
pub(in crate::store) fn migrate(
    batch: &CommitBatch<'_>,
    migrations: Migrations,
    from: u32,
    to: u32,
) -> Result<(), Error> {
    let run = |step: fn(&mut WriteTxn<'_, '_>) -> Result<(), Error>, reached: u32| {
        let mut txn = WriteTxn::new(batch);
        step(&mut txn)?;
        write_schema(&mut txn, reached, migrations.min_reader(reached));
        batch.apply(txn.into_changes())
    };
    let steps = migrations.steps().iter();
    if from <= to {
        steps.filter(|step| step.to > from && step.to <= to).try_for_each(|step| run(step.up, step.to))
    } else {
        let mut down = steps.rev().filter(|step| step.to <= from && step.to > to);
        down.try_for_each(|step| run(step.down, step.to - 1))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::store::Reader;
    use crate::store::engine::checksum::RowFormat;
    use crate::store::engine::table::Row;
    use crate::store::tables::schema;

    fn rows(batch: &CommitBatch<'_>, table: &'static str) -> Vec<Row> {
        WriteTxn::new(batch).scan(table, &[], None, usize::MAX).unwrap()
    }

    /// Every row of every table.
    fn all_rows(batch: &CommitBatch<'_>) -> BTreeMap<&'static str, Vec<Row>> {
        schema::ALL.iter().map(|table| (table.name, rows(batch, table.name))).collect()
    }

    #[test]
    fn steps_are_numbered_without_gaps_up_to_the_schema_of_the_library() {
        let numbers: Vec<u32> = Migrations::BUILT_IN.steps().iter().map(|step| step.to).collect();
        assert_eq!(numbers, (2..=schema::VERSION).collect::<Vec<_>>());
    }

    #[test]
    fn migrating_up_and_down_restores_every_row() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("old.redb");
        std::fs::copy("tests/old/schema-1.redb", &path).unwrap();
        let database = redb::Database::open(&path).unwrap();
        let transaction = database.begin_write().unwrap();
        let batch = CommitBatch::new(&transaction, RowFormat::Plain);
        let before = all_rows(&batch);
        migrate(&batch, Migrations::BUILT_IN, 1, schema::VERSION).unwrap();
        for table in &schema::ALL {
            for (key, value) in rows(&batch, table.name) {
                (table.check)(&key, &value).unwrap_or_else(|error| panic!("{}: {error}", table.name));
            }
        }
        let migrated = all_rows(&batch);
        assert_ne!(before, migrated);
        migrate(&batch, Migrations::BUILT_IN, schema::VERSION, 1).unwrap();
        assert_eq!(all_rows(&batch), before);
        migrate(&batch, Migrations::BUILT_IN, 1, schema::VERSION).unwrap();
        assert_eq!(all_rows(&batch), migrated);
    }
}
