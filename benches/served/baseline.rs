//! The HTTP baseline: hyper in a separate process, which answers every request with the same bytes.

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

use crate::client::Response;

/// The argument that makes this program serve as the baseline.
pub const SERVE_FLAG: &str = "--serve-baseline";

/// The baseline's timeout for request headers.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum HeaderTimeout {
    /// No timeout.
    Unlimited,
    /// The timeout that Atlas has.
    SameAsAtlas,
}

/// A running baseline. It ends when this value is dropped or when the benchmark's process ends.
pub struct HttpBaseline {
    process: Child,
    pub address: SocketAddr,
}

impl HttpBaseline {
    /// Starts a baseline that replays a response of Atlas.
    pub fn start(folder: &Path, response: &Response<'_>, timeout: HeaderTimeout) -> Self {
        let file = folder.join("response.http");
        std::fs::write(&file, [response.head, response.body].concat()).expect("the response is written");
        let mut command = Command::new(std::env::current_exe().expect("this program"));
        command.arg(SERVE_FLAG).arg(&file);
        if timeout == HeaderTimeout::SameAsAtlas {
            command.arg("timeout");
        }
        let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("a second process");
        let mut line = String::new();
        BufReader::new(process.stdout.take().expect("its output")).read_line(&mut line).expect("its address");
        Self { process, address: line.trim().parse().expect("an address") }
    }

    pub fn pid(&self) -> u32 {
        self.process.id()
    }
}

impl Drop for HttpBaseline {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Serves the baseline until standard input ends.
pub fn serve(arguments: &[String]) {
    std::thread::spawn(|| {
        let _ = std::io::stdin().read(&mut [0]);
        std::process::exit(0);
    });
    let (status, headers, body) = parse_response(&std::fs::read(&arguments[0]).expect("a response"));
    let has_timeout = arguments.len() > 1;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async move {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        println!("{}", listener.local_addr().expect("an address"));
        std::io::stdout().flush().expect("standard output");
        loop {
            let (stream, _) = listener.accept().await.expect("a connection");
            stream.set_nodelay(true).expect("TCP_NODELAY");
            let (headers, body) = (headers.clone(), body.clone());
            tokio::spawn(async move {
                let service = service_fn(move |_| {
                    let mut response = hyper::Response::new(Full::new(body.clone()));
                    *response.status_mut() = status;
                    response.headers_mut().clone_from(&headers);
                    async move { Ok::<_, Infallible>(response) }
                });
                let mut builder = http1::Builder::new();
                if has_timeout {
                    builder.timer(TokioTimer::new()).header_read_timeout(Duration::from_secs(15));
                } else {
                    builder.header_read_timeout(None);
                }
                let _ = builder.serve_connection(TokioIo::new(stream), service).await;
            });
        }
    });
}

/// The status, headers and body, without the two headers that hyper writes itself.
fn parse_response(response: &[u8]) -> (StatusCode, HeaderMap, Bytes) {
    let head = response.windows(4).position(|window| window == b"\r\n\r\n").expect("a head");
    let status = StatusCode::from_bytes(&response[9..12]).expect("a status");
    let lines = std::str::from_utf8(&response[..head]).expect("text").lines().skip(1);
    let pairs = lines.filter_map(|line| line.split_once(": "));
    let pairs = pairs.filter(|(name, _)| !matches!(*name, "date" | "content-length"));
    let headers = pairs.map(|(name, value)| {
        let name: HeaderName = name.parse().expect("a name");
        (name, HeaderValue::from_str(value).expect("a value"))
    });
    (status, headers.collect(), Bytes::copy_from_slice(&response[head + 4..]))
}
