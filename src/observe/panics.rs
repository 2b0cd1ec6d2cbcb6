//! Panics: where they happened is told once, in the log of whoever answers for them.
//!
//! SECURITY: what a panic says is not told. It may quote a value, and a value may be somebody's.

use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind};
use std::pin::pin;
use std::task::Poll;

thread_local! {
    /// Whether somebody on this thread answers for a panic.
    static ANSWERED_FOR: Cell<bool> = const { Cell::new(false) };
    /// Where the last one of this thread was.
    static PLACE: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// From here on panics are lines of the log instead of bare text on standard error.
pub(super) fn log() {
    std::panic::set_hook(Box::new(|panic| {
        let place = place(panic);
        if ANSWERED_FOR.get() {
            PLACE.set(Some(place));
        } else {
            let thread = std::thread::current();
            tracing::error!(place, thread = thread.name(), "something panicked");
        }
    }));
}

fn place(panic: &PanicHookInfo<'_>) -> String {
    panic.location().map(|place| format!("{}:{}", place.file(), place.line())).unwrap_or_default()
}

/// Runs a future to its end, or to its panic.
///
/// # Errors
/// Where it panicked; blank when that is not watched.
pub async fn caught<F: Future>(future: F) -> Result<F::Output, String> {
    let mut future = pin!(future);
    poll_fn(|context| {
        let before = ANSWERED_FOR.replace(true);
        // What a panic leaves half done belongs to its request, and goes with it.
        let polled = catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context)));
        ANSWERED_FOR.set(before);
        match polled {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(output)) => Poll::Ready(Ok(output)),
            Err(_) => Poll::Ready(Err(PLACE.take().unwrap_or_default())),
        }
    })
    .await
}
