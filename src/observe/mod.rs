//! First floor: what the operator sees of a running Atlas.

pub mod logs;
pub mod sentry;
