//! Closes a listening socket without resetting connections that clients have opened already.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use socket2::{SockFilter, SockRef};
use tokio::net::{TcpListener, TcpStream};

/// How long handshakes may take that have begun when no new ones are answered anymore.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_millis(20);

/// A classic BPF program for packets to the listening socket: the byte at 13 of the TCP header holds the flags.
const DROP_SYN: [SockFilter; 4] = [
    SockFilter::new(0x30, 0, 0, 13),
    // To the next instruction if the flag SYN is set, past it otherwise.
    SockFilter::new(0x45, 0, 1, 0x02),
    SockFilter::new(0x06, 0, 0, 0),
    SockFilter::new(0x06, 0, 0, u32::MAX),
];

/// Closes the listener and returns the connections that it had not accepted yet.
///
/// Between the last accept and the close, the kernel would complete more handshakes, and the close would reset those connections.
/// So packets that open a connection are dropped first; clients repeat them after a second, and then find the port closed or the
/// next server. Where the system refuses the filter, that short gap remains.
pub async fn close_listener(listener: TcpListener) -> Vec<(TcpStream, SocketAddr)> {
    let _ = SockRef::from(&listener).attach_filter(&DROP_SYN);
    tokio::time::sleep(HANDSHAKE_TIMEOUT).await;
    let mut accepted = Vec::new();
    if let Ok(listener) = listener.into_std() {
        while let Ok((stream, peer)) = listener.accept() {
            accepted.extend(into_tokio(stream).ok().map(|stream| (stream, peer)));
        }
    }
    accepted
}

fn into_tokio(stream: std::net::TcpStream) -> io::Result<TcpStream> {
    stream.set_nonblocking(true)?;
    TcpStream::from_std(stream)
}
