//! The body of a request, shared by its handler and the service: what a handler leaves unread, the service discards, so that the
//! connection can take another request.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use parking_lot::Mutex;

use crate::web::http::body::MAX_BODY_BYTES;

/// The longest wait for the rest of a body. The response waits, too.
const DISCARD_TIMEOUT: Duration = Duration::from_secs(1);

/// A handle to the body of a request.
#[derive(Clone)]
pub struct RequestBody(Arc<SharedBody>);

struct SharedBody {
    incoming: Mutex<Incoming>,
    /// The client sends the body only when it is asked to, which reading does (`Expect: 100-continue`).
    awaits_invitation: AtomicBool,
}

impl RequestBody {
    pub fn new(incoming: Incoming, expects_continue: bool) -> Self {
        Self(Arc::new(SharedBody {
            incoming: Mutex::new(incoming),
            awaits_invitation: AtomicBool::new(expects_continue),
        }))
    }

    /// Discards what is unread of the body, unless that is more than an ordinary request may send or does not arrive soon. Returns
    /// whether nothing is left.
    pub async fn discard_rest(&mut self) -> bool {
        if self.is_end_stream() {
            return true;
        }
        let limit = MAX_BODY_BYTES as u64;
        if self.0.awaits_invitation.load(Ordering::Relaxed) || self.size_hint().lower() > limit {
            return false;
        }
        let rest = async {
            let mut discarded = 0;
            while let Some(frame) = self.frame().await {
                let Ok(frame) = frame else { return false };
                discarded += frame.data_ref().map_or(0, |data| data.len() as u64);
                if discarded > limit {
                    return false;
                }
            }
            true
        };
        tokio::time::timeout(DISCARD_TIMEOUT, rest).await.unwrap_or(false)
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        self.0.awaits_invitation.store(false, Ordering::Relaxed);
        Pin::new(&mut *self.0.incoming.lock()).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.0.incoming.lock().is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.0.incoming.lock().size_hint()
    }
}
