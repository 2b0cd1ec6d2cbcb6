//! What hostile clients send, against which limit, and what comes back; `tests/run --test it abuse -- --nocapture --test-threads 1`
//! prints it as a table.

mod crowds;
mod full_disk;
mod planted;
pub mod room;
mod values;
mod wire;

/// One line of the table.
#[allow(clippy::print_stdout, reason = "the table is there to be read")]
fn row(limit: &str, sent: &str, came: &str) {
    println!("| {limit:<22} | {sent:<66} | {came:<40} |");
}
