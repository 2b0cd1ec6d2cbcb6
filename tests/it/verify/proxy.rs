//! A TLS proxy in front of a server. It can alter requests and responses to simulate faults.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

/// How the proxy alters the traffic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProxyFault {
    None,
    /// Several faults at once.
    All(Vec<ProxyFault>),
    /// Answers requests with this method and path itself, with this status and an empty JSON object. A path that ends with `*`
    /// stands for all that begin with it.
    Respond(&'static str, &'static str, u16),
    /// Replaces text in every response body of a path, which must contain it.
    ReplaceInBody(&'static str, String, String),
    /// Replaces text in those response bodies of a path that contain it.
    ReplaceInBodyIfPresent(&'static str, String, String),
    /// Like `ReplaceInBodyIfPresent`, but only in every other response.
    ReplaceInEveryOtherBody(&'static str, String, String),
    RemoveHeader(&'static str),
    SetHeader(&'static str, &'static str),
    /// Replaces text in the values of a header.
    ReplaceInHeader(&'static str, &'static str, &'static str),
    /// Adds a header to those that are there.
    AddHeader(&'static str, &'static str),
    /// Adds these credentials to requests without any.
    AddCredentials(String),
    /// The same for one path.
    AddCredentialsTo(&'static str, String),
    /// Forwards requests without TLS, too.
    ServeWithoutTls,
    /// Redirects requests without TLS to this address.
    RedirectWithoutTls(String),
    /// Does not add the client's address to `X-Forwarded-For`.
    KeepForwardedFor,
    /// Removes `X-Forwarded-For`.
    RemoveForwardedFor,
}

impl ProxyFault {
    fn into_list(self) -> Vec<Self> {
        match self {
            Self::All(faults) => faults,
            Self::None => Vec::new(),
            fault => vec![fault],
        }
    }
}

struct State {
    acceptor: TlsAcceptor,
    faults: Vec<ProxyFault>,
    upstream: u16,
    /// The last byte of the client address in `X-Forwarded-For`.
    client: u8,
    /// The method and path of each request since the last change of the fault.
    requests: Vec<String>,
}

pub struct Proxy {
    pub port: u16,
    state: Arc<Mutex<State>>,
}

impl Proxy {
    pub async fn start(acceptor: TlsAcceptor) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = State { acceptor, faults: Vec::new(), upstream: 0, client: 0, requests: Vec::new() };
        let state = Arc::new(Mutex::new(state));
        let shared = Arc::clone(&state);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let state = Arc::clone(&shared);
                tokio::spawn(async move {
                    let (acceptor, faults) = {
                        let state = state.lock().unwrap();
                        (state.acceptor.clone(), state.faults.clone())
                    };
                    if !begins_handshake(&stream).await {
                        let _ = serve_without_tls(stream, &state, &faults).await;
                    } else if let Ok(stream) = acceptor.accept(stream).await {
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
        state.faults = fault.into_list();
        state.client += 1;
        state.requests.clear();
    }

    pub fn set_acceptor(&self, acceptor: TlsAcceptor) {
        self.state.lock().unwrap().acceptor = acceptor;
    }

    /// Whether a request such as `GET /landing` came since the last change of the fault.
    pub fn has_seen(&self, request: &str) -> bool {
        self.state.lock().unwrap().requests.iter().any(|seen| seen == request)
    }
}

/// Whether the client begins with the handshake of TLS.
async fn begins_handshake(stream: &TcpStream) -> bool {
    let mut first = [0];
    stream.peek(&mut first).await.is_ok() && first == [0x16]
}

async fn serve_without_tls(mut stream: TcpStream, state: &Mutex<State>, faults: &[ProxyFault]) -> std::io::Result<()> {
    for fault in faults {
        match fault {
            ProxyFault::ServeWithoutTls => return forward(stream, state).await,
            ProxyFault::RedirectWithoutTls(url) => {
                read_message(&mut stream).await?;
                let response = format!("HTTP/1.1 308 Moved\r\nlocation: {url}\r\ncontent-length: 0\r\n\r\n");
                stream.write_all(response.as_bytes()).await?;
                return stream.shutdown().await;
            }
            _ => {}
        }
    }
    Ok(())
}

/// Forwards one request and its response, then closes both connections.
async fn forward(mut client_stream: impl AsyncRead + AsyncWrite + Unpin, state: &Mutex<State>) -> std::io::Result<()> {
    let (head, body) = read_message(&mut client_stream).await?;
    let mut parts = head.split_whitespace();
    let (method, target) = (parts.next().unwrap_or_default().to_owned(), parts.next().unwrap_or_default().to_owned());
    let path = target.split('?').next().unwrap_or_default();
    let (faults, upstream, client) = {
        let mut state = state.lock().unwrap();
        state.requests.push(format!("{method} {path}"));
        let is_second = state.requests.len().is_multiple_of(2);
        let faults = state.faults.iter().filter_map(|fault| match fault.clone() {
            ProxyFault::ReplaceInEveryOtherBody(..) if is_second => None,
            ProxyFault::ReplaceInEveryOtherBody(fault_path, from, to) => {
                Some(ProxyFault::ReplaceInBodyIfPresent(fault_path, from, to))
            }
            fault => Some(fault),
        });
        (faults.collect::<Vec<_>>(), state.upstream, state.client)
    };
    let own_status = faults.iter().find_map(|fault| match fault {
        ProxyFault::Respond(fault_method, fault_path, status) if *fault_method == method => {
            let matches = fault_path.strip_suffix('*').map_or(*fault_path == path, |start| path.starts_with(start));
            matches.then_some(*status)
        }
        _ => None,
    });
    if let Some(status) = own_status {
        let response = format!("HTTP/1.1 {status} Injected\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{{}}");
        client_stream.write_all(response.as_bytes()).await?;
        return client_stream.shutdown().await;
    }
    let lines = alter_request(&head, &faults, path, client);
    let mut server = TcpStream::connect(("127.0.0.1", upstream)).await?;
    server.write_all(format!("{}\r\n\r\n", lines.join("\r\n")).as_bytes()).await?;
    server.write_all(&body).await?;
    let mut response = Vec::new();
    server.read_to_end(&mut response).await?;
    for fault in &faults {
        response = alter_response(&response, fault, path);
    }
    client_stream.write_all(&response).await?;
    client_stream.shutdown().await
}

/// The lines of a request's head, with those that a proxy adds, and the faults applied.
fn alter_request(head: &str, faults: &[ProxyFault], path: &str, client: u8) -> Vec<String> {
    let mut lines: Vec<String> = head.lines().map(str::to_owned).collect();
    lines.retain(|line| !starts_with(line, "connection:"));
    lines.push("connection: close".to_owned());
    lines.push("accept-encoding: identity".to_owned());
    let has_credentials = lines.iter().any(|line| starts_with(line, "authorization:"));
    let mut adds_address = true;
    for fault in faults {
        match fault {
            ProxyFault::AddCredentials(credentials) if !has_credentials => {
                lines.push(format!("authorization: {credentials}"));
            }
            ProxyFault::AddCredentialsTo(fault_path, credentials) if !has_credentials && *fault_path == path => {
                lines.push(format!("authorization: {credentials}"));
            }
            ProxyFault::KeepForwardedFor => adds_address = false,
            ProxyFault::RemoveForwardedFor => {
                adds_address = false;
                lines.retain(|line| !starts_with(line, "x-forwarded-for:"));
            }
            _ => {}
        }
    }
    if adds_address {
        lines.push(format!("x-forwarded-for: 192.0.2.{client}"));
    }
    lines
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
        ProxyFault::AddHeader(name, value) => lines.push(format!("{name}: {value}")),
        ProxyFault::ReplaceInHeader(name, from, to) => {
            let is_named = |line: &&mut String| starts_with(line, &format!("{name}:"));
            lines.iter_mut().filter(is_named).for_each(|line| *line = line.replace(from, to));
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
