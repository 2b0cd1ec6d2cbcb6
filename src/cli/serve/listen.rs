//! Binding an address.

use std::io::ErrorKind;
use std::net::SocketAddr;

use tokio::net::TcpListener;

use crate::cli::error::CommandError;

/// Binds an address; `setting` is what an operator changes when that fails.
pub(super) async fn listen(address: SocketAddr, setting: &str) -> Result<(TcpListener, SocketAddr), CommandError> {
    let bound = async {
        let listener = TcpListener::bind(address).await?;
        let bound = listener.local_addr()?;
        Ok::<_, std::io::Error>((listener, bound))
    };
    bound.await.map_err(|source| {
        let hint = match source.kind() {
            ErrorKind::AddrInUse => "another program listens there; stop it, or choose another port with",
            ErrorKind::PermissionDenied => "ports below 1024 need a privilege; choose another with",
            ErrorKind::AddrNotAvailable => "this machine has no such address; choose another with",
            _ => "choose another address with",
        };
        CommandError::Listen { address, source, hint: format!("{hint} {setting}") }
    })
}
