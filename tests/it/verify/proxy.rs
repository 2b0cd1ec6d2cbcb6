//! A TLS proxy in front of a server. It can alter requests and responses to simulate faults.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

/// How the proxy alters the traffic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProxyFault {
    None,
    /// Answers requests with this method and path itself, with this status and an empty JSON object.
    Respond(&'static str, &'static str, u16),
    /// Replaces text in every response body of a path, which must contain it.
    ReplaceInBody(&'static str, String, String),
    /// Replaces text in those response bodies of a path that contain it.
    ReplaceInBodyIfPresent(&'static str, String, String),
    /// Like `ReplaceInBodyIfPresent`, but only in every other response.
    ReplaceInEveryOtherBody(&'static str, String, String),
    RemoveHeader(&'static str),
    SetHeader(&'static str, &'static str),
    /// Adds these credentials to requests without any.
    AddCredentials(String),
}

struct State {
    acceptor: TlsAcceptor,
    fault: ProxyFault,
    upstream: u16,
    /// The last byte of the client address in `X-Forwarded-For`.
    client: u8,
    /// The number of requests since the last change of the fault.
    requests: usize,
}

pub struct Proxy {
    pub port: u16,
    state: Arc<Mutex<State>>,
}

impl Proxy {
    pub async fn start(acceptor: TlsAcceptor) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = State { acceptor, fault: ProxyFault::None, upstream: 0, client: 0, requests: 0 };
        let state = Arc::new(Mutex::new(state));
        let shared = Arc::clone(&state);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let state = Arc::clone(&shared);
                tokio::spawn(async move {
                    let acceptor = state.lock().unwrap().acceptor.clone();
                    if let Ok(stream) = acceptor.accept(stream).await {
                        let _ = forward(stream, &state).await;
                    }
                });
            }
        });
        Self { port, state }
    }

    pub fn set_upstream(&self, port: u16) {
        self.state.lock().unwrap().upstream = port;
    }

    /// Applies `fault` to the requests that follow and resets the request count. The requests appear to come from a new
    /// client address, so that rate limits start afresh.
    pub fn set_fault(&self, fault: ProxyFault) {
        let mut state = self.state.lock().unwrap();
        state.fault = fault;
        state.client += 1;
        state.requests = 0;
    }

    pub fn set_acceptor(&self, acceptor: TlsAcceptor) {
        self.state.lock().unwrap().acceptor = acceptor;
    }

    /// The number of requests since the last change of the fault.
    pub fn request_count(&self) -> usize {
        self.state.lock().unwrap().requests
    }
}

/// Forwards one request and its response, then closes both connections.
async fn forward(mut client_stream: impl AsyncRead + AsyncWrite + Unpin, state: &Mutex<State>) -> std::io::Result<()> {
    let (head, body) = read_message(&mut client_stream).await?;
    let (fault, upstream, client) = {
        let mut state = state.lock().unwrap();
        state.requests += 1;
        let fault = match state.fault.clone() {
            ProxyFault::ReplaceInEveryOtherBody(..) if state.requests.is_multiple_of(2) => ProxyFault::None,
            ProxyFault::ReplaceInEveryOtherBody(fault_path, from, to) => {
                ProxyFault::ReplaceInBodyIfPresent(fault_path, from, to)
            }
            fault => fault,
        };
        (fault, state.upstream, state.client)
    };
    let mut parts = head.split_whitespace();
    let (method, target) = (parts.next().unwrap_or_default().to_owned(), parts.next().unwrap_or_default().to_owned());
    let path = target.split('?').next().unwrap_or_default();
    if let ProxyFault::Respond(fault_method, fault_path, status) = fault
        && (method.as_str(), path) == (fault_method, fault_path)
    {
        let response = format!("HTTP/1.1 {status} Injected\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{{}}");
        client_stream.write_all(response.as_bytes()).await?;
        return client_stream.shutdown().await;
    }
    let mut lines: Vec<String> = head.lines().map(str::to_owned).collect();
    lines.retain(|line| !starts_with(line, "connection:"));
    lines.push("connection: close".to_owned());
    lines.push("accept-encoding: identity".to_owned());
    lines.push(format!("x-forwarded-for: 192.0.2.{client}"));
    if let ProxyFault::AddCredentials(credentials) = &fault
        && !lines.iter().any(|line| starts_with(line, "authorization:"))
    {
        lines.push(format!("authorization: {credentials}"));
    }
    let mut server = TcpStream::connect(("127.0.0.1", upstream)).await?;
    server.write_all(format!("{}\r\n\r\n", lines.join("\r\n")).as_bytes()).await?;
    server.write_all(&body).await?;
    let mut response = Vec::new();
    server.read_to_end(&mut response).await?;
    client_stream.write_all(&alter_response(&response, &fault, path)).await?;
    client_stream.shutdown().await
}

fn starts_with(line: &str, name: &str) -> bool {
    line.to_ascii_lowercase().starts_with(name)
}

/// Applies the fault to a response.
fn alter_response(response: &[u8], fault: &ProxyFault, path: &str) -> Vec<u8> {
    let split = response.windows(4).position(|window| window == b"\r\n\r\n").unwrap_or(response.len());
    let head = String::from_utf8_lossy(&response[..split]).into_owned();
    let mut lines: Vec<String> = head.lines().map(str::to_owned).collect();
    let mut body = response.get(split + 4..).unwrap_or_default().to_vec();
    match fault {
        ProxyFault::RemoveHeader(name) => lines.retain(|line| !starts_with(line, &format!("{name}:"))),
        ProxyFault::SetHeader(name, value) => {
            lines.retain(|line| !starts_with(line, &format!("{name}:")));
            lines.push(format!("{name}: {value}"));
        }
        ProxyFault::ReplaceInBody(fault_path, from, to) if *fault_path == path => {
            let text = String::from_utf8(body).unwrap();
            assert!(text.contains(from), "{from} is not in {text}");
            body = text.replace(from, to).into_bytes();
            lines.retain(|line| !starts_with(line, "content-length:"));
            lines.push(format!("content-length: {}", body.len()));
        }
        ProxyFault::ReplaceInBodyIfPresent(fault_path, from, to) if *fault_path == path => {
            body = String::from_utf8(body).unwrap().replace(from, to).into_bytes();
            lines.retain(|line| !starts_with(line, "content-length:"));
            lines.push(format!("content-length: {}", body.len()));
        }
        _ => {}
    }
    [format!("{}\r\n\r\n", lines.join("\r\n")).as_bytes(), &body].concat()
}

/// Reads a request: the head without its blank line, and the body.
async fn read_message(client_stream: &mut (impl AsyncRead + Unpin)) -> std::io::Result<(String, Vec<u8>)> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(client_stream.read_u8().await?);
    }
    let head = String::from_utf8(head).unwrap().trim_end().to_owned();
    let length = head.lines().find(|line| starts_with(line, "content-length:")).and_then(|line| line.split(':').nth(1));
    let mut body = vec![0; length.and_then(|length| length.trim().parse().ok()).unwrap_or(0)];
    client_stream.read_exact(&mut body).await?;
    Ok((head, body))
}
