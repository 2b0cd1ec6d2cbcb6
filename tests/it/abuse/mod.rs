//! Hostile input and exhausted resources, and the limits that stop them.
//!
//! `tests/run --test it abuse -- --nocapture --test-threads 1` prints the inputs and outcomes as a table.

mod connection_floods;
pub mod disk_space;
mod full_disk;
mod invalid_values;
mod lifted_limits;
mod malformed_requests;

/// Prints one row of the table.
#[allow(clippy::print_stdout, reason = "shown with --nocapture")]
fn print_row(limit: &str, input: &str, outcome: &str) {
    println!("| {limit:<22} | {input:<66} | {outcome:<40} |");
}
