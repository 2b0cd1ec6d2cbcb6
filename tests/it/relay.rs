//! A mail relay on a real connection, with TLS and passwords, that misbehaves as it is told to.

use std::sync::{Arc, Mutex};

use atlas::config::Tls;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

pub const USER: &str = "atlas@relay.example";
pub const PASSWORD: &str = "p@ss:word/of the relay";

/// What the relay does instead of what relays usually do.
#[derive(Debug, Clone, Copy)]
pub enum Act {
    Says(&'static str),
    HangsUp,
    /// Nothing, for ever.
    IsSilent,
}

/// What a relay is told to do at a step of a conversation: `greeting`, a command in capitals, or `.` for the end of a mail.
/// The number counts conversations from 0; the last word is the whole line.
type Script = dyn Fn(usize, &str, &str) -> Option<Act> + Send + Sync;

/// How a relay is reached and whom it takes mail from.
#[derive(Clone, Default)]
pub struct Door {
    pub tls: Option<(Tls, TlsAcceptor)>,
    pub wants_password: bool,
}

#[derive(Default)]
pub struct Log {
    /// What was said to it, with the number of the conversation.
    pub lines: Vec<(usize, String)>,
    /// The mails it took.
    pub taken: Vec<String>,
}

pub struct ScriptedRelay {
    pub port: u16,
    log: Arc<Mutex<Log>>,
}

impl ScriptedRelay {
    /// One that takes everything.
    pub async fn kind() -> Self {
        Self::that(|_, _, _| None).await
    }

    /// One that does as it is told, without TLS.
    pub async fn that(script: impl Fn(usize, &str, &str) -> Option<Act> + Send + Sync + 'static) -> Self {
        Self::behind(Door::default(), script).await
    }

    pub async fn behind(door: Door, script: impl Fn(usize, &str, &str) -> Option<Act> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let log = Arc::new(Mutex::new(Log::default()));
        let (kept, script) = (Arc::clone(&log), Arc::new(script));
        tokio::spawn(async move {
            let mut n = 0;
            while let Ok((stream, _)) = listener.accept().await {
                let talk = Talk { n, door: door.clone(), script: script.clone(), log: Arc::clone(&kept) };
                tokio::spawn(talk.begin(stream));
                n += 1;
            }
        });
        Self { port, log }
    }

    pub fn url(&self) -> String {
        format!("smtp://127.0.0.1:{}", self.port)
    }

    pub fn taken(&self) -> Vec<String> {
        self.log.lock().unwrap().taken.clone()
    }

    /// How many conversations there were with it, in which something was said.
    pub fn conversations(&self) -> usize {
        self.log.lock().unwrap().lines.iter().map(|(n, _)| n + 1).max().unwrap_or(0)
    }

    /// What was said to it, in the order it was said.
    pub fn heard(&self) -> Vec<String> {
        self.log.lock().unwrap().lines.iter().map(|(_, line)| line.clone()).collect()
    }
}

trait Wire: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Wire for T {}

struct Talk {
    n: usize,
    door: Door,
    script: Arc<Script>,
    log: Arc<Mutex<Log>>,
}

/// The other side hung up, or this one does.
struct Over;

impl Talk {
    async fn begin(self, stream: TcpStream) {
        let mut wire: Box<dyn Wire> = Box::new(stream);
        if let Some((Tls::Implicit, acceptor)) = &self.door.tls {
            match acceptor.accept(wire).await {
                Ok(protected) => wire = Box::new(protected),
                Err(_) => return,
            }
        }
        let _ = self.go_on(wire).await;
    }

    async fn go_on(self, mut wire: Box<dyn Wire>) -> Result<(), Over> {
        self.answer(&mut wire, "greeting", "", "220 relay.example").await?;
        let mut is_protected = !matches!(self.door.tls, Some((Tls::StartTls, _)));
        let (mut knows, mut within) = (!self.door.wants_password, false);
        loop {
            let line = read_line(&mut wire).await?;
            self.log.lock().unwrap().lines.push((self.n, line.clone()));
            let verb = line.split([' ', ':']).next().unwrap().to_ascii_uppercase();
            let usual = match verb.as_str() {
                "EHLO" if !is_protected => "250-relay.example\r\n250 STARTTLS",
                "EHLO" if self.door.wants_password => "250-relay.example\r\n250 AUTH PLAIN",
                "EHLO" => "250 relay.example",
                "AUTH" => {
                    let right = STANDARD.encode(format!("\0{USER}\0{PASSWORD}"));
                    knows = line == format!("AUTH PLAIN {right}");
                    if knows { "235 welcome" } else { "535 5.7.8 not you" }
                }
                "MAIL" if !knows => "530 5.7.0 sign in first",
                "MAIL" if within => "503 nested MAIL command",
                "MAIL" => {
                    within = true;
                    "250 fine"
                }
                "RSET" => {
                    within = false;
                    "250 forgotten"
                }
                "DATA" => "354 go on",
                "QUIT" => "221 bye",
                _ => "250 fine",
            };
            let said = self.answer(&mut wire, &verb, &line, usual).await?;
            match verb.as_str() {
                "STARTTLS" => {
                    let Some((_, acceptor)) = &self.door.tls else { return Err(Over) };
                    wire = Box::new(acceptor.accept(wire).await.map_err(|_| Over)?);
                    is_protected = true;
                }
                "DATA" if said.starts_with("354") => {
                    self.takes_a_mail(&mut wire).await?;
                    within = false;
                }
                "QUIT" => return Ok(()),
                _ => {}
            }
        }
    }

    async fn takes_a_mail(&self, wire: &mut Box<dyn Wire>) -> Result<(), Over> {
        let mut mail = String::new();
        loop {
            let line = read_line(wire).await?;
            if line == "." {
                break;
            }
            self.answer(wire, "line", &line, "").await?;
            mail.push_str(&line);
            mail.push('\n');
        }
        let taken = !matches!((self.script)(self.n, ".", ""), Some(Act::Says(said)) if !said.starts_with('2'));
        if taken {
            self.log.lock().unwrap().taken.push(mail);
        }
        self.answer(wire, ".", "", "250 2.0.0 queued as 4711").await.map(drop)
    }

    /// Says what is usual, or what the script wants said.
    async fn answer(
        &self,
        wire: &mut Box<dyn Wire>,
        step: &str,
        line: &str,
        usual: &'static str,
    ) -> Result<&'static str, Over> {
        let said = match (self.script)(self.n, step, line) {
            None => usual,
            Some(Act::Says(other)) => other,
            Some(Act::HangsUp) => return Err(Over),
            Some(Act::IsSilent) => std::future::pending().await,
        };
        if !said.is_empty() {
            wire.write_all(format!("{said}\r\n").as_bytes()).await.map_err(|_| Over)?;
            wire.flush().await.map_err(|_| Over)?;
        }
        Ok(said)
    }
}

/// Byte by byte, so that nothing of what follows STARTTLS is read too early.
async fn read_line(wire: &mut Box<dyn Wire>) -> Result<String, Over> {
    let mut line = Vec::new();
    while !line.ends_with(b"\r\n") {
        line.push(wire.read_u8().await.map_err(|_| Over)?);
    }
    line.truncate(line.len() - 2);
    String::from_utf8(line).map_err(|_| Over)
}

/// An authority of one's own, and a certificate of it.
pub struct Certificates {
    /// The authority's certificate, as a file for `mail.ca_file` holds it.
    pub authority: String,
    /// The relay's certificate and key.
    pub certificate: String,
    pub key: String,
    acceptor: TlsAcceptor,
}

impl Certificates {
    /// For a relay of that name.
    pub fn of(name: &str) -> Self {
        Self::until(name, 2100)
    }

    /// For a relay of that name, until a year begins.
    pub fn until(name: &str, year: i32) -> Self {
        Self::up_to(name, (year, 1, 1))
    }

    /// For a relay of that name, until the day begins that is so many days from today.
    pub fn for_days(name: &str, days: i64) -> Self {
        let end = atlas::app::clock::Clock::System.now().to_zoned(jiff::tz::TimeZone::UTC).date()
            + jiff::SignedDuration::from_hours(24 * days);
        Self::up_to(name, (i32::from(end.year()), end.month().unsigned_abs(), end.day().unsigned_abs()))
    }

    fn up_to(name: &str, (year, month, day): (i32, u8, u8)) -> Self {
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

    /// A door with these, behind which a password is wanted.
    pub fn door(&self, tls: Tls) -> Door {
        Door { tls: Some((tls, self.acceptor.clone())), wants_password: true }
    }
}
