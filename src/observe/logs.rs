//! Logs on standard error: readable on a terminal, one JSON object per line otherwise.

use std::io::IsTerminal;

use tracing_subscriber::filter::{LevelFilter, ParseError, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use super::panics;
use crate::config::LogFormat;

/// The log filter cannot be parsed. The configuration is checked for this first.
#[derive(Debug, thiserror::Error)]
#[error("cannot parse the log filter “{filter}”: {source}")]
pub struct InvalidLogFilter {
    filter: String,
    source: ParseError,
}

/// Starts logging, panics included. `filter` holds levels, for all or for single modules, such as `info` or
/// `warn,atlas::web=debug`. A second call changes nothing: tests run several servers in one process.
///
/// # Errors
/// [`InvalidLogFilter`].
pub fn start(filter: &str, format: LogFormat) -> Result<(), InvalidLogFilter> {
    let filter: Targets = filter.parse().map_err(|source| InvalidLogFilter { filter: filter.to_owned(), source })?;
    let is_terminal = std::io::stderr().is_terminal();
    // tracing would report a failed write, for example on a full disk, on the same standard error, and panic when that
    // fails, too.
    let builder = tracing_subscriber::fmt()
        .log_internal_errors(false)
        .with_max_level(LevelFilter::TRACE)
        .with_writer(std::io::stderr);
    let is_pretty = match format {
        LogFormat::Auto => is_terminal,
        LogFormat::Pretty => true,
        LogFormat::Json => false,
    };
    let started = if is_pretty {
        builder.with_target(false).with_ansi(is_terminal).finish().with(filter).try_init()
    } else {
        builder.json().flatten_event(true).with_current_span(false).finish().with(filter).try_init()
    };
    if started.is_ok() {
        panics::install_log_hook();
    }
    Ok(())
}
