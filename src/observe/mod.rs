//! First floor: what the operator sees of a running Atlas.

pub mod activity;
pub mod logs;
pub mod metrics;
pub mod panics;
pub mod sentry;
pub mod supervisor;
pub mod tunnel;
