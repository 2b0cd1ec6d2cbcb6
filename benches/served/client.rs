//! A minimal load generator: HTTP/1.1 over keep-alive connections, one request at a time on each.
//!
//! It shares the processors with the server, so it runs on one thread and parses as little of a response as it can.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::measure::LoadResult;

/// A serialized request.
#[derive(Clone)]
pub struct Request(Arc<[u8]>);

impl Request {
    /// `GET path` with additional headers.
    pub fn get(address: SocketAddr, path: &str, headers: &[(&str, &str)]) -> Self {
        Self::build("GET", address, path, headers, "")
    }

    /// `POST path` with a JSON body.
    pub fn post(address: SocketAddr, path: &str, headers: &[(&str, &str)], body: &serde_json::Value) -> Self {
        let body = body.to_string();
        let length = body.len().to_string();
        let mut all = vec![("content-type", "application/json"), ("content-length", length.as_str())];
        all.extend(headers);
        Self::build("POST", address, path, &all, &body)
    }

    fn build(method: &str, address: SocketAddr, path: &str, headers: &[(&str, &str)], body: &str) -> Self {
        let mut lines = vec![format!("{method} {path} HTTP/1.1"), format!("host: {address}")];
        lines.extend(headers.iter().map(|(name, value)| format!("{name}: {value}")));
        Self(format!("{}\r\n\r\n{body}", lines.join("\r\n")).into_bytes().into())
    }
}

/// A response, borrowed from the connection's buffer.
pub struct Response<'a> {
    /// The status line and headers, including the blank line.
    pub head: &'a [u8],
    pub body: &'a [u8],
}

impl Response<'_> {
    /// Panics unless the status is a success.
    pub fn expect_success(self) -> Self {
        self.expect_status("20")
    }

    /// Panics unless the status code begins with `status`.
    pub fn expect_status(self, status: &str) -> Self {
        let ok = self.head.get(9..).is_some_and(|rest| rest.starts_with(status.as_bytes()));
        assert!(ok, "{}{}", String::from_utf8_lossy(self.head), String::from_utf8_lossy(self.body));
        self
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        let lines = std::str::from_utf8(self.head).expect("text").lines();
        let mut pairs = lines.filter_map(|line| line.split_once(": "));
        pairs.find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(self.body).expect("JSON")
    }

    pub fn text(&self) -> &str {
        std::str::from_utf8(self.body).expect("text")
    }
}

/// A keep-alive connection.
pub struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    pub async fn open(address: SocketAddr) -> std::io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: vec![0; 64 * 1_024] })
    }

    /// Sends a request and waits for the complete response.
    pub async fn send(&mut self, request: &Request) -> Response<'_> {
        self.stream.write_all(&request.0).await.expect("the request is sent");
        let mut filled = 0;
        let mut lengths = None;
        loop {
            let read = self.stream.read(&mut self.buffer[filled..]).await.expect("a response");
            assert!(read > 0, "the server closed the connection before it responded");
            let searched = filled.saturating_sub(3);
            filled += read;
            if lengths.is_none()
                && let Some(head) = find_bytes(&self.buffer[searched..filled], b"\r\n\r\n").map(|at| searched + at + 4)
            {
                let end = head + content_length(&self.buffer[..head]);
                lengths = Some((head, end));
                self.buffer.resize(self.buffer.len().max(end), 0);
            }
            if let Some((head, end)) = lengths
                && filled >= end
            {
                assert_eq!(filled, end, "the server sent more than one response");
                return Response { head: &self.buffer[..head], body: &self.buffer[head..end] };
            }
        }
    }
}

fn content_length(head: &[u8]) -> usize {
    const NAME: &[u8] = b"\r\ncontent-length: ";
    // Only a response without a body may omit its length.
    let Some(at) = find_bytes(head, NAME).map(|at| at + NAME.len()) else { return 0 };
    head[at..].iter().take_while(|byte| byte.is_ascii_digit()).fold(0, |sum, byte| sum * 10 + usize::from(byte - b'0'))
}

/// Compares the rest only where the first byte matches, which is fast enough for a few hundred bytes.
fn find_bytes(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window[0] == wanted[0] && window == wanted)
}

/// The requests that one client repeats.
#[derive(Clone)]
pub struct Script {
    /// Sent in this order, then from the start again.
    pub requests: Vec<Request>,
    /// The prefix of the status code that every response must have.
    pub expected_status: &'static str,
    /// Text that no response body may contain.
    pub forbidden_text: Option<&'static str>,
}

impl Script {
    /// Every response must be a success.
    pub fn new(requests: Vec<Request>) -> Self {
        Self { requests, expected_status: "20", forbidden_text: None }
    }
}

/// Connected clients, each of which has sent the last request of its script once.
pub struct LoadGenerator {
    clients: Vec<(Connection, Script)>,
}

impl LoadGenerator {
    /// Opens one connection per script.
    pub async fn connect(address: SocketAddr, scripts: Vec<Script>) -> Self {
        let mut clients = Vec::new();
        for script in scripts {
            let mut connection = Connection::open(address).await.expect("a connection");
            // After the last request of the script, the first one is a change again.
            connection.send(script.requests.last().expect("a request")).await.expect_status(script.expected_status);
            clients.push((connection, script));
        }
        Self { clients }
    }

    /// Repeats every script until `duration` has passed and the last response has arrived.
    pub async fn run_for(self, duration: Duration) -> LoadResult {
        let began = Instant::now();
        let deadline = began + duration;
        let mut tasks = JoinSet::new();
        for (mut connection, script) in self.clients {
            tasks.spawn(async move {
                let mut latencies = Vec::with_capacity(1_024);
                let mut sent = Instant::now();
                for request in script.requests.iter().cycle() {
                    let response = connection.send(request).await.expect_status(script.expected_status);
                    if let Some(text) = script.forbidden_text {
                        assert!(find_bytes(response.body, text.as_bytes()).is_none(), "{}", response.text());
                    }
                    let answered = Instant::now();
                    latencies.push(answered - sent);
                    sent = answered;
                    if answered >= deadline {
                        break;
                    }
                }
                latencies
            });
        }
        let latencies = tasks.join_all().await.concat();
        LoadResult::new(began.elapsed(), latencies)
    }
}
