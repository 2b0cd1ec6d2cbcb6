//! Logs: readable on a terminal, one JSON object per line otherwise. They go to standard error.

use std::io::IsTerminal;

use tracing_subscriber::filter::{LevelFilter, ParseError, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use super::panics;
use crate::config::LogFormat;

/// Starts logging with a filter of levels, alone or for a module, such as `info` or `warn,atlas::web=debug`; panics included. A second call changes nothing.
///
/// # Errors
/// What is wrong with the filter.
pub fn start(filter: &str, format: LogFormat) -> Result<(), String> {
    let filter: Targets = filter.parse().map_err(|error: ParseError| format!("log filter “{filter}”: {error}"))?;
    let terminal = std::io::stderr().is_terminal();
    // A log that cannot be written, as on a full disk, would otherwise be told on the same standard error, by a panic.
    let builder = tracing_subscriber::fmt()
        .log_internal_errors(false)
        .with_max_level(LevelFilter::TRACE)
        .with_writer(std::io::stderr);
    let is_pretty = match format {
        LogFormat::Auto => terminal,
        LogFormat::Pretty => true,
        LogFormat::Json => false,
    };
    let started = if is_pretty {
        builder.with_target(false).with_ansi(terminal).finish().with(filter).try_init()
    } else {
        builder.json().flatten_event(true).with_current_span(false).finish().with(filter).try_init()
    };
    // Already started: tests run several servers in one process.
    if started.is_ok() {
        panics::log();
    }
    Ok(())
}
