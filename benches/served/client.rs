//! A load generator as cheap as it can be: HTTP/1.1 over kept connections, one request at a time on each.
//!
//! It runs on one thread and reads only what it must of an answer, for it shares the processors with the server.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::measure::Load;

/// A request, ready to be sent.
#[derive(Clone)]
pub struct Request(Arc<[u8]>);

impl Request {
    /// `GET path`, with further headers.
    pub fn get(address: SocketAddr, path: &str, headers: &[(&str, &str)]) -> Self {
        Self::of("GET", address, path, headers, "")
    }

    /// `POST path` with a JSON body.
    pub fn post(address: SocketAddr, path: &str, headers: &[(&str, &str)], body: &serde_json::Value) -> Self {
        let body = body.to_string();
        let length = body.len().to_string();
        let mut all = vec![("content-type", "application/json"), ("content-length", length.as_str())];
        all.extend(headers);
        Self::of("POST", address, path, &all, &body)
    }

    fn of(method: &str, address: SocketAddr, path: &str, headers: &[(&str, &str)], body: &str) -> Self {
        let mut lines = vec![format!("{method} {path} HTTP/1.1"), format!("host: {address}")];
        lines.extend(headers.iter().map(|(name, value)| format!("{name}: {value}")));
        Self(format!("{}\r\n\r\n{body}", lines.join("\r\n")).into_bytes().into())
    }
}

/// What was answered.
pub struct Answer<'a> {
    /// Status line and headers, with the blank line.
    pub head: &'a [u8],
    /// What follows.
    pub body: &'a [u8],
}

impl Answer<'_> {
    /// Stops everything when it is not a success.
    pub fn expect_success(self) -> Self {
        self.expect("20")
    }

    /// Stops everything when its status does not begin like this.
    pub fn expect(self, status: &str) -> Self {
        let ok = self.head.get(9..).is_some_and(|rest| rest.starts_with(status.as_bytes()));
        assert!(ok, "{}{}", String::from_utf8_lossy(self.head), String::from_utf8_lossy(self.body));
        self
    }

    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        let lines = std::str::from_utf8(self.head).expect("text").lines();
        let mut pairs = lines.filter_map(|line| line.split_once(": "));
        pairs.find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// The body as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(self.body).expect("JSON")
    }

    /// The body as text.
    pub fn text(&self) -> &str {
        std::str::from_utf8(self.body).expect("text")
    }
}

/// A kept connection.
pub struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    /// Connects.
    pub async fn open(address: SocketAddr) -> std::io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: vec![0; 64 * 1_024] })
    }

    /// Sends a request and waits for the whole answer.
    pub async fn ask(&mut self, request: &Request) -> Answer<'_> {
        self.stream.write_all(&request.0).await.expect("the request to be taken");
        let mut filled = 0;
        let mut ends = None;
        loop {
            let read = self.stream.read(&mut self.buffer[filled..]).await.expect("an answer");
            assert!(read > 0, "the connection was closed instead of an answer");
            let searched = filled.saturating_sub(3);
            filled += read;
            if ends.is_none()
                && let Some(head) = position(&self.buffer[searched..filled], b"\r\n\r\n").map(|at| searched + at + 4)
            {
                let end = head + content_length(&self.buffer[..head]);
                ends = Some((head, end));
                self.buffer.resize(self.buffer.len().max(end), 0);
            }
            if let Some((head, end)) = ends
                && filled >= end
            {
                assert_eq!(filled, end, "more was sent than was asked for");
                return Answer { head: &self.buffer[..head], body: &self.buffer[head..end] };
            }
        }
    }
}

fn content_length(head: &[u8]) -> usize {
    const NAME: &[u8] = b"\r\ncontent-length: ";
    // Only an answer without a body need not state its length.
    let Some(at) = position(head, NAME).map(|at| at + NAME.len()) else { return 0 };
    head[at..].iter().take_while(|byte| byte.is_ascii_digit()).fold(0, |sum, byte| sum * 10 + usize::from(byte - b'0'))
}

/// Compares whole only where the first byte fits, which is quick enough for a few hundred bytes.
fn position(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|here| here[0] == wanted[0] && here == wanted)
}

/// What one client asks for, over and over.
#[derive(Clone)]
pub struct Script {
    /// Its requests, in turn.
    pub requests: Vec<Request>,
    /// How the status of every answer begins.
    pub status: &'static str,
    /// What no body may hold.
    pub never: Option<&'static str>,
}

impl Script {
    /// These in turn, each to be a success.
    pub fn of(requests: Vec<Request>) -> Self {
        Self { requests, status: "20", never: None }
    }
}

/// Every client on a connection of its own, its last request answered once.
pub struct Crowd {
    clients: Vec<(Connection, Script)>,
}

impl Crowd {
    /// Connects everybody.
    pub async fn gather(address: SocketAddr, scripts: Vec<Script>) -> Self {
        let mut clients = Vec::new();
        for script in scripts {
            let mut connection = Connection::open(address).await.expect("a connection");
            // With the last one answered, the first one changes something again.
            connection.ask(script.requests.last().expect("a request")).await.expect(script.status);
            clients.push((connection, script));
        }
        Self { clients }
    }

    /// Lets everybody ask until the time is over and the last answer is there.
    pub async fn ask_for(self, time: Duration) -> Load {
        let began = Instant::now();
        let over = began + time;
        let mut tasks = JoinSet::new();
        for (mut connection, script) in self.clients {
            tasks.spawn(async move {
                let mut waits = Vec::with_capacity(1_024);
                let mut asked = Instant::now();
                for request in script.requests.iter().cycle() {
                    let answer = connection.ask(request).await.expect(script.status);
                    if let Some(never) = script.never {
                        assert!(position(answer.body, never.as_bytes()).is_none(), "{}", answer.text());
                    }
                    let answered = Instant::now();
                    waits.push(answered - asked);
                    asked = answered;
                    if answered >= over {
                        break;
                    }
                }
                waits
            });
        }
        let waits = tasks.join_all().await.concat();
        Load::new(began.elapsed(), waits)
    }
}
