//! The control socket: how a command in a terminal reaches the server that has the data file.
//!
//! The file belongs to one process at a time, so a verb is carried out by whoever has it: by the command itself when no
//! server runs, otherwise by the server, which is asked over a Unix socket beside the file. One line of JSON goes in, an
//! [`Order`] with the environment it is for; an [`Outcome`] comes back, after as many lines about its progress as long work
//! has. Both ways [`obey`] does the work, so the answers are the same.
//!
//! SECURITY: whoever may speak here may do what an operator may. The socket is open to its owner only (0600), and a
//! process of another user is refused by what the kernel says of it, whatever became of the file's mode.

use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{Semaphore, mpsc};

use super::operations::{Operations, aside};
use super::verify::desk;
use super::{mail, rollback, set, snapshots, users};
use crate::app::snapshots::Told;
use crate::app::{Error, audit};
use crate::domain::audit::{Actor, Deed};
use crate::domain::{Client, Environment};

/// Longest line, in bytes. Orders are short, and an answer holds at most a page of a list.
const LONGEST: u64 = 1 << 20;
/// Longest time one side waits for the other's line to arrive.
const PATIENCE: Duration = Duration::from_secs(30);
/// Most commands at a time.
const MOST: usize = 32;

/// What an operator wants done. Verbs of other commands are added here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "noun", content = "verb")]
pub enum Order {
    /// `atlas user`.
    User(users::Verb),
    /// `atlas snapshot`.
    Snapshot(snapshots::Verb),
    /// `atlas rollback`.
    Rollback(rollback::Wanted),
    /// `atlas mail`.
    Mail(mail::Verb),
    /// `atlas verify`.
    Verify(desk::Verb),
}

/// An order as it goes over the socket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Addressed {
    /// The environment it is for; a server of another one carries nothing out.
    pub environment: Environment,
    /// What is wanted.
    #[serde(flatten)]
    pub order: Order,
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
    /// It goes on: what it has reached, or nothing new. Another line follows.
    Working(Option<String>),
}

/// Carries an order out. `told` hears what long work has reached.
pub async fn obey(operations: &Operations, order: Order, told: Told<'_>) -> Outcome {
    let app = &operations.app;
    let done = match order {
        Order::User(verb) => users::obey(app, verb).await,
        Order::Snapshot(verb) => snapshots::obey(operations, verb, told).await,
        Order::Rollback(wanted) => gone_back(operations, wanted, told).await,
        Order::Mail(verb) => mail::obey(app, verb).await,
        Order::Verify(verb) => desk::obey(operations, verb, told).await,
    };
    match done {
        Ok(value) => Outcome::Done(value),
        Err(Error::Refused(refusal)) => Outcome::Refused(refusal.to_string()),
        Err(error) => Outcome::Failed(error.to_string()),
    }
}

/// A rollback of the file that is served. When another binary has to serve it from now on, the server ends.
async fn gone_back(operations: &Operations, wanted: rollback::Wanted, told: Told<'_>) -> Result<Value, Error> {
    let app = Arc::clone(&operations.app);
    let (dry_run, approvals) = (wanted.dry_run, operations.approvals.clone());
    let mut done = aside(told, move |told| {
        let stamp = app.store.stamp().clone();
        let place = rollback::Place {
            data_file: app.store.path(),
            environment: &stamp.environment,
            clock: &app.clock,
            elsewhere: app.elsewhere.as_ref(),
            approvals: &approvals,
            store: Some(&app.store),
        };
        rollback::go_back(&place, &wanted, told)
    })
    .await?;
    if !dry_run {
        if done.other_binary {
            operations.end();
        } else {
            audit::note(&operations.app, Actor::Operator, Deed::RolledBack, &Client::default()).await?;
        }
        set(&mut done.answer, "serverStops", json!(done.other_binary));
    }
    Ok(done.answer)
}

/// Where the socket of a data file is.
pub fn socket_of(data_file: &Path) -> PathBuf {
    let mut name = data_file.as_os_str().to_owned();
    name.push(".sock");
    PathBuf::from(name)
}

/// Whether a server listens at the socket of a data file.
pub fn is_served(data_file: &Path) -> bool {
    std::os::unix::net::UnixStream::connect(socket_of(data_file)).is_ok()
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

    /// Listens to operators for as long as the server runs; each is served beside the others. Ends only by being dropped.
    /// What was begun goes on then; [`Operations::finished`] waits for it.
    pub async fn listen(&self, operations: &Arc<Operations>) {
        let permits = Arc::new(Semaphore::new(MOST));
        loop {
            let Ok(permit) = Arc::clone(&permits).acquire_owned().await else { return };
            match self.listener.accept().await {
                Ok((stream, _)) => {
                    let (owner, operations) = (self.owner, Arc::clone(operations));
                    tokio::spawn(async move {
                        if let Err(error) = serve(owner, &operations, stream).await {
                            tracing::warn!(%error, "an operator's command was not understood");
                        }
                        drop(permit);
                    });
                }
                Err(error) => {
                    tracing::error!(%error, "the control socket");
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
            }
        }
    }
}

async fn serve(owner: u32, operations: &Operations, mut stream: UnixStream) -> io::Result<()> {
    let uid = stream.peer_cred()?.uid();
    if !may_speak(uid, owner) {
        return Err(io::Error::other(format!("it came from user {uid}, who may not speak here")));
    }
    let Addressed { environment, order } = serde_json::from_str(&line(&mut BufReader::new(&mut stream)).await?)?;
    let own = &operations.app.store.stamp().environment;
    if environment != *own {
        let why = format!("the server there serves “{own}”, and the command is for “{environment}”; nothing was done");
        tracing::warn!("{why}");
        return tell_line(&mut stream, &Outcome::Refused(why)).await;
    }
    // A server that stops lets it come to its end.
    let _underway = operations.begun().await;
    // Whom it is about stands in the audit trail, not in the log.
    tracing::info!("an operator's command");
    let (tell, mut heard) = mpsc::unbounded_channel::<String>();
    let mut told = move |words: &str| drop(tell.send(words.to_owned()));
    let mut working = std::pin::pin!(obey(operations, order, &mut told));
    let outcome = loop {
        let sign = tokio::select! {
            outcome = &mut working => break outcome,
            Some(words) = heard.recv() => Some(words),
            () = tokio::time::sleep(PATIENCE / 3) => None,
        };
        // Work that was begun is finished, whether or not somebody still listens.
        let _ = tell_line(&mut stream, &Outcome::Working(sign)).await;
    };
    while let Ok(words) = heard.try_recv() {
        tell_line(&mut stream, &Outcome::Working(Some(words))).await?;
    }
    let answered = tell_line(&mut stream, &outcome).await;
    operations.answered();
    answered
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

/// Has the server of a data file carry an order out; `None` when no server listens there. `told` hears what long work has
/// reached.
///
/// # Errors
/// When the server goes away, or does not answer.
pub async fn ask(data_file: &Path, order: &Addressed, told: Told<'_>) -> io::Result<Option<Outcome>> {
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
    tell_line(&mut stream, order).await?;
    let mut stream = BufReader::new(stream);
    loop {
        match serde_json::from_str(&line(&mut stream).await?)? {
            Outcome::Working(Some(words)) => told(&words),
            Outcome::Working(None) => {}
            outcome => return Ok(Some(outcome)),
        }
    }
}

async fn tell_line(stream: &mut UnixStream, what: &impl Serialize) -> io::Result<()> {
    let mut line = serde_json::to_vec(what)?;
    line.push(b'\n');
    stream.write_all(&line).await
}

/// The next line; one that is too long or takes too long is an error.
async fn line(reader: &mut (impl AsyncBufRead + Unpin)) -> io::Result<String> {
    let mut line = String::new();
    match tokio::time::timeout(PATIENCE, reader.take(LONGEST).read_line(&mut line)).await {
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
        let order = Addressed { environment: Environment::development(), order };
        let line = serde_json::to_string(&order).unwrap();
        let expected = r#"{"environment":"development","noun":"user","verb":{"disable":{"who":"ada@example.com"}}}"#;
        assert_eq!(line, expected);
        assert_eq!(serde_json::from_str::<Addressed>(&line).unwrap(), order);
    }
}
