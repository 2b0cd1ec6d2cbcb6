//! A scripted SMTP relay on a real TCP connection. It supports TLS and password authentication, and a script can make
//! any step of a session fail.

use std::sync::{Arc, Mutex};

use atlas::config::Tls;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

pub const RELAY_USER: &str = "atlas@relay.example";
pub const RELAY_PASSWORD: &str = "p@ss:word/of the relay";

/// What a script makes the relay do in place of its normal response.
#[derive(Debug, Clone, Copy)]
pub enum RelayAction {
    Respond(&'static str),
    Disconnect,
    /// Never responds.
    Stall,
}

/// Decides what the relay does at a step of a session. The arguments are the session number, counted from 0; the step,
/// which is `greeting`, a command in capitals, `line` for a line of a message or `.` for its end; and the whole line.
type Script = dyn Fn(usize, &str, &str) -> Option<RelayAction> + Send + Sync;

#[derive(Clone, Default)]
pub struct RelayOptions {
    pub tls: Option<(Tls, TlsAcceptor)>,
    pub requires_password: bool,
}

#[derive(Default)]
pub struct RelayLog {
    /// Every line received, with its session number.
    pub lines: Vec<(usize, String)>,
    pub accepted: Vec<String>,
}

pub struct ScriptedRelay {
    pub port: u16,
    log: Arc<Mutex<RelayLog>>,
}

impl ScriptedRelay {
    /// A relay that accepts every message.
    pub async fn accepting() -> Self {
        Self::with_script(|_, _, _| None).await
    }

    /// A relay that follows `script`, without TLS or a password.
    pub async fn with_script(
        script: impl Fn(usize, &str, &str) -> Option<RelayAction> + Send + Sync + 'static,
    ) -> Self {
        Self::with_options(RelayOptions::default(), script).await
    }

    pub async fn with_options(
        options: RelayOptions,
        script: impl Fn(usize, &str, &str) -> Option<RelayAction> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let log = Arc::new(Mutex::new(RelayLog::default()));
        let (session_log, script) = (Arc::clone(&log), Arc::new(script));
        tokio::spawn(async move {
            let mut number = 0;
            while let Ok((stream, _)) = listener.accept().await {
                let session =
                    Session { number, options: options.clone(), script: script.clone(), log: Arc::clone(&session_log) };
                tokio::spawn(session.start(stream));
                number += 1;
            }
        });
        Self { port, log }
    }

    pub fn url(&self) -> String {
        format!("smtp://127.0.0.1:{}", self.port)
    }

    pub fn accepted_messages(&self) -> Vec<String> {
        self.log.lock().unwrap().accepted.clone()
    }

    /// The number of sessions in which the client sent at least one line.
    pub fn session_count(&self) -> usize {
        self.log.lock().unwrap().lines.iter().map(|(number, _)| number + 1).max().unwrap_or(0)
    }

    /// Every line received, in order.
    pub fn received_lines(&self) -> Vec<String> {
        self.log.lock().unwrap().lines.iter().map(|(_, line)| line.clone()).collect()
    }
}

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

struct Session {
    number: usize,
    options: RelayOptions,
    script: Arc<Script>,
    log: Arc<Mutex<RelayLog>>,
}

/// The connection was closed by either side.
struct Closed;

impl Session {
    async fn start(self, connection: TcpStream) {
        let mut stream: Box<dyn Stream> = Box::new(connection);
        if let Some((Tls::Implicit, acceptor)) = &self.options.tls {
            match acceptor.accept(stream).await {
                Ok(encrypted) => stream = Box::new(encrypted),
                Err(_) => return,
            }
        }
        let _ = self.run(stream).await;
    }

    async fn run(self, mut stream: Box<dyn Stream>) -> Result<(), Closed> {
        self.respond(&mut stream, "greeting", "", "220 relay.example").await?;
        let mut is_encrypted = !matches!(self.options.tls, Some((Tls::StartTls, _)));
        let (mut is_authenticated, mut in_transaction) = (!self.options.requires_password, false);
        loop {
            let line = read_line(&mut stream).await?;
            self.log.lock().unwrap().lines.push((self.number, line.clone()));
            let command = line.split([' ', ':']).next().unwrap().to_ascii_uppercase();
            let default_reply = match command.as_str() {
                "EHLO" if !is_encrypted => "250-relay.example\r\n250 STARTTLS",
                "EHLO" if self.options.requires_password => "250-relay.example\r\n250 AUTH PLAIN",
                "EHLO" => "250 relay.example",
                "AUTH" => {
                    let credentials = STANDARD.encode(format!("\0{RELAY_USER}\0{RELAY_PASSWORD}"));
                    if line == format!("AUTH PLAIN {credentials}") { "235 welcome" } else { "535 5.7.8 not you" }
                }
                "MAIL" if !is_authenticated => "530 5.7.0 sign in first",
                "MAIL" if in_transaction => "503 nested MAIL command",
                "MAIL" => {
                    in_transaction = true;
                    "250 fine"
                }
                "RSET" => {
                    in_transaction = false;
                    "250 forgotten"
                }
                "DATA" => "354 go on",
                "QUIT" => "221 bye",
                _ => "250 fine",
            };
            let reply = self.respond(&mut stream, &command, &line, default_reply).await?;
            is_authenticated |= reply.starts_with("235");
            match command.as_str() {
                "STARTTLS" => {
                    let Some((_, acceptor)) = &self.options.tls else { return Err(Closed) };
                    stream = Box::new(acceptor.accept(stream).await.map_err(|_| Closed)?);
                    is_encrypted = true;
                }
                "DATA" if reply.starts_with("354") => {
                    self.receive_message(&mut stream).await?;
                    in_transaction = false;
                }
                "QUIT" => return Ok(()),
                _ => {}
            }
        }
    }

    async fn receive_message(&self, stream: &mut Box<dyn Stream>) -> Result<(), Closed> {
        let mut message = String::new();
        loop {
            let line = read_line(stream).await?;
            if line == "." {
                break;
            }
            self.respond(stream, "line", &line, "").await?;
            message.push_str(&line);
            message.push('\n');
        }
        let is_rejected =
            matches!((self.script)(self.number, ".", ""), Some(RelayAction::Respond(reply)) if !reply.starts_with('2'));
        if !is_rejected {
            self.log.lock().unwrap().accepted.push(message);
        }
        self.respond(stream, ".", "", "250 2.0.0 queued as 4711").await.map(drop)
    }

    /// Sends the default reply unless the script decides otherwise, and returns what was sent.
    async fn respond(
        &self,
        stream: &mut Box<dyn Stream>,
        step: &str,
        line: &str,
        default_reply: &'static str,
    ) -> Result<&'static str, Closed> {
        let reply = match (self.script)(self.number, step, line) {
            None => default_reply,
            Some(RelayAction::Respond(other)) => other,
            Some(RelayAction::Disconnect) => return Err(Closed),
            Some(RelayAction::Stall) => std::future::pending().await,
        };
        if !reply.is_empty() {
            stream.write_all(format!("{reply}\r\n").as_bytes()).await.map_err(|_| Closed)?;
            stream.flush().await.map_err(|_| Closed)?;
        }
        Ok(reply)
    }
}

/// Reads byte by byte, so that it never consumes bytes of the TLS handshake that follows STARTTLS.
async fn read_line(stream: &mut Box<dyn Stream>) -> Result<String, Closed> {
    let mut line = Vec::new();
    while !line.ends_with(b"\r\n") {
        line.push(stream.read_u8().await.map_err(|_| Closed)?);
    }
    line.truncate(line.len() - 2);
    String::from_utf8(line).map_err(|_| Closed)
}

/// A private certificate authority and a server certificate that it issued.
pub struct Certificates {
    /// The authority's certificate in PEM, for `mail.ca_file`.
    pub authority: String,
    pub certificate: String,
    pub key: String,
    acceptor: TlsAcceptor,
}

impl Certificates {
    pub fn for_host(name: &str) -> Self {
        Self::expiring_in_year(name, 2100)
    }

    /// The certificate expires when `year` begins.
    pub fn expiring_in_year(name: &str, year: i32) -> Self {
        Self::generate(name, (year, 1, 1))
    }

    /// The certificate expires when the day begins that is `days` days from today.
    pub fn expiring_in_days(name: &str, days: i64) -> Self {
        let end = atlas::app::clock::Clock::System.now().to_zoned(jiff::tz::TimeZone::UTC).date()
            + jiff::SignedDuration::from_hours(24 * days);
        Self::generate(name, (i32::from(end.year()), end.month().unsigned_abs(), end.day().unsigned_abs()))
    }

    fn generate(name: &str, (year, month, day): (i32, u8, u8)) -> Self {
        let mut authority = CertificateParams::new(Vec::new()).unwrap();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority_key = KeyPair::generate().unwrap();
        let signed = authority.self_signed(&authority_key).unwrap();
        let issuer = Issuer::new(authority, authority_key);

        let mut leaf = CertificateParams::new(vec![name.to_owned()]).unwrap();
        (leaf.not_before, leaf.not_after) = (date_time_ymd(2000, 1, 1), date_time_ymd(year, month, day));
        let key = KeyPair::generate().unwrap();
        let certificate = leaf.signed_by(&key, &issuer).unwrap();

        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let private = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], private)
            .unwrap();
        Self {
            authority: signed.pem(),
            certificate: certificate.pem(),
            key: key.serialize_pem(),
            acceptor: TlsAcceptor::from(Arc::new(config)),
        }
    }

    /// Options for a relay that uses this certificate and requires a password.
    pub fn relay_options(&self, tls: Tls) -> RelayOptions {
        RelayOptions { tls: Some((tls, self.acceptor.clone())), requires_password: true }
    }
}
