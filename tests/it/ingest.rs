//! A Sentry that keeps what it is sent, on threads of its own.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use serde_json::Value;

/// How long somebody waits for a report before it is said that none came.
const PATIENCE: Duration = Duration::from_secs(30);

/// How it treats whoever reports.
#[derive(Clone)]
pub enum Manner {
    /// Answers with this status and these headers.
    Answers(u16, Vec<(&'static str, String)>),
    /// Takes everything and says nothing until it is told to.
    Silent,
}

pub struct Ingest {
    pub address: SocketAddr,
    kept: Arc<Kept>,
}

#[derive(Default)]
struct Kept {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    connections: usize,
    sent: Vec<Sent>,
    released: bool,
}

/// One request as it arrived.
#[derive(Debug, Clone)]
pub struct Sent {
    /// Method and path.
    pub line: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Sent {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The envelope's first line, and its items with their headers.
    pub fn envelope(&self) -> (Value, Vec<(Value, Vec<u8>)>) {
        let mut rest = self.body.as_slice();
        let head = serde_json::from_slice(line(&mut rest)).expect("an envelope begins with JSON");
        let mut items = Vec::new();
        while !rest.is_empty() {
            let header: Value = serde_json::from_slice(line(&mut rest)).expect("an item begins with JSON");
            let payload = match header["length"].as_u64() {
                Some(length) => {
                    let (payload, after) = rest.split_at(usize::try_from(length).unwrap());
                    rest = after.strip_prefix(b"\n").unwrap_or(after);
                    payload
                }
                None => line(&mut rest),
            };
            items.push((header, payload.to_vec()));
        }
        (head, items)
    }

    /// The events in it.
    pub fn events(&self) -> Vec<Value> {
        let items = self.envelope().1.into_iter();
        let events = items.filter(|(header, _)| header["type"] == "event");
        events.map(|(_, payload)| serde_json::from_slice(&payload).expect("an event is JSON")).collect()
    }
}

fn line<'a>(rest: &mut &'a [u8]) -> &'a [u8] {
    let end = rest.iter().position(|byte| *byte == b'\n');
    let (line, after) = end.map_or((*rest, &[][..]), |end| (&rest[..end], &rest[end + 1..]));
    *rest = after;
    line
}

impl Ingest {
    pub fn new() -> Self {
        Self::that(Manner::Answers(200, Vec::new()))
    }

    pub fn that(manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let kept = Arc::new(Kept::default());
        let keeping = Arc::clone(&kept);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                keeping.state.lock().unwrap().connections += 1;
                let (kept, manner) = (Arc::clone(&keeping), manner.clone());
                std::thread::spawn(move || talk(stream, &kept, &manner));
            }
        });
        Self { address, kept }
    }

    /// The address of a project here, as it is configured.
    pub fn dsn(&self, project: u32) -> String {
        format!("http://public@{}/{project}", self.address)
    }

    /// Everything that came, once there are `count` requests.
    pub fn got(&self, count: usize) -> Vec<Sent> {
        let state = self.kept.state.lock().unwrap();
        let (state, waited) =
            self.kept.changed.wait_timeout_while(state, PATIENCE, |state| state.sent.len() < count).unwrap();
        let sent = state.sent.clone();
        // A lock that is held while this fails could not be taken by whoever cleans up.
        drop(state);
        assert!(!waited.timed_out(), "waited in vain for {count} reports; {} came", sent.len());
        sent
    }

    /// The events that came, once there are `count` requests.
    pub fn events(&self, count: usize) -> Vec<Value> {
        self.got(count).iter().flat_map(Sent::events).collect()
    }

    /// How often somebody connected.
    pub fn connections(&self) -> usize {
        self.kept.state.lock().unwrap().connections
    }

    /// Lets a silent one answer everybody who waits.
    pub fn answers(&self) {
        self.kept.state.lock().unwrap().released = true;
        self.kept.changed.notify_all();
    }
}

impl Drop for Ingest {
    /// Nobody is left waiting for an answer.
    fn drop(&mut self) {
        self.answers();
    }
}

fn talk(stream: TcpStream, kept: &Kept, manner: &Manner) {
    let mut reader = BufReader::new(stream);
    while let Some(sent) = read(&mut reader) {
        let mut state = kept.state.lock().unwrap();
        state.sent.push(sent);
        kept.changed.notify_all();
        let (status, headers) = match manner {
            Manner::Answers(status, headers) => (*status, headers.as_slice()),
            Manner::Silent => {
                state = kept.changed.wait_while(state, |state| !state.released).unwrap();
                (200, &[][..])
            }
        };
        drop(state);
        let headers = headers.iter().fold(String::new(), |head, (name, value)| format!("{head}{name}: {value}\r\n"));
        let answer = format!("HTTP/1.1 {status} Said\r\ncontent-length: 2\r\n{headers}\r\n{{}}");
        if reader.get_mut().write_all(answer.as_bytes()).is_err() {
            return;
        }
    }
}

fn read(reader: &mut BufReader<TcpStream>) -> Option<Sent> {
    let mut first = String::new();
    reader.read_line(&mut first).ok().filter(|length| *length > 0)?;
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        headers.push((name.to_ascii_lowercase(), value.to_owned()));
    }
    let mut sent = Sent { line: first.trim_end().trim_end_matches(" HTTP/1.1").to_owned(), headers, body: Vec::new() };
    let length: usize = sent.header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    sent.body = vec![0; length];
    reader.read_exact(&mut sent.body).ok()?;
    Some(sent)
}
