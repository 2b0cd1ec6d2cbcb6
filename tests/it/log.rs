//! What one thread logs. The subscriber is that of the whole process, for one of a single thread misses lines whose place
//! another thread came by first.

use std::cell::RefCell;
use std::io::{Result, Write};
use std::sync::Once;

thread_local! {
    static LINES: RefCell<Option<Vec<u8>>> = const { RefCell::new(None) };
}

struct OfThisThread;

impl Write for OfThisThread {
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

/// Keeps what this thread logs from now on.
pub fn listen() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(|| OfThisThread).finish();
        tracing::subscriber::set_global_default(subscriber).expect("nobody else listens");
    });
    LINES.set(Some(Vec::new()));
}

/// What was kept.
pub fn heard() -> String {
    String::from_utf8(LINES.take().expect("somebody listens")).unwrap()
}
