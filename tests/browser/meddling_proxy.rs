//! An HTTP proxy in front of Atlas that can change answers, as the network of a hotel or a broken cache does.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// Turns an answer of Atlas into the one that the browser gets.
type Change = Box<dyn Fn(Vec<u8>) -> Vec<u8> + Send>;

/// A running proxy. It forwards one request per connection.
pub struct MeddlingProxy {
    /// For example `http://localhost:1234`.
    pub base_url: String,
    meddling: Arc<Mutex<Option<Meddling>>>,
    requests: Arc<Mutex<Vec<String>>>,
}

struct Meddling {
    /// The beginning of the requests that are meddled with, for example `GET /today`.
    request: &'static str,
    change: Change,
}

impl MeddlingProxy {
    /// Starts in front of the server at `origin`.
    pub fn start(origin: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base_url = format!("http://localhost:{}", listener.local_addr().unwrap().port());
        let upstream = Arc::new(Upstream { origin: origin.to_owned(), base_url: base_url.clone() });
        let meddling: Arc<Mutex<Option<Meddling>>> = Arc::default();
        let requests: Arc<Mutex<Vec<String>>> = Arc::default();
        let (shared, seen) = (Arc::clone(&meddling), Arc::clone(&requests));
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let (upstream, shared, seen) = (Arc::clone(&upstream), Arc::clone(&shared), Arc::clone(&seen));
                std::thread::spawn(move || forward(client, &upstream, &shared, &seen));
            }
        });
        Self { base_url, meddling, requests }
    }

    /// Changes the answers to requests that begin with `request`.
    pub fn change(&self, request: &'static str, change: impl Fn(Vec<u8>) -> Vec<u8> + Send + 'static) {
        *self.meddling.lock().unwrap() = Some(Meddling { request, change: Box::new(change) });
    }

    /// Gives `answer` in place of Atlas, which gets the request all the same.
    pub fn replace(&self, request: &'static str, answer: &'static str) {
        self.change(request, move |_| answer.replace('\n', "\r\n").into_bytes());
    }

    /// The requests since the last call, such as `GET /today`.
    pub fn take_requests(&self) -> Vec<String> {
        std::mem::take(&mut self.requests.lock().unwrap())
    }

    /// The newest request.
    pub fn last_request(&self) -> Option<String> {
        self.requests.lock().unwrap().last().cloned()
    }

    /// Forwards everything unchanged again.
    pub fn stop_meddling(&self) {
        *self.meddling.lock().unwrap() = None;
    }
}

struct Upstream {
    origin: String,
    base_url: String,
}

impl Upstream {
    /// Sends a request to Atlas and reads its answer.
    fn send(&self, head: &str, body: &[u8]) -> io::Result<Vec<u8>> {
        let authority = self.origin.trim_start_matches("http://");
        let mut server = TcpStream::connect(authority.replace("localhost", "127.0.0.1"))?;
        server.write_all(head.as_bytes())?;
        server.write_all(body)?;
        let mut answer = Vec::new();
        server.read_to_end(&mut answer)?;
        Ok(answer)
    }

    /// A line of a request's head as Atlas gets it. Answers are neither compressed nor followed by another one.
    fn rewrite(&self, line: &str) -> String {
        let name = line.split(':').next().unwrap_or_default().to_ascii_lowercase();
        if name == "connection" || name == "accept-encoding" {
            return String::new();
        }
        let without_scheme = |url: &str| url.trim_start_matches("http://").to_owned();
        line.replace(&without_scheme(&self.base_url), &without_scheme(&self.origin))
    }
}

fn forward(
    client: TcpStream,
    upstream: &Upstream,
    meddling: &Mutex<Option<Meddling>>,
    requests: &Mutex<Vec<String>>,
) -> Option<()> {
    let mut reader = BufReader::new(client.try_clone().ok()?);
    let (mut head, mut length, mut line) = (String::new(), 0, String::new());
    while reader.read_line(&mut line).ok()? > 2 {
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
        head.push_str(&upstream.rewrite(&line));
        line.clear();
    }
    requests.lock().unwrap().push(head.split(" HTTP/").next()?.to_owned());
    head.push_str("Connection: close\r\n\r\n");
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    // An answer that is cut off by the server's end is passed on as an end of the connection.
    let answer = upstream.send(&head, &body).unwrap_or_default();
    let answer = match &*meddling.lock().unwrap() {
        Some(meddling) if head.starts_with(meddling.request) => (meddling.change)(answer),
        _ => answer,
    };
    { client }.write_all(&answer).ok()
}

/// The first half of an answer, without a length by which the browser could notice.
pub fn cut_in_half(answer: Vec<u8>) -> Vec<u8> {
    let text = String::from_utf8(answer).expect("Atlas answers in UTF-8");
    let (head, body) = text.split_once("\r\n\r\n").expect("an answer has a head");
    let head: Vec<&str> =
        head.lines().filter(|line| !line.to_ascii_lowercase().starts_with("content-length:")).collect();
    let middle = (0..=body.len() / 2).rev().find(|index| body.is_char_boundary(*index)).unwrap_or_default();
    format!("{}\r\n\r\n{}", head.join("\r\n"), &body[..middle]).into_bytes()
}
