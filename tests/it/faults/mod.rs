//! What storage does wrong, and that nothing which was answered is lost by it.
//!
//! [`disk::Disk`] stands in for the file: it fails at a chosen call, and remembers what had not reached the disk when the
//! power went. The day that is lived on it is made of the use cases that the server runs.

mod bits;
mod calls;
mod day;
mod disk;
mod mailing;
mod power;
mod system;

/// Whether `ATLAS_TESTS=long` asks for what takes longer than every change can wait for.
pub fn is_long() -> bool {
    std::env::vars_os().any(|(name, value)| name == "ATLAS_TESTS" && value == "long")
}
