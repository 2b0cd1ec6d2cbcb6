//! A fake Sentry server that records the requests it receives.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use serde_json::Value;

/// How long a test waits for a report.
const REPORT_TIMEOUT: Duration = Duration::from_secs(30);

/// How the server responds.
#[derive(Clone)]
pub enum ResponseMode {
    /// Responds with this status and these headers.
    Respond(u16, Vec<(&'static str, String)>),
    /// Reads requests and responds only after [`FakeSentry::release`].
    Hold,
}

pub struct FakeSentry {
    pub address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    connections: usize,
    requests: Vec<ReceivedRequest>,
    released: bool,
}

#[derive(Debug, Clone)]
pub struct ReceivedRequest {
    /// Method and path.
    pub line: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl ReceivedRequest {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The envelope's header, and its items with their headers.
    pub fn envelope(&self) -> (Value, Vec<(Value, Vec<u8>)>) {
        let mut rest = self.body.as_slice();
        let header = serde_json::from_slice(take_line(&mut rest)).expect("an envelope begins with JSON");
        let mut items = Vec::new();
        while !rest.is_empty() {
            let header: Value = serde_json::from_slice(take_line(&mut rest)).expect("an item begins with JSON");
            let payload = match header["length"].as_u64() {
                Some(length) => {
                    let (payload, after) = rest.split_at(usize::try_from(length).unwrap());
                    rest = after.strip_prefix(b"\n").unwrap_or(after);
                    payload
                }
                None => take_line(&mut rest),
            };
            items.push((header, payload.to_vec()));
        }
        (header, items)
    }

    pub fn events(&self) -> Vec<Value> {
        let items = self.envelope().1.into_iter();
        let events = items.filter(|(header, _)| header["type"] == "event");
        events.map(|(_, payload)| serde_json::from_slice(&payload).expect("an event is JSON")).collect()
    }
}

fn take_line<'a>(rest: &mut &'a [u8]) -> &'a [u8] {
    let end = rest.iter().position(|byte| *byte == b'\n');
    let (line, after) = end.map_or((*rest, &[][..]), |end| (&rest[..end], &rest[end + 1..]));
    *rest = after;
    line
}

impl FakeSentry {
    pub fn new() -> Self {
        Self::with_mode(ResponseMode::Respond(200, Vec::new()))
    }

    pub fn with_mode(mode: ResponseMode) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared::default());
        let server = Arc::clone(&shared);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                server.state.lock().unwrap().connections += 1;
                let (shared, mode) = (Arc::clone(&server), mode.clone());
                std::thread::spawn(move || handle_connection(stream, &shared, &mode));
            }
        });
        Self { address, shared }
    }

    pub fn dsn(&self, project: u32) -> String {
        format!("http://public@{}/{project}", self.address)
    }

    /// Waits for `count` requests and returns all that arrived.
    pub fn wait_for_requests(&self, count: usize) -> Vec<ReceivedRequest> {
        let state = self.shared.state.lock().unwrap();
        let (state, waited) = self
            .shared
            .changed
            .wait_timeout_while(state, REPORT_TIMEOUT, |state| state.requests.len() < count)
            .unwrap();
        let requests = state.requests.clone();
        // A panic with the lock held would make `drop` panic as well.
        drop(state);
        assert!(!waited.timed_out(), "timed out waiting for {count} reports; {} arrived", requests.len());
        requests
    }

    /// Waits for `count` requests and returns the events in all that arrived.
    pub fn wait_for_events(&self, count: usize) -> Vec<Value> {
        self.wait_for_requests(count).iter().flat_map(ReceivedRequest::events).collect()
    }

    pub fn connection_count(&self) -> usize {
        self.shared.state.lock().unwrap().connections
    }

    /// Lets a server with [`ResponseMode::Hold`] respond to every request.
    pub fn release(&self) {
        self.shared.state.lock().unwrap().released = true;
        self.shared.changed.notify_all();
    }
}

impl Drop for FakeSentry {
    /// Releases held requests, so that no client waits forever.
    fn drop(&mut self) {
        self.release();
    }
}

fn handle_connection(stream: TcpStream, shared: &Shared, mode: &ResponseMode) {
    let mut reader = BufReader::new(stream);
    while let Some(request) = read_request(&mut reader) {
        let mut state = shared.state.lock().unwrap();
        state.requests.push(request);
        shared.changed.notify_all();
        let (status, headers) = match mode {
            ResponseMode::Respond(status, headers) => (*status, headers.as_slice()),
            ResponseMode::Hold => {
                state = shared.changed.wait_while(state, |state| !state.released).unwrap();
                (200, &[][..])
            }
        };
        drop(state);
        let headers = headers.iter().fold(String::new(), |head, (name, value)| format!("{head}{name}: {value}\r\n"));
        let response = format!("HTTP/1.1 {status} Status\r\ncontent-length: 2\r\n{headers}\r\n{{}}");
        if reader.get_mut().write_all(response.as_bytes()).is_err() {
            return;
        }
    }
}

fn read_request(reader: &mut BufReader<TcpStream>) -> Option<ReceivedRequest> {
    let mut first = String::new();
    reader.read_line(&mut first).ok().filter(|length| *length > 0)?;
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        headers.push((name.to_ascii_lowercase(), value.to_owned()));
    }
    let mut request =
        ReceivedRequest { line: first.trim_end().trim_end_matches(" HTTP/1.1").to_owned(), headers, body: Vec::new() };
    let length: usize = request.header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    request.body = vec![0; length];
    reader.read_exact(&mut request.body).ok()?;
    Some(request)
}
