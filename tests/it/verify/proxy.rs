//! A proxy with TLS in front of a server, which lies as it is told to.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

/// What a proxy does with what it passes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lie {
    /// Nothing.
    No,
    /// Answers this itself, with the status and an empty JSON object.
    Answers(&'static str, &'static str, u16),
    /// Puts other words into bodies of a path.
    Says(&'static str, String, String),
    /// The same in those bodies of a path that have them.
    SaysWhere(&'static str, String, String),
    /// The same in every other answer.
    SaysAtTimes(&'static str, String, String),
    /// Takes a header out of answers.
    Drops(&'static str),
    /// Puts a header in place of another.
    Sets(&'static str, &'static str),
    /// Gives the shared credentials to whoever has none.
    LetsIn(String),
}

struct State {
    acceptor: TlsAcceptor,
    lie: Lie,
    upstream: u16,
    client: u8,
    /// How many requests came since it was told how to lie.
    requests: usize,
}

pub struct Proxy {
    pub port: u16,
    state: Arc<Mutex<State>>,
}

impl Proxy {
    pub async fn with(acceptor: TlsAcceptor) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = State { acceptor, lie: Lie::No, upstream: 0, client: 0, requests: 0 };
        let state = Arc::new(Mutex::new(state));
        let kept = Arc::clone(&state);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let state = Arc::clone(&kept);
                tokio::spawn(async move {
                    let acceptor = state.lock().unwrap().acceptor.clone();
                    if let Ok(wire) = acceptor.accept(stream).await {
                        let _ = pass_on(wire, &state).await;
                    }
                });
            }
        });
        Self { port, state }
    }

    pub fn leads_to(&self, port: u16) {
        self.state.lock().unwrap().upstream = port;
    }

    /// From now on it lies like this, to somebody with another address.
    pub fn lies(&self, lie: Lie) {
        let mut state = self.state.lock().unwrap();
        state.lie = lie;
        state.client += 1;
        state.requests = 0;
    }

    pub fn shows(&self, acceptor: TlsAcceptor) {
        self.state.lock().unwrap().acceptor = acceptor;
    }

    /// How many requests came since it was told how to lie.
    pub fn requests(&self) -> usize {
        self.state.lock().unwrap().requests
    }
}

/// One request and its answer; then both sides are closed.
async fn pass_on(mut wire: impl AsyncRead + AsyncWrite + Unpin, state: &Mutex<State>) -> std::io::Result<()> {
    let (head, body) = read_message(&mut wire).await?;
    let (lie, upstream, client) = {
        let mut state = state.lock().unwrap();
        state.requests += 1;
        let lie = match state.lie.clone() {
            Lie::SaysAtTimes(..) if state.requests.is_multiple_of(2) => Lie::No,
            Lie::SaysAtTimes(at, from, to) => Lie::SaysWhere(at, from, to),
            lie => lie,
        };
        (lie, state.upstream, state.client)
    };
    let mut words = head.split_whitespace();
    let (method, path) = (words.next().unwrap_or_default().to_owned(), words.next().unwrap_or_default().to_owned());
    let place = path.split('?').next().unwrap_or_default();
    if let Lie::Answers(when, at, status) = lie
        && (method.as_str(), place) == (when, at)
    {
        let answer = format!("HTTP/1.1 {status} Lie\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{{}}");
        wire.write_all(answer.as_bytes()).await?;
        return wire.shutdown().await;
    }
    let mut lines: Vec<String> = head.lines().map(str::to_owned).collect();
    lines.retain(|line| !starts_with(line, "connection:"));
    lines.push("connection: close".to_owned());
    lines.push("accept-encoding: identity".to_owned());
    lines.push(format!("x-forwarded-for: 192.0.2.{client}"));
    if let Lie::LetsIn(credentials) = &lie
        && !lines.iter().any(|line| starts_with(line, "authorization:"))
    {
        lines.push(format!("authorization: {credentials}"));
    }
    let mut server = TcpStream::connect(("127.0.0.1", upstream)).await?;
    server.write_all(format!("{}\r\n\r\n", lines.join("\r\n")).as_bytes()).await?;
    server.write_all(&body).await?;
    let mut answer = Vec::new();
    server.read_to_end(&mut answer).await?;
    wire.write_all(&twisted(&answer, &lie, place)).await?;
    wire.shutdown().await
}

fn starts_with(line: &str, name: &str) -> bool {
    line.to_ascii_lowercase().starts_with(name)
}

/// An answer after the lie.
fn twisted(answer: &[u8], lie: &Lie, place: &str) -> Vec<u8> {
    let split = answer.windows(4).position(|window| window == b"\r\n\r\n").unwrap_or(answer.len());
    let head = String::from_utf8_lossy(&answer[..split]).into_owned();
    let mut lines: Vec<String> = head.lines().map(str::to_owned).collect();
    let mut body = answer.get(split + 4..).unwrap_or_default().to_vec();
    match lie {
        Lie::Drops(name) => lines.retain(|line| !starts_with(line, &format!("{name}:"))),
        Lie::Sets(name, value) => {
            lines.retain(|line| !starts_with(line, &format!("{name}:")));
            lines.push(format!("{name}: {value}"));
        }
        Lie::Says(at, from, to) if *at == place => {
            let text = String::from_utf8(body).unwrap();
            assert!(text.contains(from), "{from} is not in {text}");
            body = text.replace(from, to).into_bytes();
            lines.retain(|line| !starts_with(line, "content-length:"));
            lines.push(format!("content-length: {}", body.len()));
        }
        Lie::SaysWhere(at, from, to) if *at == place => {
            body = String::from_utf8(body).unwrap().replace(from, to).into_bytes();
            lines.retain(|line| !starts_with(line, "content-length:"));
            lines.push(format!("content-length: {}", body.len()));
        }
        _ => {}
    }
    [format!("{}\r\n\r\n", lines.join("\r\n")).as_bytes(), &body].concat()
}

/// The head without its blank line, and the body as long as the head says.
async fn read_message(wire: &mut (impl AsyncRead + Unpin)) -> std::io::Result<(String, Vec<u8>)> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(wire.read_u8().await?);
    }
    let head = String::from_utf8(head).unwrap().trim_end().to_owned();
    let length = head.lines().find(|line| starts_with(line, "content-length:")).and_then(|line| line.split(':').nth(1));
    let mut body = vec![0; length.and_then(|length| length.trim().parse().ok()).unwrap_or(0)];
    wire.read_exact(&mut body).await?;
    Ok((head, body))
}
