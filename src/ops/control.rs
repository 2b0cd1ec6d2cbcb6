//! The control socket: how a command in a terminal reaches the server that has the data file.
//!
//! The file belongs to one process at a time, so a verb is carried out by whoever has it: by the command itself when no
//! server runs, otherwise by the server, which is asked over a Unix socket beside the file. One line of JSON goes in, an
//! [`Order`]; one comes back, an [`Outcome`]. Both ways [`obey`] does the work, so the answers are the same.
//!
//! SECURITY: whoever may speak here may do what an operator may. The socket is open to its owner only (0600), and a
//! process of another user is refused by what the kernel says of it, whatever became of the file's mode.

use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};

use super::{mail, users};
use crate::app::{App, Error};

/// Longest line, in bytes. Orders are short, and an answer holds at most a page of a list.
const LONGEST: u64 = 1 << 20;
/// Longest time one side waits for the other's line to arrive.
const PATIENCE: Duration = Duration::from_secs(30);

/// What an operator wants done. Verbs of other commands are added here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "noun", content = "verb")]
pub enum Order {
    /// `atlas user`.
    User(users::Verb),
    /// `atlas mail`.
    Mail(mail::Verb),
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// It was done; what there is to say as JSON.
    Done(serde_json::Value),
    /// A rule said no.
    Refused(String),
    /// Something is broken.
    Failed(String),
}

/// Carries an order out.
pub async fn obey(app: &App, order: Order) -> Outcome {
    let done = match order {
        Order::User(verb) => users::obey(app, verb).await,
        Order::Mail(verb) => mail::obey(app, verb).await,
    };
    match done {
        Ok(value) => Outcome::Done(value),
        Err(Error::Refused(refusal)) => Outcome::Refused(refusal.to_string()),
        Err(error) => Outcome::Failed(error.to_string()),
    }
}

/// Where the socket of a data file is.
pub fn socket_of(data_file: &Path) -> PathBuf {
    let mut name = data_file.as_os_str().to_owned();
    name.push(".sock");
    PathBuf::from(name)
}

/// An open control socket; its file goes when this is dropped.
pub struct Control {
    listener: UnixListener,
    path: PathBuf,
    /// Who may speak: the user this process runs as, which the new file belongs to.
    owner: u32,
}

impl Control {
    /// Opens the socket of a data file. Only for whoever has the data file: what lies there from a server that was killed
    /// is removed.
    ///
    /// # Errors
    /// When the socket cannot be made, as when its path is longer than the system allows (107 bytes on Linux).
    pub fn open(data_file: &Path) -> io::Result<Self> {
        let path = socket_of(data_file);
        match fs::symlink_metadata(&path) {
            Ok(_) => fs::remove_file(&path)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        let listener = UnixListener::bind(&path)?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600))?;
        let owner = fs::symlink_metadata(&path)?.uid();
        Ok(Self { listener, path, owner })
    }

    /// Listens to operators, one after the other, for as long as the server runs. Ends only by being dropped.
    pub async fn listen(&self, app: &App) {
        loop {
            match self.listener.accept().await {
                Ok((stream, _)) => {
                    if let Err(error) = self.serve(app, stream).await {
                        tracing::warn!(%error, "an operator's command was not understood");
                    }
                }
                Err(error) => {
                    tracing::error!(%error, "the control socket");
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
            }
        }
    }

    async fn serve(&self, app: &App, mut stream: UnixStream) -> io::Result<()> {
        let uid = stream.peer_cred()?.uid();
        if !may_speak(uid, self.owner) {
            return Err(io::Error::other(format!("it came from user {uid}, who may not speak here")));
        }
        let order: Order = serde_json::from_str(&line(&mut stream).await?)?;
        // Whom it is about stands in the audit trail, not in the log.
        tracing::info!("an operator's command");
        let outcome = obey(app, order).await;
        tell(&mut stream, &outcome).await
    }
}

impl Drop for Control {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

/// The same user, and root, who can read the file anyway.
fn may_speak(uid: u32, owner: u32) -> bool {
    uid == owner || uid == 0
}

/// Has the server of a data file carry an order out; `None` when no server listens there.
///
/// # Errors
/// When the server goes away, or does not answer.
pub async fn ask(data_file: &Path, order: &Order) -> io::Result<Option<Outcome>> {
    let mut stream = match UnixStream::connect(socket_of(data_file)).await {
        Ok(stream) => stream,
        // Nothing there, or left behind by a server that was killed.
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused) => {
            return Ok(None);
        }
        // No socket can have so long a path.
        Err(error) if error.kind() == io::ErrorKind::InvalidInput => return Ok(None),
        Err(error) => return Err(error),
    };
    tell(&mut stream, order).await?;
    Ok(Some(serde_json::from_str(&line(&mut stream).await?)?))
}

async fn tell(stream: &mut UnixStream, what: &impl Serialize) -> io::Result<()> {
    let mut line = serde_json::to_vec(what)?;
    line.push(b'\n');
    stream.write_all(&line).await
}

/// The next line; one that is too long or takes too long is an error.
async fn line(stream: &mut UnixStream) -> io::Result<String> {
    let mut reader = BufReader::new(stream.take(LONGEST));
    let mut line = String::new();
    match tokio::time::timeout(PATIENCE, reader.read_line(&mut line)).await {
        Ok(read) => drop(read?),
        Err(_) => return Err(io::ErrorKind::TimedOut.into()),
    }
    if line.ends_with('\n') { Ok(line) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_user_and_root_may_speak() {
        assert!(may_speak(1000, 1000) && may_speak(0, 1000));
        assert!(!may_speak(1001, 1000) && !may_speak(1000, 0));
    }

    #[test]
    fn an_order_reads_back_from_its_line() {
        let order = Order::User(users::Verb::Disable { who: "ada@example.com".to_owned() });
        let line = serde_json::to_string(&order).unwrap();
        assert_eq!(line, r#"{"noun":"user","verb":{"disable":{"who":"ada@example.com"}}}"#);
        assert_eq!(serde_json::from_str::<Order>(&line).unwrap(), order);
    }
}
