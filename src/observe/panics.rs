//! Panics: each is logged once with its location, and background tasks restart after one.
//!
//! SECURITY: the message of a panic is never logged. It may quote a value, and the value may be personal data.

use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::task::{JoinError, JoinHandle};

thread_local! {
    /// Whether this thread runs inside [`catch_panic`], whose caller logs the panic.
    static IS_CAUGHT: Cell<bool> = const { Cell::new(false) };
    /// The location of this thread's last caught panic.
    static LAST_LOCATION: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// A future panicked. Empty `location`: the hook of [`install_log_hook`] was not installed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("panicked at {location}")]
pub struct Panicked {
    /// File and line.
    pub location: String,
}

/// Logs panics from here on, in place of the plain text that Rust prints on standard error.
pub(super) fn install_log_hook() {
    std::panic::set_hook(Box::new(|panic| {
        let location = panic.location().map(|location| format!("{}:{}", location.file(), location.line()));
        let location = location.unwrap_or_default();
        if IS_CAUGHT.get() {
            LAST_LOCATION.set(Some(location));
        } else {
            let thread = std::thread::current();
            tracing::error!(location, thread = thread.name(), "a thread panicked");
        }
    }));
}

/// Why a task did not finish, for a log or an operator.
pub fn join_error_reason(error: &JoinError) -> &'static str {
    // SECURITY: the error's own text quotes the message of the panic.
    if error.is_panic() { "it panicked" } else { "it was canceled" }
}

/// Runs a background task that should never return. When it returns or panics, that is logged and it restarts after
/// `pause`; the rest of the process goes on.
pub async fn keep_running<F: Future<Output = ()> + Send + 'static>(task: &str, pause: Duration, start: impl Fn() -> F) {
    loop {
        let reason = match AbortOnDrop(tokio::spawn(catch_panic(start()))).await {
            Ok(Ok(())) => "it returned".to_owned(),
            Ok(Err(panicked)) => panicked.to_string(),
            Err(error) => join_error_reason(&error).to_owned(),
        };
        tracing::error!(task, reason, "a background task stopped and restarts");
        tokio::time::sleep(pause).await;
    }
}

/// A task that is aborted when its handle is dropped.
struct AbortOnDrop<T>(JoinHandle<T>);

impl<T> Future for AbortOnDrop<T> {
    type Output = Result<T, JoinError>;
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(context)
    }
}

impl<T> Drop for AbortOnDrop<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Runs a future to its end or to its panic. The caller logs the panic.
///
/// # Errors
/// [`Panicked`].
pub async fn catch_panic<F: Future>(future: F) -> Result<F::Output, Panicked> {
    let mut future = pin!(future);
    poll_fn(|context| {
        let before = IS_CAUGHT.replace(true);
        // What a panic leaves half done belongs to this future and is dropped with it.
        let polled = catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context)));
        IS_CAUGHT.set(before);
        match polled {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(output)) => Poll::Ready(Ok(output)),
            Err(_) => Poll::Ready(Err(Panicked { location: LAST_LOCATION.take().unwrap_or_default() })),
        }
    })
    .await
}
