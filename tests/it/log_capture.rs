//! Captures the log of one thread.
//!
//! The subscriber is global, because `tracing` caches for each call site whether it is enabled: a thread-local
//! subscriber would miss lines that another thread reached first.

use std::cell::RefCell;
use std::io::{Result, Write};
use std::sync::Once;

thread_local! {
    static LINES: RefCell<Option<Vec<u8>>> = const { RefCell::new(None) };
}

struct ThreadLogWriter;

impl Write for ThreadLogWriter {
    fn write(&mut self, bytes: &[u8]) -> Result<usize> {
        LINES.with_borrow_mut(|lines| {
            if let Some(lines) = lines {
                lines.extend_from_slice(bytes);
            }
        });
        Ok(bytes.len())
    }

    fn flush(&mut self) -> Result<()> {
        Ok(())
    }
}

/// Starts capturing this thread's log.
pub fn start_capture() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(|| ThreadLogWriter).finish();
        tracing::subscriber::set_global_default(subscriber).expect("another subscriber is set");
    });
    LINES.set(Some(Vec::new()));
}

/// Stops capturing and returns the captured text.
pub fn take_captured() -> String {
    String::from_utf8(LINES.take().expect("capturing was not started")).unwrap()
}
