//! Accepts, limits and drains connections.
//!
//! `warp::serve` has no timeouts, no limit on connections, and drains without an end; this loop has all three.

use std::collections::HashMap;
use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use parking_lot::Mutex;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use crate::domain::accounts::client::prefix_64;
use crate::web::server::service::{Handler, Service};
use crate::web::server::write_timeout::WriteTimeout;

const MAX_HEADER_BYTES: usize = 32 * 1024;

/// Limits on connections.
#[derive(Debug, Clone, Copy)]
pub struct ConnectionLimits {
    pub max_connections: usize,
    /// The most connections from one IPv4 address or IPv6 /64 network. Connections from this machine and from trusted proxies are
    /// exempt, because they may belong to many users.
    pub max_per_address: usize,
    /// The longest wait for the headers of a request, and for the next request on a kept-alive connection.
    pub header_timeout: Duration,
    /// The longest wait until a client reads a part of a response.
    pub write_timeout: Duration,
    /// The longest wait for running requests when the server stops.
    pub drain_timeout: Duration,
}

impl Default for ConnectionLimits {
    fn default() -> Self {
        Self {
            max_connections: 4_096,
            max_per_address: 256,
            header_timeout: Duration::from_secs(15),
            write_timeout: Duration::from_secs(30),
            drain_timeout: Duration::from_secs(10),
        }
    }
}

/// Serves connections until `stop` is ready, then waits for running requests. Returns how many connections were cut off because
/// they did not finish in time.
pub async fn run(
    service: Service<impl Handler>,
    listener: TcpListener,
    limits: ConnectionLimits,
    stop: impl Future<Output = ()>,
) -> usize {
    let permits = Arc::new(Semaphore::new(limits.max_connections));
    let counts = AddressCounts::default();
    let (drain, draining) = watch::channel(false);
    let mut tasks = JoinSet::new();
    let mut stop = pin!(stop);
    loop {
        let accepted = tokio::select! {
            () = &mut stop => break,
            Some(_) = tasks.join_next() => continue,
            accepted = accept(&listener, &permits) => accepted,
        };
        let Some((stream, peer, permit)) = accepted else { continue };
        let address = (!service.is_proxy(peer.ip())).then(|| prefix_64(peer.ip()));
        let Some(slot) = counts.take_slot(address, limits.max_per_address) else { continue };
        let (service, draining) = (service.clone().with_peer(peer.ip()), draining.clone());
        tasks.spawn(async move {
            let _held = (permit, slot);
            serve_connection(stream, service, limits, draining).await;
        });
    }
    drop(listener);
    let _ = drain.send(true);
    let drained =
        tokio::time::timeout(limits.drain_timeout, async { while tasks.join_next().await.is_some() {} }).await;
    let cut_off = if drained.is_ok() { 0 } else { tasks.len() };
    tasks.shutdown().await;
    cut_off
}

async fn accept(
    listener: &TcpListener,
    permits: &Arc<Semaphore>,
) -> Option<(TcpStream, SocketAddr, tokio::sync::OwnedSemaphorePermit)> {
    let permit = Arc::clone(permits).acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, peer)) => Some((stream, peer, permit)),
        Err(error) => {
            tracing::warn!(%error, "a connection could not be accepted");
            // Probably out of file descriptors. Wait until some are closed rather than spin.
            tokio::time::sleep(Duration::from_millis(50)).await;
            None
        }
    }
}

async fn serve_connection(
    stream: TcpStream,
    service: Service<impl Handler>,
    limits: ConnectionLimits,
    mut draining: watch::Receiver<bool>,
) {
    // Without this, small responses wait for the client's acknowledgement of the previous ones.
    let _ = stream.set_nodelay(true);
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(limits.header_timeout).max_header_size(MAX_HEADER_BYTES);
    let stream = TokioIo::new(WriteTimeout::new(stream, limits.write_timeout));
    let mut connection = pin!(builder.serve_connection(stream, TowerToHyperService::new(service)));
    tokio::select! {
        _ = connection.as_mut() => return,
        _ = draining.changed() => {}
    }
    connection.as_mut().graceful_shutdown();
    // A client may break its connection off at any time, so errors are ignored.
    let _ = connection.await;
}

/// The number of connections of each address.
#[derive(Default, Clone)]
struct AddressCounts(Arc<Mutex<HashMap<IpAddr, usize>>>);

/// The slot of one connection, released when it is dropped.
struct Slot {
    counts: AddressCounts,
    /// `None` for connections that are exempt.
    address: Option<IpAddr>,
}

impl AddressCounts {
    fn take_slot(&self, address: Option<IpAddr>, max: usize) -> Option<Slot> {
        if let Some(address) = address {
            let mut counts = self.0.lock();
            let count = counts.entry(address).or_insert(0);
            if *count >= max {
                return None;
            }
            *count += 1;
        }
        Some(Slot { counts: self.clone(), address })
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let Some(address) = self.address else { return };
        let mut counts = self.counts.0.lock();
        if let Some(count) = counts.get_mut(&address) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&address);
            }
        }
    }
}
