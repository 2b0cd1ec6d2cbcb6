//! What a connection is doing. Its stream, its service, and the loop that accepts connections share it.

use std::time::Instant;

use parking_lot::Mutex;
use tokio::sync::{Notify, watch};

/// Whether the server still takes requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServerStage {
    Serving,
    /// The server stops: every response closes its connection, so that clients learn of it before one of their requests is lost.
    Announcing,
    /// Connections that wait for a request are closed.
    Closing,
}

/// Where a connection is between two requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Nothing has arrived yet.
    New,
    /// A part of a request has arrived that no handler reads: its head, or a body that was refused.
    Receiving,
    Handling,
    /// Since then the connection waits for the next request.
    Idle(Instant),
    /// It was idle and is about to be closed.
    Closing,
}

pub struct ConnectionState {
    phase: Mutex<Phase>,
    stage: watch::Receiver<ServerStage>,
    /// Notified when the connection is to end, because there is no room for others.
    close: Notify,
}

impl ConnectionState {
    pub fn new(stage: watch::Receiver<ServerStage>) -> Self {
        Self { phase: Mutex::new(Phase::New), stage, close: Notify::new() }
    }

    /// Whether responses must close the connection.
    pub fn is_stopping(&self) -> bool {
        *self.phase.lock() == Phase::Closing || *self.stage.borrow() != ServerStage::Serving
    }

    pub fn bytes_arrived(&self) {
        let mut phase = self.phase.lock();
        if matches!(*phase, Phase::New | Phase::Idle(_) | Phase::Closing) {
            *phase = Phase::Receiving;
        }
    }

    pub fn request_started(&self) {
        *self.phase.lock() = Phase::Handling;
    }

    /// The response is complete. `read_whole` says whether the body was read to its end; if not, no other request can follow it.
    pub fn request_finished(&self, read_whole: bool) {
        *self.phase.lock() = if read_whole { Phase::Idle(Instant::now()) } else { Phase::Receiving };
    }

    /// Whether the head of a request is due: the connection is new, or a part of a head has arrived.
    pub fn awaits_head(&self) -> bool {
        matches!(*self.phase.lock(), Phase::New | Phase::Receiving)
    }

    /// Since when the connection waits for another request, if it does.
    pub fn idle_since(&self) -> Option<Instant> {
        match *self.phase.lock() {
            Phase::Idle(since) => Some(since),
            Phase::New | Phase::Receiving | Phase::Handling | Phase::Closing => None,
        }
    }

    /// Asks an idle connection to end.
    pub fn close(&self) {
        *self.phase.lock() = Phase::Closing;
        self.close.notify_one();
    }

    /// Waits until the connection is to end.
    pub async fn closing(&self) {
        self.close.notified().await;
    }

    /// Whether the client may have sent bytes that the server will not read.
    pub fn has_unread_bytes(&self) -> bool {
        matches!(*self.phase.lock(), Phase::New | Phase::Receiving | Phase::Handling)
    }
}
