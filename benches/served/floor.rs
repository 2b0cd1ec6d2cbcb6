//! The floor of HTTP: hyper sending the same bytes to whatever it is asked, in a process of its own.

use std::convert::Infallible;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::StatusCode;
use hyper::header::{HeaderMap, HeaderName, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};

use crate::client::Answer;

/// The word that makes this program a floor.
pub const WORD: &str = "--floor";

/// Whether the floor bounds how long headers may take, as Atlas does.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Patience {
    /// It waits for ever.
    Endless,
    /// It has the timeout Atlas has.
    Bounded,
}

/// A running floor. It ends with this value, or with the process that holds it.
pub struct Floor {
    process: Child,
    /// Where it listens.
    pub address: SocketAddr,
}

impl Floor {
    /// Starts a floor that sends what Atlas answered.
    pub fn start(folder: &Path, answer: &Answer<'_>, patience: Patience) -> Self {
        let file = folder.join("answer.http");
        std::fs::write(&file, [answer.head, answer.body].concat()).expect("the answer to be kept");
        let mut command = Command::new(std::env::current_exe().expect("this program"));
        command.arg(WORD).arg(&file);
        if patience == Patience::Bounded {
            command.arg("bounded");
        }
        let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("a second process");
        let mut line = String::new();
        BufReader::new(process.stdout.take().expect("its output")).read_line(&mut line).expect("its address");
        Self { process, address: line.trim().parse().expect("an address") }
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.process.id()
    }
}

impl Drop for Floor {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Is a floor, until standard input ends.
pub fn serve(words: &[String]) {
    std::thread::spawn(|| {
        let _ = std::io::stdin().read(&mut [0]);
        std::process::exit(0);
    });
    let (status, headers, body) = parsed(&std::fs::read(&words[0]).expect("an answer"));
    let bounded = words.len() > 1;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async move {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        println!("{}", listener.local_addr().expect("an address"));
        std::io::stdout().flush().expect("to be heard");
        loop {
            let (stream, _) = listener.accept().await.expect("a connection");
            stream.set_nodelay(true).expect("TCP_NODELAY");
            let (headers, body) = (headers.clone(), body.clone());
            tokio::spawn(async move {
                let same = service_fn(move |_| {
                    let mut response = hyper::Response::new(Full::new(body.clone()));
                    *response.status_mut() = status;
                    response.headers_mut().clone_from(&headers);
                    async move { Ok::<_, Infallible>(response) }
                });
                let mut builder = http1::Builder::new();
                if bounded {
                    builder.timer(TokioTimer::new()).header_read_timeout(Duration::from_secs(15));
                } else {
                    builder.header_read_timeout(None);
                }
                let _ = builder.serve_connection(TokioIo::new(stream), same).await;
            });
        }
    });
}

/// Status, headers and body as they were sent, without the two headers hyper writes by itself.
fn parsed(answer: &[u8]) -> (StatusCode, HeaderMap, Bytes) {
    let head = answer.windows(4).position(|here| here == b"\r\n\r\n").expect("a head");
    let status = StatusCode::from_bytes(&answer[9..12]).expect("a status");
    let lines = std::str::from_utf8(&answer[..head]).expect("text").lines().skip(1);
    let pairs = lines.filter_map(|line| line.split_once(": "));
    let pairs = pairs.filter(|(name, _)| !matches!(*name, "date" | "content-length"));
    let headers = pairs.map(|(name, value)| {
        let name: HeaderName = name.parse().expect("a name");
        (name, HeaderValue::from_str(value).expect("a value"))
    });
    (status, headers.collect(), Bytes::copy_from_slice(&answer[head + 4..]))
}
