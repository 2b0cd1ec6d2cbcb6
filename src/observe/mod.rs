//! First floor: what the operator sees of a running Atlas.

pub mod activity;
pub mod logs;
pub mod sentry;
