//! Connections: accepting, bounding and draining them.
//!
//! `warp::serve` has no timeouts, no limit on connections and no end to its drain; this loop has all three.

use std::collections::HashMap;
use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use super::front::{Front, Handler};
use super::patience::Patient;
use crate::domain::client::household;

/// What a connection may cost.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Most connections at a time.
    pub connections: usize,
    /// Most connections from one address, or in IPv6 from one network of 64 bits. Those from this machine and from trusted
    /// proxies may be many people's and count only in all.
    pub per_address: usize,
    /// Longest wait for a request's headers, and for the next request on an open connection.
    pub headers: Duration,
    /// Longest wait for a client to take a piece of an answer.
    pub writes: Duration,
    /// Longest wait for running requests when the server stops.
    pub drain: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 4_096,
            per_address: 256,
            headers: Duration::from_secs(15),
            writes: Duration::from_secs(30),
            drain: Duration::from_secs(10),
        }
    }
}

/// Serves what is behind `door` on `listener` until `stop` is ready, then lets running requests finish. Answers how many connections
/// had to be cut off when the drain's time was over.
pub async fn run(
    door: Front<impl Handler>,
    listener: TcpListener,
    limits: Limits,
    stop: impl Future<Output = ()>,
) -> usize {
    let permits = Arc::new(Semaphore::new(limits.connections));
    let addresses = Addresses::default();
    let (leave, leaving) = watch::channel(false);
    let mut tasks = JoinSet::new();
    let mut stop = pin!(stop);
    loop {
        let accepted = tokio::select! {
            () = &mut stop => break,
            Some(_) = tasks.join_next() => continue,
            accepted = accept(&listener, &permits) => accepted,
        };
        let Some((stream, peer, permit)) = accepted else { continue };
        let counted = (!door.is_proxy(peer.ip())).then(|| household(peer.ip()));
        let Some(place) = addresses.take(counted, limits.per_address) else { continue };
        let (door, leaving) = (door.clone().facing(peer.ip()), leaving.clone());
        tasks.spawn(async move {
            let _held = (permit, place);
            connection(stream, door, limits, leaving).await;
        });
    }
    drop(listener);
    let _ = leave.send(true);
    let drained = tokio::time::timeout(limits.drain, async { while tasks.join_next().await.is_some() {} }).await;
    let cut = if drained.is_ok() { 0 } else { tasks.len() };
    tasks.shutdown().await;
    cut
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
            // Out of descriptors, most likely: wait for some to come back instead of spinning.
            tokio::time::sleep(Duration::from_millis(50)).await;
            None
        }
    }
}

async fn connection(stream: TcpStream, door: Front<impl Handler>, limits: Limits, mut leaving: watch::Receiver<bool>) {
    // Small answers leave at once; without it they wait for the other side's acknowledgement.
    let _ = stream.set_nodelay(true);
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(limits.headers).max_header_size(32 * 1024);
    let mut connection = pin!(
        builder.serve_connection(TokioIo::new(Patient::with(stream, limits.writes)), TowerToHyperService::new(door))
    );
    tokio::select! {
        _ = connection.as_mut() => return,
        _ = leaving.changed() => {}
    }
    connection.as_mut().graceful_shutdown();
    // A connection that breaks off is its client's business.
    let _ = connection.await;
}

/// How many connections each address holds.
#[derive(Default, Clone)]
struct Addresses(Arc<Mutex<HashMap<IpAddr, usize>>>);

/// One connection's place; given back when dropped.
struct Place {
    addresses: Addresses,
    /// `None` where nobody counts.
    address: Option<IpAddr>,
}

impl Addresses {
    fn take(&self, address: Option<IpAddr>, most: usize) -> Option<Place> {
        if let Some(address) = address {
            let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let count = held.entry(address).or_insert(0);
            if *count >= most {
                return None;
            }
            *count += 1;
        }
        Some(Place { addresses: self.clone(), address })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let Some(address) = self.address else { return };
        let mut held = self.addresses.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = held.get_mut(&address) {
            *count -= 1;
            if *count == 0 {
                held.remove(&address);
            }
        }
    }
}
