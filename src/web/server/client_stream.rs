//! The stream of one connection: [`WriteTimeout`], a timeout for the head of a request, and a lingering close.
//!
//! A socket that is closed while bytes of the client are unread resets the connection, and the reset can overtake the response: a
//! proxy that is still sending the body then reports 502 instead of the refusal. So the stream first closes its sending half, and
//! then discards what arrives until the client closes, too, within bounds (RFC 9112, 9.6).

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep};

use crate::web::server::connection_state::ConnectionState;
use crate::web::server::write_timeout::WriteTimeout;

/// The most bytes that are read after the response only to be discarded.
const MAX_LINGER_BYTES: usize = 64 << 20;
/// The longest time for that.
const LINGER_TIMEOUT: Duration = Duration::from_secs(30);
/// The longest wait for more bytes.
const LINGER_IDLE_TIMEOUT: Duration = Duration::from_secs(5);

/// Timeouts of a stream.
#[derive(Debug, Clone, Copy)]
pub struct StreamTimeouts {
    /// The longest wait for the first head, and for the rest of one that has begun.
    pub header: Duration,
    /// The longest wait until a client reads a part of a response.
    pub write: Duration,
}

pub struct ClientStream {
    stream: WriteTimeout,
    state: Arc<ConnectionState>,
    header_timeout: Duration,
    /// Runs while the head of a request is due.
    head_timer: Option<Pin<Box<Sleep>>>,
    /// Set once the sending half is closed.
    linger: Option<Linger>,
}

/// What remains of the bounds of a lingering close.
struct Linger {
    bytes_left: usize,
    total: Pin<Box<Sleep>>,
    idle: Pin<Box<Sleep>>,
}

impl ClientStream {
    pub fn new(stream: TcpStream, state: Arc<ConnectionState>, timeouts: StreamTimeouts) -> Self {
        let stream = WriteTimeout::new(stream, timeouts.write);
        Self { stream, state, header_timeout: timeouts.header, head_timer: None, linger: None }
    }

    /// Reads bytes that have arrived, although the runtime has not noticed yet. Only needed when the connection is about to close.
    fn read_arrived(&self, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match rustix::io::read(self.stream.get_ref(), into.initialize_unfilled()) {
            Ok(read) => {
                into.advance(read);
                Poll::Ready(Ok(()))
            }
            Err(rustix::io::Errno::AGAIN) => Poll::Pending,
            Err(error) => Poll::Ready(Err(error.into())),
        }
    }

    /// Waits for bytes, but not longer than the head of a request may take.
    fn wait_for_bytes(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !self.state.awaits_head() {
            self.head_timer = None;
            return Poll::Pending;
        }
        let timeout = self.header_timeout;
        let timer = self.head_timer.get_or_insert_with(|| Box::pin(sleep(timeout)));
        ready!(timer.as_mut().poll(context));
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the head of a request did not arrive in time")))
    }
}

impl Linger {
    fn new() -> Self {
        Self {
            bytes_left: MAX_LINGER_BYTES,
            total: Box::pin(sleep(LINGER_TIMEOUT)),
            idle: Box::pin(sleep(LINGER_IDLE_TIMEOUT)),
        }
    }

    /// Discards bytes until the client closes the connection or a bound is reached.
    fn poll_discard(&mut self, stream: &mut WriteTimeout, context: &mut Context<'_>) -> Poll<()> {
        let mut bytes = [0; 8 * 1024];
        while self.bytes_left > 0 && self.total.as_mut().poll(context).is_pending() {
            let mut into = ReadBuf::new(&mut bytes);
            match Pin::new(&mut *stream).poll_read(context, &mut into) {
                Poll::Ready(Ok(())) if !into.filled().is_empty() => {
                    self.bytes_left = self.bytes_left.saturating_sub(into.filled().len());
                    self.idle.as_mut().reset(Instant::now() + LINGER_IDLE_TIMEOUT);
                }
                Poll::Ready(_) => return Poll::Ready(()),
                Poll::Pending => return self.idle.as_mut().poll(context),
            }
        }
        Poll::Ready(())
    }
}

impl AsyncRead for ClientStream {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let filled = into.filled().len();
        let mut read = Pin::new(&mut self.stream).poll_read(context, into);
        if read.is_pending() && self.state.is_stopping() {
            read = self.read_arrived(into);
        }
        if read.is_pending() {
            return self.wait_for_bytes(context);
        }
        if into.filled().len() > filled {
            self.state.bytes_arrived();
        }
        read
    }
}

impl AsyncWrite for ClientStream {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, pieces)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.linger.is_none() {
            ready!(Pin::new(&mut this.stream).poll_shutdown(context))?;
        }
        if !this.state.has_unread_bytes() {
            // The client sends nothing.
            return Poll::Ready(Ok(()));
        }
        let linger = this.linger.get_or_insert_with(Linger::new);
        linger.poll_discard(&mut this.stream, context).map(Ok)
    }
}
