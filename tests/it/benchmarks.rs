//! The benchmark table: a missed target is marked.

#[allow(dead_code, reason = "the benchmarks use more units than this test")]
#[path = "../../benches/served/table.rs"]
mod table;

use table::Quantity::{Megabytes, Micros, PerSecond};
use table::{Row, Table};

/// The rendered row, and how many targets were missed.
fn render(row: Row) -> (String, usize) {
    let mut table = Table::default();
    table.add(row);
    (table.to_string().lines().last().unwrap().to_owned(), table.missed_targets())
}

#[test]
fn a_missed_target_is_marked_and_counted() {
    let health = |ratio| Row::relative("health", Micros(26.0), "raw hyper", Micros(20.0), ratio).at_most(1.3);
    let completion =
        |ratio| Row::relative("completion", Micros(500.0), "fsync", Micros(100.0), ratio).at_least(1.0).at_most(10.0);
    let assets = |ratio| Row::relative("assets", PerSecond(8.0), "raw hyper", PerSecond(10.0), ratio).at_least(0.85);
    let binary = |size| Row::absolute("binary", Megabytes(size)).at_most(10.0);
    for (row, verdict) in [
        (health(1.3), "<= 1.30x  met"),
        (health(1.43), "<= 1.30x  MISSED by 10 %"),
        (health(1.300_01), "<= 1.30x  MISSED by 1 %"),
        (assets(0.85), ">= 0.85x  met"),
        (assets(0.425), ">= 0.85x  MISSED by 100 %"),
        (completion(5.0), "1.00 to 10.0x  met"),
        (completion(0.5), "1.00 to 10.0x  MISSED by 100 %"),
        (completion(20.0), "1.00 to 10.0x  MISSED by 100 %"),
        (binary(9.9), "<= 10.0 MB  met"),
        (binary(16.0), "<= 10.0 MB  MISSED by 60 %"),
        (binary(f64::NAN), "<= 10.0 MB  MISSED by 1 %"),
    ] {
        let (line, missed) = render(row);
        assert!(line.ends_with(verdict), "{line}");
        assert_eq!(missed, usize::from(verdict.contains("MISSED")), "{line}");
    }
    assert_eq!(render(Row::absolute("without a target", Megabytes(99.0))).1, 0);
}
