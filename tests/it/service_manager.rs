//! The notifications that the server sends to the service manager that started it (`sd_notify`).

use std::collections::BTreeMap;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::path::Path;
use std::time::Duration;

use atlas::config::{ServiceManager, service_manager};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::process::Server;
use crate::test_user::{read_response, send_raw};

/// Waits up to half a minute for the next notification.
fn receive(socket: &UnixDatagram) -> String {
    socket.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let mut bytes = [0; 512];
    let length = socket.recv(&mut bytes).expect("a notification");
    String::from_utf8(bytes[..length].to_vec()).unwrap()
}

async fn assert_healthy(server: &Server) {
    let request = format!("GET /api/health HTTP/1.1\r\nhost: localhost:{}\r\n\r\n", server.port);
    assert_eq!(send_raw(([127, 0, 0, 1], server.port).into(), request.as_bytes()).await.unwrap().status, 200);
}

#[tokio::test]
async fn systemd_is_notified_of_readiness_watchdog_pings_and_stopping() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notify");
    let socket = UnixDatagram::bind(&path).unwrap();
    let variables = [("NOTIFY_SOCKET", path.to_str().unwrap()), ("WATCHDOG_USEC", "50000")];
    let server = Server::start_with(folder.path(), &[], &variables);
    assert!(receive(&socket).starts_with("READY=1\n"));
    assert_healthy(&server).await;
    for _ in 0..5 {
        assert_eq!(receive(&socket), "WATCHDOG=1");
    }
    server.signal("TERM");
    while !receive(&socket).starts_with("STOPPING=1\n") {}
    assert_eq!(server.wait().0, Some(0));
}

#[tokio::test]
async fn abstract_socket_names_work_and_without_a_watchdog_there_are_no_pings() {
    let folder = tempfile::tempdir().unwrap();
    let name = format!("atlas-{}", folder.path().file_name().unwrap().to_str().unwrap());
    let socket = UnixDatagram::bind_addr(&SocketAddr::from_abstract_name(&name).unwrap()).unwrap();
    let name = format!("@{name}");
    // The watchdog is meant for another process.
    let variables = [("NOTIFY_SOCKET", name.as_str()), ("WATCHDOG_USEC", "1000"), ("WATCHDOG_PID", "1")];
    let server = Server::start_with(folder.path(), &[], &variables);
    assert!(receive(&socket).starts_with("READY=1\n"));
    assert_healthy(&server).await;
    server.signal("TERM");
    assert!(receive(&socket).starts_with("STOPPING=1\n"));
    assert_eq!(server.wait().0, Some(0));
}

#[tokio::test]
async fn an_unreachable_service_manager_does_not_affect_the_server() {
    let folder = tempfile::tempdir().unwrap();
    let variables = [("NOTIFY_SOCKET", "/nowhere/notify"), ("WATCHDOG_USEC", "50000")];
    let server = Server::start_with(folder.path(), &[], &variables);
    assert_healthy(&server).await;
    server.signal("TERM");
    assert_eq!(server.wait().0, Some(0));
    assert!(std::fs::read_to_string(folder.path().join("log")).unwrap().contains("could not be notified"));
}

#[tokio::test]
async fn every_signal_to_stop_lets_running_requests_finish() {
    // A terminal that closes sends SIGHUP twice; a second one of the others stops at once.
    for signals in [&["TERM"][..], &["INT"], &["QUIT"], &["HUP", "HUP"]] {
        let folder = tempfile::tempdir().unwrap();
        let server = Server::start(folder.path());
        let mut stream = TcpStream::connect(("127.0.0.1", server.port)).await.unwrap();
        let body = br#"{"email":"nobody@example.com","password":"abcd"}"#;
        let head = format!(
            "POST /api/auth/sign-in HTTP/1.1\r\nhost: localhost:{}\r\ncontent-type: application/json\r\n\
             content-length: {}\r\nexpect: 100-continue\r\n\r\n",
            server.port,
            body.len()
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        // The handler has asked for the body, so the request is running.
        stream.read_exact(&mut [0; 25]).await.unwrap();
        for signal in signals {
            server.signal(signal);
        }
        server.wait_for_log("stopping after running requests have finished").await;
        stream.write_all(body).await.unwrap();
        assert_eq!(read_response(&mut stream).await.unwrap().status, 401, "{signals:?}");
        drop(stream);
        let (code, output) = server.wait();
        assert_eq!((code, output.trim()), (Some(0), "Stopped serving development"), "{signals:?}");
    }
}

#[tokio::test]
async fn a_second_signal_stops_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    let mut stream = TcpStream::connect(("127.0.0.1", server.port)).await.unwrap();
    let head = format!("POST /api/auth/sign-in HTTP/1.1\r\nhost: localhost:{}\r\n", server.port);
    stream.write_all(head.as_bytes()).await.unwrap();
    server.signal("HUP");
    server.wait_for_log("stopping after running requests have finished").await;
    server.signal("QUIT");
    server.wait_for_log("stopping at once").await;
    assert_eq!(server.wait().0, Some(0));
}

#[tokio::test]
async fn signals_without_a_meaning_are_logged_and_ignored() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    for signal in ["USR1", "USR2"] {
        server.signal(signal);
        server.wait_for_log(&format!("ignored SIG{signal}")).await;
        assert_healthy(&server).await;
    }
    server.signal("TERM");
    assert_eq!(server.wait().0, Some(0));
}

#[test]
fn watchdog_variables_meant_for_another_process_are_ignored() {
    let parse = |pairs: &[(&str, &str)]| {
        let variables: BTreeMap<_, _> = pairs.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        service_manager(&variables)
    };
    let socket = Path::new("/run/notify").to_owned();
    let expected = |watchdog| Some(ServiceManager { socket: socket.clone(), watchdog });
    assert_eq!(parse(&[("WATCHDOG_USEC", "1000")]), None);
    assert_eq!(parse(&[("NOTIFY_SOCKET", "")]), None);
    let notify = ("NOTIFY_SOCKET", "/run/notify");
    assert_eq!(parse(&[notify]), expected(None));
    let pid = std::process::id().to_string();
    let second = Some(Duration::from_secs(1));
    assert_eq!(parse(&[notify, ("WATCHDOG_USEC", "1000000"), ("WATCHDOG_PID", &pid)]), expected(second));
    assert_eq!(parse(&[notify, ("WATCHDOG_USEC", "1000000")]), expected(second));
    for (microseconds, pid) in [("1000000", "1"), ("0", &*pid), ("soon", &*pid)] {
        assert_eq!(parse(&[notify, ("WATCHDOG_USEC", microseconds), ("WATCHDOG_PID", pid)]), expected(None));
    }
}

/// The systemd unit that the handbook tells operators to copy.
fn handbook_unit() -> String {
    first_unit(include_str!("../../assets/handbook/deploy.md"))
}

fn first_unit(topic: &str) -> String {
    topic.split_once("```ini\n").unwrap().1.split_once("```").unwrap().0.to_owned()
}

#[test]
fn the_unit_in_the_handbook_is_valid() {
    let unit = handbook_unit();
    let mut section = String::new();
    let mut keys = Vec::new();
    for line in unit.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            section = name.to_owned();
            continue;
        }
        let (key, value) = line.split_once('=').unwrap_or_else(|| panic!("{line}"));
        assert!(
            !section.is_empty() && !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_alphanumeric()),
            "{line}"
        );
        keys.push((format!("{section}.{key}"), value.to_owned()));
    }
    let has = |key: &str, value: &str| keys.iter().any(|(known, set)| known == key && set == value);
    assert!(has("Service.Type", "notify") && has("Service.ProtectSystem", "strict"));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("atlas@staging.service");
    let program = env!("CARGO_BIN_EXE_atlas");
    std::fs::write(&path, unit.replace("/opt/atlas/%i/atlas", program)).unwrap();
    // Also with a user for each environment.
    let overrides = folder.path().join("atlas@.service.d");
    std::fs::create_dir(&overrides).unwrap();
    let one_user_each = first_unit(include_str!("../../assets/handbook/isolate.md"));
    std::fs::write(overrides.join("override.conf"), one_user_each).unwrap();
    let Ok(verified) = std::process::Command::new("systemd-analyze").arg("verify").arg(&path).output() else {
        // Without systemd on this machine, its own check cannot run.
        return;
    };
    let stderr = String::from_utf8_lossy(&verified.stderr);
    assert!(!stderr.contains("Unknown") && !stderr.contains("Failed to parse"), "{stderr}");
}
