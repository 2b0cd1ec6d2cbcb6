//! How operators observe a running server: logs, metrics, recent requests, Sentry, and the service manager.

pub mod activity;
pub mod logs;
pub mod metrics;
pub mod panics;
pub mod repeated;
pub mod sentry;
mod sentry_agent;
pub mod supervisor;
pub mod tunnel;
