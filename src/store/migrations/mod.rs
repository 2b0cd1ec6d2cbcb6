//! Migrations: numbered steps from one schema to the next and back.
//!
//! A step freezes the past: the shapes of its records are in its own file and import nothing that may change later. All steps
//! to the newest schema run in one transaction, so a file has one schema or the other and never something in between.
//!
//! | file | what it owns |
//! |---|---|
//! | `step` | [`Migration`]: one step |
//! | `schedules`, `session_index`, `checksums`, `day_logs`, `imports` | the steps to schemas 2 to 6 |
//! | `registry` | [`Migrations`]: all steps of a binary |
//! | `apply` | runs steps inside a transaction |
//! | `run` | migrates a data file that no process has open, and rehearses that on a copy |

mod apply;
mod checksums;
mod day_logs;
mod imports;
mod registry;
mod run;
mod schedules;
mod session_index;
mod step;

pub(super) use apply::migrate;
pub use registry::Migrations;
pub use run::{MigrationLoss, MigrationReport, count_losses, migrate_file, rehearse};
pub use step::{LossCounts, Migration};
