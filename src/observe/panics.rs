//! Panics: where they happened is told once, in the log of whoever answers for them, and what never ends by itself begins
//! anew after one.
//!
//! SECURITY: what a panic says is not told. It may quote a value, and a value may be somebody's.

use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind};
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::task::{JoinError, JoinHandle};

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

/// Why a task never came to its end, for a log or an operator.
pub fn why(ended: &JoinError) -> &'static str {
    // SECURITY: by itself the error quotes what the panic said.
    if ended.is_panic() { "it panicked" } else { "it was cut off" }
}

/// Does something that never ends by itself. When it panics, that is told and it begins anew after a pause: what goes on in
/// the background takes nothing else down with it.
pub async fn kept_up<F: Future<Output = ()> + Send + 'static>(what: &str, pause: Duration, work: impl Fn() -> F) {
    loop {
        let place = match Task(tokio::spawn(caught(work()))).await {
            Ok(Ok(())) => "nowhere: it ended".to_owned(),
            Ok(Err(place)) => place,
            Err(error) => why(&error).to_owned(),
        };
        tracing::error!(what, place, "it stopped and starts again");
        tokio::time::sleep(pause).await;
    }
}

/// A task that ends when nobody waits for it any more.
struct Task<T>(JoinHandle<T>);

impl<T> Future for Task<T> {
    type Output = Result<T, JoinError>;
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(context)
    }
}

impl<T> Drop for Task<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
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
