//! Storage faults lose nothing that was acknowledged.
//!
//! [`faulty_disk::FaultyDisk`] replaces the file: it fails at a chosen call and knows which writes are not yet durable.
//! The workload on it runs the same use cases as the server.

mod bit_flips;
mod erasure;
mod failing_calls;
pub mod failing_syscalls;
mod faulty_disk;
mod mail_delivery;
mod power_loss;
mod workload;

/// Whether `ATLAS_TESTS=long` enables the exhaustive tests, which are too slow for every change.
pub fn long_tests_enabled() -> bool {
    std::env::vars_os().any(|(name, value)| name == "ATLAS_TESTS" && value == "long")
}
