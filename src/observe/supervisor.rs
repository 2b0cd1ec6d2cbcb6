//! Notifications to the service manager, such as systemd: ready, alive, stopping. The protocol is `sd_notify(3)`: datagrams to a
//! Unix socket, which may have an abstract name.

use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::Duration;

use crate::config::ServiceManager;

/// The service manager that started this process, if one did. Without one, notifications do nothing.
pub struct Supervisor(Option<Link>);

struct Link {
    socket: UnixDatagram,
    address: SocketAddr,
    watchdog: Option<Duration>,
}

impl Supervisor {
    /// Connects to the service manager.
    ///
    /// # Errors
    /// When the name of its socket is invalid, or no socket can be created.
    pub fn connect(manager: Option<ServiceManager>) -> io::Result<Self> {
        let Some(ServiceManager { socket, watchdog }) = manager else { return Ok(Self(None)) };
        let address = match socket.as_os_str().as_bytes().strip_prefix(b"@") {
            Some(name) => SocketAddr::from_abstract_name(name)?,
            None => SocketAddr::from_pathname(&socket)?,
        };
        let socket = UnixDatagram::unbound()?;
        socket.set_nonblocking(true)?;
        Ok(Self(Some(Link { socket, address, watchdog })))
    }

    /// How often to send [`Self::notify_alive`]: twice within the time after which the service manager restarts the process.
    /// `None` when it does not watch.
    pub fn heartbeat_interval(&self) -> Option<Duration> {
        self.0.as_ref().and_then(|link| link.watchdog).map(|timeout| timeout / 2)
    }

    /// Requests are answered from here on.
    pub fn notify_ready(&self) {
        self.send("READY=1\nSTATUS=Serving");
    }

    /// The data file was just read.
    pub fn notify_alive(&self) {
        self.send("WATCHDOG=1");
    }

    /// The process finishes its running requests and then exits.
    pub fn notify_stopping(&self) {
        self.send("STOPPING=1\nSTATUS=Finishing running requests");
    }

    fn send(&self, state: &str) {
        let Some(link) = &self.0 else { return };
        if let Err(error) = link.socket.send_to_addr(state.as_bytes(), &link.address) {
            tracing::warn!(%error, "the service manager could not be notified");
        }
    }
}
