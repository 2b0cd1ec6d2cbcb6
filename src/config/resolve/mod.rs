//! Turns the gathered values into [`Settings`](super::Settings) and reports every problem at once.
//!
//! [`settings`] asks for each setting in turn; [`resolver`] reads values and collects problems; every other file resolves the
//! settings of its subject.

mod access;
mod address;
mod authorities;
mod data_file;
mod log;
mod mail;
mod placeholders;
mod ports;
mod resolver;
mod secrets;
mod sentry;
mod settings;
mod snapshots;
mod verified;

pub(super) use resolver::ResolveOptions;
pub(super) use settings::resolve_settings;
