//! Atlas behind real proxies with TLS: nginx, Caddy, and HAProxy, configured as the handbook says.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Barrier;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::relay::Certificates;
use crate::test_user::{TestResponse, TestUser, read_response};
use crate::world::{World, WorldOptions};

const HANDBOOK: &str = include_str!("../../assets/handbook/deploy.md");
/// The public name in the handbook's recipes.
const HOST: &str = "staging.atlas.example.com";

#[derive(Debug, Clone, Copy)]
enum ProxyKind {
    Nginx,
    /// nginx with connections to Atlas that it keeps.
    NginxKeepAlive,
    Caddy,
    HaProxy,
}

const ALL: [ProxyKind; 4] = [ProxyKind::Nginx, ProxyKind::NginxKeepAlive, ProxyKind::Caddy, ProxyKind::HaProxy];

impl ProxyKind {
    /// The recipe, with free ports in place of the handbook's, and with the certificate in `folder`.
    fn config(self, folder: &Path, port: u16, atlas: u16) -> String {
        let folder = folder.display();
        let upstream = format!("127.0.0.1:{atlas}");
        match self {
            Self::Nginx | Self::NginxKeepAlive => {
                let mut server = recipe("```nginx\n")
                    .replace("listen 443 ssl;", &format!("listen 127.0.0.1:{port} ssl;"))
                    .replace(&format!("/etc/letsencrypt/live/{HOST}"), &folder.to_string())
                    .replace("127.0.0.1:3001", &upstream);
                if matches!(self, Self::NginxKeepAlive) {
                    let keep = "proxy_pass http://atlas;\nproxy_http_version 1.1;\nproxy_set_header Connection \"\";";
                    server = server.replace(&format!("proxy_pass http://{upstream};"), keep);
                    server = format!("upstream atlas {{ server {upstream}; keepalive 16; }}\n{server}");
                }
                let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
                    .map(|kind| format!("{kind}_temp_path {folder}/{kind};\n"))
                    .concat();
                format!(
                    "daemon off;\nmaster_process off;\npid {folder}/pid;\nerror_log {folder}/error.log;\nevents {{}}\n\
                     http {{\naccess_log off;\n{temporary}{server}\n}}\n"
                )
            }
            Self::Caddy => {
                let certificate = format!("tls {folder}/fullchain.pem {folder}/privkey.pem");
                let site = recipe("Caddy:\n\n```\n")
                    .replace(HOST, &format!("https://{HOST}:{port}"))
                    .replace("reverse_proxy", &format!("bind 127.0.0.1\n    {certificate}\n    reverse_proxy"))
                    .replace("127.0.0.1:3001", &upstream);
                // Caddy would also listen on port 80 and, over UDP, for HTTP/3.
                let options = "admin off\nauto_https disable_redirects\nservers {\n    protocols h1 h2\n}";
                format!("{{\n{options}\n}}\n{site}")
            }
            Self::HaProxy => {
                let recipe = recipe("```haproxy\n")
                    .replace("bind :443 ssl", &format!("bind 127.0.0.1:{port} ssl"))
                    .replace(&format!("/etc/haproxy/{HOST}.pem"), &format!("{folder}/both.pem"))
                    .replace("127.0.0.1:3001", &upstream);
                format!("global\n    stats socket {folder}/stats\n{recipe}")
            }
        }
    }

    fn command(self, config: &Path, folder: &Path) -> Command {
        let mut command = match self {
            Self::Nginx | Self::NginxKeepAlive => {
                let mut nginx = Command::new("nginx");
                nginx.arg("-p").arg(folder).arg("-e").arg(folder.join("error.log")).arg("-c").arg(config);
                nginx
            }
            Self::Caddy => {
                let mut caddy = Command::new("caddy");
                caddy.args(["run", "--adapter", "caddyfile", "--config"]).arg(config);
                caddy
            }
            Self::HaProxy => {
                let mut haproxy = Command::new("haproxy");
                haproxy.args(["-db", "-q", "-f"]).arg(config);
                haproxy
            }
        };
        let log = std::fs::File::create(folder.join("log")).unwrap();
        command.env("HOME", folder).env("PATH", concat!(env!("PATH"), ":/usr/sbin"));
        command.current_dir(folder).stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        command
    }
}

/// The code block of the handbook that begins with `start`.
fn recipe(start: &str) -> &'static str {
    HANDBOOK.split_once(start).unwrap().1.split_once("```").unwrap().0
}

/// A running proxy, killed when dropped.
struct Proxy {
    child: Child,
    address: SocketAddr,
    folder: TempDir,
    tls: TlsConnector,
}

impl Proxy {
    /// Starts a proxy in front of the server on a port, and waits until it listens.
    async fn start(kind: ProxyKind, atlas: u16, change: impl Fn(String) -> String) -> Self {
        let certificates = Certificates::for_host(HOST);
        let tls = connector(&certificates.authority);
        loop {
            // Free until the proxy binds it, unless another program is faster: then the next one is tried.
            let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
            let folder = tempfile::tempdir().unwrap();
            let config = folder.path().join("config");
            let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
            write("fullchain.pem", &certificates.certificate);
            write("privkey.pem", &certificates.key);
            write("both.pem", &[certificates.certificate.as_str(), &certificates.key].concat());
            std::fs::write(&config, change(kind.config(folder.path(), port, atlas))).unwrap();
            let mut child = kind.command(&config, folder.path()).spawn().unwrap();
            let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
            while child.try_wait().unwrap().is_none() {
                if TcpStream::connect(address).await.is_ok() {
                    return Self { child, address, folder, tls };
                }
                tokio::task::yield_now().await;
            }
            let log = std::fs::read_to_string(folder.path().join("log")).unwrap();
            assert!(log.contains("in use"), "{kind:?}: {log}");
        }
    }

    /// A connection with TLS.
    async fn connect(&self) -> TlsStream<TcpStream> {
        let stream = TcpStream::connect(self.address).await.unwrap();
        self.tls.connect(HOST.try_into().unwrap(), stream).await.unwrap()
    }

    /// A port on which clients reach the proxy without speaking TLS themselves.
    async fn plain_port(&self) -> u16 {
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (tls, address) = (self.tls.clone(), self.address);
        tokio::spawn(async move {
            while let Ok((mut client, _)) = listener.accept().await {
                let stream = TcpStream::connect(address).await.unwrap();
                let mut proxy = tls.connect(HOST.try_into().unwrap(), stream).await.unwrap();
                tokio::spawn(async move { tokio::io::copy_bidirectional(&mut client, &mut proxy).await });
            }
        });
        port
    }

    /// Sends a request on a new connection, and reads the response meanwhile, because a proxy may refuse the rest of the body.
    async fn send(&self, head: &str, body: &[u8]) -> Option<TestResponse> {
        let request = [head.replace("HOST", HOST).as_bytes(), b"\r\n\r\n", body].concat();
        let (mut read, mut write) = tokio::io::split(self.connect().await);
        let write_request = async {
            write.write_all(&request).await?;
            write.flush().await
        };
        let (_, response) = tokio::join!(write_request, read_response(&mut read));
        response
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A client that trusts one certificate authority.
fn connector(authority: &str) -> TlsConnector {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(authority.as_bytes()).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let versions = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    TlsConnector::from(Arc::new(versions.unwrap().with_root_certificates(roots).with_no_client_auth()))
}

/// A server with the public name of the recipes.
async fn world() -> World {
    let variables = vec![("APP_URL", format!("https://{HOST}")), ("ATLAS_TRUSTED_PROXIES", "127.0.0.1".to_owned())];
    World::with_options(WorldOptions { variables, ..WorldOptions::default() }).await
}

async fn start_all(world: &World) -> Vec<(ProxyKind, Proxy)> {
    let mut proxies = Vec::new();
    for kind in ALL {
        proxies.push((kind, Proxy::start(kind, world.address.port(), |config| config).await));
    }
    proxies
}

#[tokio::test]
#[ignore = "needs nginx, Caddy, and HAProxy: run tests/run"]
async fn a_refusal_of_a_large_request_passes_every_proxy() {
    let world = world().await;
    for (kind, proxy) in start_all(&world).await {
        for length in [30_000, 300_000, 1 << 20, 4 << 20] {
            let post = |path: &str, header: &str| {
                format!("POST {path} HTTP/1.1\r\nhost: HOST\r\ncontent-length: {length}\r\n{header}connection: close")
            };
            let refused = [
                (post("/sign-up", "origin: https://evil.example\r\n"), 403),
                (post("/nothing-here", ""), 404),
                (post("/landing", ""), 405),
                (post("/api/auth/signup", "content-type: text/plain\r\n"), 415),
                (post("/api/habits", "content-type: application/json\r\n"), 401),
            ];
            for (head, status) in refused.iter().cycle().take(10) {
                let response = proxy.send(head, &vec![b'x'; length]).await;
                let status_code = response.map(|response| response.status);
                assert_eq!(status_code, Some(*status), "{kind:?}, {length} bytes, {head}");
            }
            let too_large =
                proxy.send(&post("/api/auth/signup", "content-type: application/json\r\n"), &vec![b'x'; length]).await;
            let expected = if length > 64 * 1024 { 413 } else { 400 };
            assert_eq!(too_large.map(|response| response.status), Some(expected), "{kind:?}, {length} bytes");
        }
    }
}

#[tokio::test]
#[ignore = "needs nginx, Caddy, and HAProxy: run tests/run"]
async fn every_proxy_passes_on_what_browsers_and_programs_send() {
    let world = world().await;
    let json = "host: HOST\r\ncontent-type: application/json\r\nconnection: close";
    let sign_in = r#"{"email":"nobody@example.com","password":"a wrong password"}"#;
    let chunked = format!("{:x}\r\n{sign_in}\r\n0\r\n\r\n", sign_in.len());
    let cookies = format!("cookie: other={}\r\n", "x".repeat(6_000));
    let get = |line: &str, headers: &str| format!("{line}\r\nhost: HOST\r\n{headers}connection: close");
    let upgrade = "upgrade: h2c\r\nhttp2-settings: AAMAAABkAAQAAP__\r\nconnection: upgrade, http2-settings, close";
    let table = [
        (get("GET /landing HTTP/1.1", ""), "", 200),
        (get("GET /landing HTTP/1.0", ""), "", 200),
        (get("GET /landing HTTP/1.1", &cookies), "", 200),
        (get("GET /landing HTTP/1.1", "accept-encoding: gzip, br, zstd\r\n"), "", 200),
        (get("GET https://HOST/landing HTTP/1.1", ""), "", 200),
        (get("HEAD /landing HTTP/1.1", ""), "", 200),
        (get("HEAD /api/health HTTP/1.1", ""), "", 200),
        (format!("GET /landing HTTP/1.1\r\nhost: HOST\r\n{upgrade}"), "", 200),
        (format!("POST /api/auth/sign-in HTTP/1.1\r\n{json}\r\ncontent-length: {}", sign_in.len()), sign_in, 401),
        (format!("POST /api/auth/sign-in HTTP/1.1\r\n{json}\r\ntransfer-encoding: chunked"), &chunked, 401),
    ];
    for (kind, proxy) in start_all(&world).await {
        for (head, body, status) in &table {
            let response = proxy.send(head, body.as_bytes()).await;
            assert_eq!(response.map(|response| response.status), Some(*status), "{kind:?}: {head}");
        }
        let head = format!(
            "POST /api/auth/sign-in HTTP/1.1\r\n{json}\r\ncontent-length: {}\r\nexpect: 100-continue\r\n\r\n",
            sign_in.len()
        );
        let mut invited = proxy.connect().await;
        invited.write_all(head.replace("HOST", HOST).as_bytes()).await.unwrap();
        invited.read_exact(&mut [0; 25]).await.unwrap();
        invited.write_all(sign_in.as_bytes()).await.unwrap();
        // Caddy invites the client, and passes on Atlas's invitation, too, perhaps together with the response.
        let mut response = read_response(&mut invited).await.unwrap();
        while response.status == 100 {
            response = read_response(&mut response.body.as_slice().chain(&mut invited)).await.unwrap();
        }
        assert_eq!(response.status, 401, "{kind:?}: 100-continue");
        let mut slow = proxy.connect().await;
        slow.write_all(table[8].0.replace("HOST", HOST).as_bytes()).await.unwrap();
        slow.write_all(b"\r\n\r\n").await.unwrap();
        for piece in sign_in.as_bytes().chunks(12) {
            slow.write_all(piece).await.unwrap();
            slow.flush().await.unwrap();
            assert_eq!(proxy.send(&table[0].0, b"").await.unwrap().status, 200, "{kind:?}: while a body arrives");
        }
        assert_eq!(read_response(&mut slow).await.unwrap().status, 401, "{kind:?}: slow upload");
        let mut pipelined = proxy.connect().await;
        let two = format!("GET /api/health HTTP/1.1\r\nhost: {HOST}\r\n\r\n").repeat(2);
        pipelined.write_all(two.as_bytes()).await.unwrap();
        let first = read_response(&mut pipelined).await.unwrap();
        let length: usize = first.header("content-length").unwrap().parse().unwrap();
        let second = read_response(&mut first.body[length..].chain(&mut pipelined)).await.unwrap();
        assert_eq!((first.status, second.status), (200, 200), "{kind:?}: pipelined requests");
        let mut kept = proxy.connect().await;
        for _ in 0..20 {
            kept.write_all(format!("GET /api/health HTTP/1.1\r\nhost: {HOST}\r\n\r\n").as_bytes()).await.unwrap();
            assert_eq!(read_response(&mut kept).await.unwrap().status, 200, "{kind:?}: kept connection");
        }
    }
}

#[tokio::test]
#[ignore = "needs nginx, Caddy, and HAProxy: run tests/run"]
async fn a_person_signs_up_and_completes_a_habit_through_every_proxy() {
    let world = world().await;
    for ((_, proxy), name) in start_all(&world).await.iter().zip(["ada", "bob", "cyd", "dan"]) {
        let mut user = TestUser::on_port(name, proxy.plain_port().await);
        HOST.clone_into(&mut user.host);
        user.scheme = "https";
        user.join("UTC").await;
        user.sign_in().await;
        let habit = user.create_habit("Read").await;
        user.set_completion(&habit, "2026-02-12", true).await.assert_status(200);
        assert_eq!(user.completed_on("2026-02-12").await, [habit]);
    }
}

/// The state of HAProxy's only server: its administrative word for the last health check.
async fn check_status(proxy: &Proxy) -> String {
    use std::io::{Read, Write};
    let path = proxy.folder.path().join("stats");
    // The socket may appear after the port.
    let mut stream = loop {
        if let Ok(stream) = UnixStream::connect(&path) {
            break stream;
        }
        tokio::task::yield_now().await;
    };
    stream.write_all(b"show stat\n").unwrap();
    let mut table = String::new();
    stream.read_to_string(&mut table).unwrap();
    let column = |line: &str, name: &str| {
        let names = table.lines().next().unwrap().trim_start_matches("# ").split(',');
        names.zip(line.split(',')).find(|(known, _)| *known == name).unwrap().1.to_owned()
    };
    let server = table.lines().find(|line| line.contains(",atlas,")).unwrap();
    // While the next check is running, an asterisk precedes the result of the last one.
    let result = column(server, "check_status");
    format!("{} {}", column(server, "status"), result.trim_start_matches("* "))
}

#[tokio::test]
#[ignore = "needs nginx, Caddy, and HAProxy: run tests/run"]
async fn haproxys_health_checks_find_atlas_up() {
    let gate = vec![
        ("APP_URL", format!("https://{HOST}")),
        ("ATLAS_GATE_USER", "team".to_owned()),
        ("ATLAS_GATE_PASSWORD", "a shared password".to_owned()),
    ];
    let world = World::with_options(WorldOptions { variables: gate, ..WorldOptions::default() }).await;
    let recipe = "option httpchk GET /api/health";
    for check in [recipe, "option httpchk", "option httpchk HEAD /api/health", "option httpchk OPTIONS /api/health"] {
        let fast = |config: String| {
            config
                .replace(recipe, &format!("{check}\n    timeout check 30s"))
                .replace(" check\n", " check inter 50ms rise 1 fall 1\n")
        };
        let proxy = Proxy::start(ProxyKind::HaProxy, world.address.port(), fast).await;
        // Until the first check, the server counts as up, without a status.
        let status = loop {
            let status = check_status(&proxy).await;
            if status.contains("L7") || status.contains("L4") {
                break status;
            }
            tokio::task::yield_now().await;
        };
        assert_eq!(status, "UP L7OK", "{check}");
    }
}

/// How many clients send requests during a stop.
const STOP_CLIENTS: usize = 4;

/// Requests health through a proxy on one connection after the other, until the proxy reports that Atlas is down. Reaches
/// `started` after the first response.
async fn request_until_gone(proxy: &Proxy, started: &Barrier) -> Vec<u16> {
    let mut statuses = Vec::new();
    while statuses.last().is_none_or(|status| *status == 200) {
        let response = proxy.send("GET /api/health HTTP/1.1\r\nhost: HOST\r\nconnection: close", b"").await;
        statuses.push(response.unwrap().status);
        if statuses.len() == 1 {
            started.wait().await;
        }
    }
    statuses
}

/// Fails if a proxy lost a request, instead of finding the port closed.
fn assert_no_request_was_lost(kind: ProxyKind, proxy: &Proxy, last_status: u16) {
    let read = |name: &str| std::fs::read_to_string(proxy.folder.path().join(name)).unwrap();
    let (log, closed_port) = match kind {
        ProxyKind::Nginx | ProxyKind::NginxKeepAlive => (read("error.log"), "Connection refused"),
        ProxyKind::Caddy => (read("log"), "connection refused"),
        // HAProxy answers 502 for a lost request.
        ProxyKind::HaProxy => return assert_eq!(last_status, 503),
    };
    assert!(log.contains(closed_port), "{kind:?}: {log}");
    for lost in ["reset by peer", "prematurely closed", "EOF", "broken pipe"] {
        assert!(!log.contains(lost), "{kind:?}: {log}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs nginx, Caddy, and HAProxy: run tests/run"]
async fn a_stop_behind_a_proxy_loses_no_request() {
    for kind in ALL {
        let mut world = world().await;
        // HAProxy would try a closed port again after a second.
        let impatient = |config: String| config.replace("timeout server 60s\n", "timeout server 60s\n    retries 0\n");
        let proxy = Proxy::start(kind, world.address.port(), impatient).await;
        let started = Barrier::new(STOP_CLIENTS + 1);
        let stop = async {
            started.wait().await;
            for _ in 0..50 {
                world.visitor().get("/api/health").await.assert_status(200);
            }
            world.stop();
            world.server_task.take().unwrap().await.unwrap()
        };
        let clients = futures_util::future::join_all((0..STOP_CLIENTS).map(|_| request_until_gone(&proxy, &started)));
        let (clients, cut_off) = tokio::join!(clients, stop);
        assert_eq!(cut_off, 0);
        for statuses in clients {
            assert!(statuses.len() > 1, "{kind:?}: {statuses:?}");
            assert_no_request_was_lost(kind, &proxy, *statuses.last().unwrap());
        }
    }
}
