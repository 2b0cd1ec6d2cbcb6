//! The control socket: how a command in a terminal reaches the server that has the data file.
//!
//! Only one process has the file open, and that process executes the command: the command itself when no server runs,
//! otherwise the server. The command sends an [`Envelope`] as one line of JSON over a Unix socket beside the data file, and
//! the server sends [`ControlResponse`]s back, one per line, the last of which ends the command.
//!
//! SECURITY: an accepted process may do everything an operator may. The socket is open to its owner only (0600), and the
//! kernel's peer credentials must be the owner's or root's even if the file's mode was changed.

use std::fs::{self, File};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{Semaphore, mpsc};

use super::context::OperatorContext;
use super::execute::execute;
use super::protocol::{Answer, ControlResponse, Envelope, Outcome};
use crate::app::progress::Progress;
use crate::domain::environment::files::control_socket;
use crate::observe::repeated::RepeatedEvent;

/// Commands are short, and an answer holds at most a page of a list.
const MAX_LINE_BYTES: u64 = 1 << 20;
/// How long one side waits for the other's next line.
const LINE_TIMEOUT: Duration = Duration::from_secs(30);
/// A sign of life is sent this often, well within the timeout.
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(10);
const MAX_CONCURRENT_COMMANDS: usize = 32;
/// How long the listener waits after it could not accept a connection.
const ACCEPT_BACKOFF: Duration = Duration::from_secs(1);

/// The longest path of a socket that the system takes.
const MAX_SOCKET_PATH_BYTES: usize = 107;

/// The path of a socket, shortened if the system would not take it.
struct SocketAddress {
    path: PathBuf,
    /// The folder of the socket, whose descriptor is part of a shortened path.
    _folder: Option<File>,
}

impl SocketAddress {
    fn new(path: &Path) -> io::Result<Self> {
        if path.as_os_str().len() <= MAX_SOCKET_PATH_BYTES {
            return Ok(Self { path: path.to_owned(), _folder: None });
        }
        let folder = File::open(path.parent().unwrap_or(Path::new(".")))?;
        let shortened = Path::new("/proc/self/fd").join(folder.as_raw_fd().to_string());
        Ok(Self { path: shortened.join(path.file_name().unwrap_or_default()), _folder: Some(folder) })
    }

    fn path(&self) -> &Path {
        &self.path
    }
}

/// Whether a server listens at the socket of a data file.
pub fn is_served(data_file: &Path) -> bool {
    let address = SocketAddress::new(&control_socket(data_file));
    address.and_then(|address| std::os::unix::net::UnixStream::connect(address.path())).is_ok()
}

/// The server's end; the socket's file is removed when this is dropped.
pub struct ControlSocket {
    listener: UnixListener,
    path: PathBuf,
    /// The user this process runs as, which the new socket belongs to.
    owner: u32,
}

impl ControlSocket {
    /// Opens the socket of a data file. Only the process that has the data file may call this: it removes the socket that a
    /// killed server left behind.
    ///
    /// # Errors
    /// When the socket cannot be created.
    pub fn open(data_file: &Path) -> io::Result<Self> {
        let path = control_socket(data_file);
        match fs::symlink_metadata(&path) {
            Ok(_) => fs::remove_file(&path)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        let listener = UnixListener::bind(SocketAddress::new(&path)?.path())?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600))?;
        let owner = fs::symlink_metadata(&path)?.uid();
        Ok(Self { listener, path, owner })
    }

    /// Serves commands, each beside the others, until it is dropped. Commands that have begun then go on;
    /// [`OperatorContext::wait_for_commands`] waits for them.
    pub async fn listen(&self, context: &Arc<OperatorContext>) {
        let permits = Arc::new(Semaphore::new(MAX_CONCURRENT_COMMANDS));
        let failed = RepeatedEvent::default();
        loop {
            let Ok(permit) = Arc::clone(&permits).acquire_owned().await else { return };
            match self.listener.accept().await {
                Ok((stream, _)) => {
                    let (owner, context) = (self.owner, Arc::clone(context));
                    tokio::spawn(async move {
                        if let Err(error) = serve(owner, &context, stream).await {
                            tracing::warn!(%error, "a control socket connection failed");
                        }
                        drop(permit);
                    });
                }
                Err(error) => {
                    if let Some(count) = failed.count() {
                        tracing::error!(%error, count, "the control socket cannot accept connections");
                    }
                    tokio::time::sleep(ACCEPT_BACKOFF).await;
                }
            }
        }
    }
}

impl Drop for ControlSocket {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

async fn serve(owner: u32, context: &OperatorContext, mut stream: UnixStream) -> io::Result<()> {
    let uid = stream.peer_cred()?.uid();
    if !may_send_commands(uid, owner) {
        return Err(io::Error::other(format!("user {uid} may not send commands; only user {owner} and root may")));
    }
    // A command that only looks for a server hangs up at once ([`is_served`]).
    let Some(line) = read_line(&mut BufReader::new(&mut stream)).await? else { return Ok(()) };
    let Envelope { environment, command } = serde_json::from_str(&line)?;
    let served = &context.app.store.stamp().environment;
    if environment != *served {
        let why = format!("this server serves “{served}”, and the command is for “{environment}”; nothing was changed");
        tracing::warn!("{why}");
        return send_line(&mut stream, &ControlResponse::<Answer>::Refused(why)).await;
    }
    // A server that stops waits for this.
    let _running = context.start_command().await;
    // The user a command is about is named in the audit trail, not in the log.
    tracing::info!("executing an operator's command");
    let (sender, mut steps) = mpsc::unbounded_channel::<String>();
    let mut on_progress = move |step: &str| drop(sender.send(step.to_owned()));
    let mut executing = std::pin::pin!(execute(context, command, &mut on_progress));
    let outcome = loop {
        let step = tokio::select! {
            outcome = &mut executing => break outcome,
            Some(step) = steps.recv() => Some(step),
            () = tokio::time::sleep(KEEPALIVE_INTERVAL) => None,
        };
        // A command that has begun is finished, even if the other side hung up.
        let _ = send_line(&mut stream, &ControlResponse::<Answer>::Working(step)).await;
    };
    while let Ok(step) = steps.try_recv() {
        send_line(&mut stream, &ControlResponse::<Answer>::Working(Some(step))).await?;
    }
    let sent = send_line(&mut stream, &ControlResponse::from(outcome)).await;
    context.command_answered();
    sent
}

/// The owner, and root, which can read the data file anyway.
fn may_send_commands(uid: u32, owner: u32) -> bool {
    uid == owner || uid == 0
}

/// Has the server of a data file execute a command; `None` when no server listens there.
///
/// # Errors
/// When the server hangs up, does not answer in time, or answers something else.
pub async fn send(data_file: &Path, envelope: &Envelope, on_progress: Progress<'_>) -> io::Result<Option<Outcome>> {
    let connected = match SocketAddress::new(&control_socket(data_file)) {
        Ok(address) => UnixStream::connect(address.path()).await,
        Err(error) => Err(error),
    };
    let mut stream = match connected {
        Ok(stream) => stream,
        // There is no socket, or a killed server left it behind.
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused) => {
            return Ok(None);
        }
        // No socket can have so long a name.
        Err(error) if error.kind() == io::ErrorKind::InvalidInput => return Ok(None),
        Err(error) => return Err(error),
    };
    send_line(&mut stream, envelope).await?;
    let mut stream = BufReader::new(stream);
    loop {
        let line = read_line(&mut stream).await?.ok_or(io::ErrorKind::UnexpectedEof)?;
        match envelope.command.parse_response(&line)? {
            ControlResponse::Working(Some(step)) => on_progress(&step),
            ControlResponse::Working(None) => {}
            ControlResponse::Done(answer) => return Ok(Some(Outcome::Done(answer))),
            ControlResponse::Refused(why) => return Ok(Some(Outcome::Refused(why))),
            ControlResponse::Failed(why) => return Ok(Some(Outcome::Failed(why))),
        }
    }
}

async fn send_line(stream: &mut UnixStream, message: &impl Serialize) -> io::Result<()> {
    let mut line = serde_json::to_vec(message)?;
    line.push(b'\n');
    stream.write_all(&line).await
}

/// The next line, within the limits of size and time; `None` when the other side hung up instead.
async fn read_line(reader: &mut (impl AsyncBufRead + Unpin)) -> io::Result<Option<String>> {
    let mut line = String::new();
    match tokio::time::timeout(LINE_TIMEOUT, reader.take(MAX_LINE_BYTES).read_line(&mut line)).await {
        Ok(read) => drop(read?),
        Err(_) => return Err(io::ErrorKind::TimedOut.into()),
    }
    match line.as_str() {
        "" => Ok(None),
        text if text.ends_with('\n') => Ok(Some(line)),
        _ => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_owner_and_root_may_send_commands() {
        assert!(may_send_commands(1000, 1000) && may_send_commands(0, 1000));
        assert!(!may_send_commands(1001, 1000) && !may_send_commands(1000, 0));
    }
}
