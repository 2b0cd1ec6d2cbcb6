//! What a service manager is told: that Atlas is ready, alive, or stopping. The protocol is systemd's `sd_notify(3)`:
//! datagrams to a Unix socket. Where it is and how often to say "alive" is handed in.

use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::Duration;

use crate::config::Supervised;

/// The line to the service manager, if there is one.
pub struct Supervisor(Option<Line>);

struct Line {
    socket: UnixDatagram,
    address: SocketAddr,
    watchdog: Option<Duration>,
}

impl Supervisor {
    /// Opens the line that was handed in.
    ///
    /// # Errors
    /// When the address is none, or no socket can be made.
    pub fn of(supervised: Option<Supervised>) -> io::Result<Self> {
        let Some(Supervised { socket, watchdog }) = supervised else { return Ok(Self(None)) };
        let bytes = socket.as_os_str().as_bytes();
        let address = match bytes.strip_prefix(b"@") {
            Some(name) => SocketAddr::from_abstract_name(name)?,
            None => SocketAddr::from_pathname(&socket)?,
        };
        let line = UnixDatagram::unbound()?;
        line.set_nonblocking(true)?;
        Ok(Self(Some(Line { socket: line, address, watchdog })))
    }

    /// How often to say [`Self::is_alive`]: twice in the time after which the service manager gives Atlas up.
    pub fn pulse(&self) -> Option<Duration> {
        self.0.as_ref().and_then(|line| line.watchdog).map(|longest| longest / 2)
    }

    /// Requests are answered from here on.
    pub fn is_ready(&self) {
        self.says("READY=1\nSTATUS=Serving");
    }

    /// The data file was just read.
    pub fn is_alive(&self) {
        self.says("WATCHDOG=1");
    }

    /// Running requests are finished, and then it ends.
    pub fn is_stopping(&self) {
        self.says("STOPPING=1\nSTATUS=Finishing running requests");
    }

    fn says(&self, words: &str) {
        let Some(line) = &self.0 else { return };
        if let Err(error) = line.socket.send_to_addr(words.as_bytes(), &line.address) {
            tracing::warn!(%error, "the service manager cannot be told");
        }
    }
}
