//! Accepts, limits and drains connections.
//!
//! `warp::serve` has no timeouts, no limit on connections, and drains without an end; this loop has all three.

use std::future::{Future, poll_fn};
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;

use crate::domain::accounts::client::prefix_64;
use crate::observe::repeated::RepeatedEvent;
use crate::web::server::backlog::close_listener;
use crate::web::server::client_stream::{ClientStream, StreamTimeouts};
use crate::web::server::connection_state::{ConnectionState, ServerStage};
use crate::web::server::open_connections::OpenConnections;
use crate::web::server::service::{Handler, Service};

const MAX_HEADER_BYTES: usize = 32 * 1024;
/// How many idle connections are closed when the process has too many open files.
const CLOSED_AT_A_TIME: usize = 8;
/// How long to wait after the system could not hand over a connection.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Limits on connections.
#[derive(Debug, Clone, Copy)]
pub struct ConnectionLimits {
    pub max_connections: usize,
    /// The most connections from one IPv4 address or IPv6 /64 network. Connections from this machine and from trusted proxies are
    /// exempt, because they may belong to many users.
    pub max_per_address: usize,
    /// The longest wait for the headers of a request.
    pub header_timeout: Duration,
    /// The longest wait for the next request on a kept-alive connection. Longer than proxies keep theirs (nginx and AWS load
    /// balancers 60 s, Caddy 120 s): a proxy that sends a request on a connection that is being closed reports 502.
    pub idle_timeout: Duration,
    /// The longest wait until a client reads a part of a response.
    pub write_timeout: Duration,
    /// How long a server that stops still takes requests. Their responses close the connections, so that clients learn of it.
    pub stop_notice: Duration,
    /// The longest wait for running requests when the server stops.
    pub drain_timeout: Duration,
}

impl Default for ConnectionLimits {
    fn default() -> Self {
        Self {
            max_connections: 4_096,
            max_per_address: 256,
            header_timeout: Duration::from_secs(15),
            idle_timeout: Duration::from_mins(3),
            write_timeout: Duration::from_secs(30),
            stop_notice: Duration::from_millis(200),
            drain_timeout: Duration::from_secs(10),
        }
    }
}

/// Serves connections until `stop` is ready, announces that to clients, and waits for running requests. Returns how many
/// connections were cut off because they did not finish in time.
pub async fn run(
    service: Service<impl Handler>,
    listener: TcpListener,
    limits: ConnectionLimits,
    stop: impl Future<Output = ()>,
) -> usize {
    let (stage, _) = watch::channel(ServerStage::Serving);
    let mut server = Server {
        service,
        limits,
        permits: Arc::new(Semaphore::new(limits.max_connections)),
        open: OpenConnections::default(),
        refused: RepeatedEvent::default(),
        failed: RepeatedEvent::default(),
        stage,
        tasks: JoinSet::new(),
    };
    let mut stop = pin!(stop);
    while server.serve_next(&listener, stop.as_mut()).await {}
    server.stage.send_replace(ServerStage::Announcing);
    let mut notice = pin!(tokio::time::sleep(limits.stop_notice));
    while !server.tasks.is_empty() && server.serve_next(&listener, notice.as_mut()).await {}
    for (stream, peer) in close_listener(listener).await {
        if let Ok(permit) = Arc::clone(&server.permits).try_acquire_owned() {
            server.serve((stream, peer, permit));
        }
    }
    server.stage.send_replace(ServerStage::Closing);
    server.drain().await
}

/// A connection that was accepted, and its place among [`ConnectionLimits::max_connections`].
type Accepted = (TcpStream, SocketAddr, OwnedSemaphorePermit);

struct Server<S> {
    service: Service<S>,
    limits: ConnectionLimits,
    permits: Arc<Semaphore>,
    open: OpenConnections,
    /// Connections beyond [`ConnectionLimits::max_per_address`].
    refused: RepeatedEvent,
    /// Connections that the system could not hand over.
    failed: RepeatedEvent,
    stage: watch::Sender<ServerStage>,
    tasks: JoinSet<()>,
}

impl<S: Handler> Server<S> {
    /// Waits for a connection, or for one to end. Returns false once `end` is ready.
    async fn serve_next(&mut self, listener: &TcpListener, end: Pin<&mut impl Future<Output = ()>>) -> bool {
        tokio::select! {
            () = end => return false,
            Some(_) = self.tasks.join_next() => {}
            accepted = accept(listener, &self.permits, &self.open) => match accepted {
                Ok(accepted) => self.serve(accepted),
                Err(error) => self.make_room(&error).await,
            },
        }
        true
    }

    /// Serves a connection in a task.
    fn serve(&mut self, (stream, peer, permit): Accepted) {
        let address = (!self.service.is_proxy(peer.ip())).then(|| prefix_64(peer.ip()));
        let state = Arc::new(ConnectionState::new(self.stage.subscribe()));
        let Some(place) = self.open.add(address, self.limits.max_per_address, Arc::clone(&state)) else {
            return self.report_refused();
        };
        let service = self.service.clone().with_peer(peer.ip(), Arc::clone(&state));
        let (limits, stage) = (self.limits, self.stage.subscribe());
        self.tasks.spawn(async move {
            let _held = (permit, place);
            serve_connection(stream, service, &state, limits, stage).await;
        });
    }

    /// Handles a connection that the system could not hand over, probably because the process has too many open files: closes
    /// connections that are idle, and waits for that rather than spin.
    async fn make_room(&self, error: &io::Error) {
        if let Some(count) = self.failed.count() {
            tracing::warn!(%error, count, "connections could not be accepted; raise LimitNOFILE if this lasts");
        }
        self.open.close_longest_idle(CLOSED_AT_A_TIME);
        tokio::time::sleep(ACCEPT_PAUSE).await;
    }

    fn report_refused(&self) {
        if let Some(count) = self.refused.count() {
            let max = self.limits.max_per_address;
            tracing::warn!(
                count,
                max,
                "refused connections of an address that has too many; list it in trusted_proxies if it is a proxy"
            );
        }
    }

    /// Waits for all connections to end, but not too long. Returns how many were cut off.
    async fn drain(mut self) -> usize {
        let ended = async { while self.tasks.join_next().await.is_some() {} };
        let drained = tokio::time::timeout(self.limits.drain_timeout, ended).await;
        let cut_off = if drained.is_ok() { 0 } else { self.tasks.len() };
        self.tasks.shutdown().await;
        cut_off
    }
}

/// Waits for a connection. If there are as many as there may be, the one that has been idle for the longest time ends.
async fn accept(listener: &TcpListener, permits: &Arc<Semaphore>, open: &OpenConnections) -> io::Result<Accepted> {
    if permits.available_permits() == 0 {
        open.close_longest_idle(1);
    }
    let permit = Arc::clone(permits).acquire_owned().await.map_err(io::Error::other)?;
    let (stream, peer) = listener.accept().await?;
    Ok((stream, peer, permit))
}

async fn serve_connection(
    stream: TcpStream,
    service: Service<impl Handler>,
    state: &Arc<ConnectionState>,
    limits: ConnectionLimits,
    mut stage: watch::Receiver<ServerStage>,
) {
    // Without this, small responses wait for the client's acknowledgement of the previous ones.
    let _ = stream.set_nodelay(true);
    let mut builder = http1::Builder::new();
    // hyper's timeout includes the wait for a request; the stream has a shorter one for heads.
    let longest_wait = limits.idle_timeout.max(limits.header_timeout);
    builder.timer(TokioTimer::new()).header_read_timeout(longest_wait).max_header_size(MAX_HEADER_BYTES);
    let timeouts = StreamTimeouts { header: limits.header_timeout, write: limits.write_timeout };
    let stream = TokioIo::new(ClientStream::new(stream, Arc::clone(state), timeouts));
    let mut connection = pin!(builder.serve_connection(stream, TowerToHyperService::new(service)));
    tokio::select! {
        _ = connection.as_mut() => return,
        _ = stage.wait_for(|stage| *stage == ServerStage::Closing) => {}
        () = state.closing() => {}
    }
    // A client that has just connected, or whose head has arrived in part, gets the time for one request.
    if state.awaits_head() && tokio::time::timeout(limits.stop_notice, connection.as_mut()).await.is_ok() {
        return;
    }
    // Reads a request that has arrived. Without one, the connection is idle and ends here; a running request is finished.
    if poll_once(connection.as_mut()).await {
        return;
    }
    connection.as_mut().graceful_shutdown();
    // A client may break its connection off at any time, so errors are ignored.
    let _ = connection.await;
}

/// Polls a future once. Returns whether it is done.
async fn poll_once(mut future: Pin<&mut impl Future>) -> bool {
    poll_fn(|context| Poll::Ready(future.as_mut().poll(context).is_ready())).await
}
