//! What the benchmarks say of their figures: a target that is missed is seen.

#[allow(dead_code, reason = "a benchmark adds more kinds of figures than are looked at here")]
#[path = "../../benches/served/table.rs"]
mod table;

use table::Figure::{Megabytes, Micros, PerSecond};
use table::{Row, Table};

fn said_of(row: Row) -> (String, usize) {
    let mut table = Table::default();
    table.add(row);
    (table.to_string().lines().last().unwrap().to_owned(), table.missed())
}

#[test]
fn a_figure_beyond_its_target_is_marked_and_counted() {
    let health = |ratio| Row::against("health", Micros(26.0), "raw hyper", Micros(20.0), ratio).at_most(1.3);
    let alone =
        |ratio| Row::against("completion", Micros(500.0), "fsync", Micros(100.0), ratio).at_least(1.0).at_most(10.0);
    let assets = |ratio| Row::against("assets", PerSecond(8.0), "raw hyper", PerSecond(10.0), ratio).at_least(0.85);
    let binary = |size| Row::alone("binary", Megabytes(size)).at_most(10.0);
    for (row, verdict) in [
        (health(1.3), "<= 1.30x  met"),
        (health(1.43), "<= 1.30x  MISSED by 10 %"),
        (health(1.300_01), "<= 1.30x  MISSED by 1 %"),
        (assets(0.85), ">= 0.85x  met"),
        (assets(0.425), ">= 0.85x  MISSED by 100 %"),
        (alone(5.0), "1.00 to 10.0x  met"),
        (alone(0.5), "1.00 to 10.0x  MISSED by 100 %"),
        (alone(20.0), "1.00 to 10.0x  MISSED by 100 %"),
        (binary(9.9), "<= 10.0 MB  met"),
        (binary(16.0), "<= 10.0 MB  MISSED by 60 %"),
        (binary(f64::NAN), "<= 10.0 MB  MISSED by 1 %"),
    ] {
        let (line, missed) = said_of(row);
        assert!(line.ends_with(verdict), "{line}");
        assert_eq!(missed, usize::from(verdict.contains("MISSED")), "{line}");
    }
    assert_eq!(said_of(Row::alone("without a target", Megabytes(99.0))).1, 0);
}
