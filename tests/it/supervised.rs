//! A service manager that started the server, and what it is told.

use std::collections::BTreeMap;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::path::Path;
use std::time::Duration;

use atlas::config::{Supervised, supervised};

use crate::person::exchange;
use crate::process::Server;

/// What comes next; it fails when nothing does for half a minute.
fn hears(socket: &UnixDatagram) -> String {
    socket.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let mut bytes = [0; 512];
    let length = socket.recv(&mut bytes).expect("the server says something");
    String::from_utf8(bytes[..length].to_vec()).unwrap()
}

async fn works(server: &Server) {
    let request = format!("GET /api/health HTTP/1.1\r\nhost: localhost:{}\r\n\r\n", server.port);
    assert_eq!(exchange(([127, 0, 0, 1], server.port).into(), request.as_bytes()).await.unwrap().status, 200);
}

#[tokio::test]
async fn systemd_hears_when_it_serves_that_it_lives_and_when_it_stops() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notify");
    let socket = UnixDatagram::bind(&path).unwrap();
    let variables = [("NOTIFY_SOCKET", path.to_str().unwrap()), ("WATCHDOG_USEC", "50000")];
    let server = Server::start_with(folder.path(), &[], &variables);
    assert!(hears(&socket).starts_with("READY=1\n"));
    works(&server).await;
    for _ in 0..5 {
        assert_eq!(hears(&socket), "WATCHDOG=1");
    }
    server.signal("TERM");
    while !hears(&socket).starts_with("STOPPING=1\n") {}
    assert_eq!(server.ends().0, Some(0));
}

#[tokio::test]
async fn a_name_without_a_file_is_heard_too_and_no_watchdog_is_no_pulse() {
    let folder = tempfile::tempdir().unwrap();
    let name = format!("atlas-{}", folder.path().file_name().unwrap().to_str().unwrap());
    let socket = UnixDatagram::bind_addr(&SocketAddr::from_abstract_name(&name).unwrap()).unwrap();
    let name = format!("@{name}");
    // The watchdog is another process's.
    let variables = [("NOTIFY_SOCKET", name.as_str()), ("WATCHDOG_USEC", "1000"), ("WATCHDOG_PID", "1")];
    let server = Server::start_with(folder.path(), &[], &variables);
    assert!(hears(&socket).starts_with("READY=1\n"));
    works(&server).await;
    server.signal("TERM");
    assert!(hears(&socket).starts_with("STOPPING=1\n"));
    assert_eq!(server.ends().0, Some(0));
}

#[tokio::test]
async fn a_service_manager_that_went_away_is_no_trouble_for_anybody() {
    let folder = tempfile::tempdir().unwrap();
    let variables = [("NOTIFY_SOCKET", "/nowhere/notify"), ("WATCHDOG_USEC", "50000")];
    let server = Server::start_with(folder.path(), &[], &variables);
    works(&server).await;
    server.signal("TERM");
    assert_eq!(server.ends().0, Some(0));
    assert!(std::fs::read_to_string(folder.path().join("log")).unwrap().contains("cannot be told"));
}

#[test]
fn what_is_not_for_this_process_is_left_alone() {
    let told = |pairs: &[(&str, &str)]| {
        let variables: BTreeMap<_, _> = pairs.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        supervised(&variables)
    };
    let socket = Path::new("/run/notify").to_owned();
    let with = |watchdog| Some(Supervised { socket: socket.clone(), watchdog });
    assert_eq!(told(&[("WATCHDOG_USEC", "1000")]), None);
    assert_eq!(told(&[("NOTIFY_SOCKET", "")]), None);
    let here = ("NOTIFY_SOCKET", "/run/notify");
    assert_eq!(told(&[here]), with(None));
    let pid = std::process::id().to_string();
    let second = Some(Duration::from_secs(1));
    assert_eq!(told(&[here, ("WATCHDOG_USEC", "1000000"), ("WATCHDOG_PID", &pid)]), with(second));
    assert_eq!(told(&[here, ("WATCHDOG_USEC", "1000000")]), with(second));
    for (micros, pid) in [("1000000", "1"), ("0", &*pid), ("soon", &*pid)] {
        assert_eq!(told(&[here, ("WATCHDOG_USEC", micros), ("WATCHDOG_PID", pid)]), with(None));
    }
}

/// The unit in the README, which is what people copy.
fn unit() -> String {
    let readme = include_str!("../../README.md");
    readme.split_once("```ini\n").unwrap().1.split_once("```").unwrap().0.to_owned()
}

#[test]
fn the_unit_in_the_readme_is_one_that_systemd_would_take() {
    let unit = unit();
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
    let has = |key: &str, value: &str| keys.iter().any(|(known, said)| known == key && said == value);
    assert!(has("Service.Type", "notify") && has("Service.ProtectSystem", "strict"));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("atlas.service");
    let program = env!("CARGO_BIN_EXE_atlas");
    std::fs::write(&path, unit.replace("/usr/local/bin/atlas", program)).unwrap();
    let Ok(verified) = std::process::Command::new("systemd-analyze").arg("verify").arg(&path).output() else {
        // Where there is no systemd its own judgement cannot be heard.
        return;
    };
    let said = String::from_utf8_lossy(&verified.stderr);
    assert!(!said.contains("Unknown") && !said.contains("Failed to parse"), "{said}");
}
