//! The real binary: what operators type, see, and get as exit codes.

use std::fs;

use serde_json::Value;

use crate::person::exchange;
use crate::process::{Server, code, complaint, run, said};

async fn health(server: &Server) -> Value {
    let request = format!("GET /api/health HTTP/1.1\r\nhost: localhost:{}\r\nconnection: close\r\n\r\n", server.port);
    exchange(([127, 0, 0, 1], server.port).into(), request.as_bytes()).await.unwrap().json()
}

#[tokio::test]
async fn serve_needs_nothing_and_says_where_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    assert!(server.line.contains("data/development/atlas.redb (just made)"), "{}", server.line);
    assert_eq!(health(&server).await["data"]["environment"], "development");
    server.signal("TERM");
    let (code, rest) = server.ends();
    assert_eq!(code, Some(0), "{rest}");
    assert!(!folder.path().join("data/development/atlas.redb.pid").exists());
    let again = Server::start(folder.path());
    assert!(!again.line.contains("just made"));
}

#[tokio::test]
async fn a_second_server_on_the_same_file_is_told_who_has_it() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    let pid = server.child.id();
    for words in [&["serve", "--listen", "127.0.0.1:0"][..], &["seed"]] {
        let refused = run(folder.path(), words, &[]);
        assert_eq!(code(&refused), 69);
        assert!(complaint(&refused).contains(&format!("pid {pid}")), "{}", complaint(&refused));
    }
    assert_eq!(health(&server).await["ok"], true);
}

#[test]
fn servers_that_start_at_once_agree_on_one_file() {
    for _ in 0..4 {
        let folder = tempfile::tempdir().unwrap();
        let seeds = || {
            let path = folder.path().to_owned();
            std::thread::spawn(move || code(&run(&path, &["seed"], &[])))
        };
        let both = [seeds(), seeds(), seeds()];
        let codes = both.map(|seeding| seeding.join().unwrap());
        // One of them worked; the others worked after it, or were told that the file is in use.
        assert!(codes.contains(&0) && codes.iter().all(|code| [0, 69].contains(code)), "{codes:?}");
        assert!(said(&run(folder.path(), &["seed"], &[])).contains("nothing was changed"));
        let names = fs::read_dir(folder.path().join("data/development")).unwrap();
        let mut names: Vec<_> = names.map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(names, ["atlas.redb", "identity.json"], "nothing half-made is left");
    }
}

#[test]
fn a_variable_that_cannot_be_read_is_not_left_out() {
    use std::os::unix::ffi::OsStrExt;
    let folder = tempfile::tempdir().unwrap();
    let odd = std::ffi::OsStr::from_bytes(b"/srv/d\xe9/atlas.redb");
    for name in ["DATABASE_URL", "ATLAS_ENV", "NEXTAUTH_SECRET_FILE"] {
        let refused = crate::process::atlas(folder.path()).args(["check"]).env(name, odd).output().unwrap();
        assert_eq!(code(&refused), 78, "{name}");
        assert!(complaint(&refused).contains(name), "{}", complaint(&refused));
    }
}

#[test]
fn refusals_of_seeds_come_before_any_file_is_made() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(code(&run(folder.path(), &["seed", "--set", "nothing"], &[])), 1);
    assert!(!folder.path().join("data").exists());
    assert_eq!(code(&run(folder.path(), &["seed"], &[("SEED_PASSWORD", "short")])), 1);
}

#[test]
fn a_port_that_is_taken_is_explained_and_nothing_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let refused = run(folder.path(), &["serve", "--listen", &address], &[]);
    assert_eq!(code(&refused), 69);
    assert!(complaint(&refused).contains("choose another port with --listen"), "{}", complaint(&refused));
    assert!(!folder.path().join("data").exists());
}

#[test]
fn check_lists_every_missing_setting_and_exits_78() {
    let folder = tempfile::tempdir().unwrap();
    let checked = run(folder.path(), &["check", "--env", "staging"], &[]);
    assert_eq!(code(&checked), 78);
    for name in ["APP_URL", "NEXTAUTH_SECRET", "RESEND_API_KEY", "SENTRY_DSN", "ADMIN_OWNER_EMAIL", "7 errors"] {
        assert!(said(&checked).contains(name), "{name} is not in:\n{}", said(&checked));
    }
    assert!(!folder.path().join("data").exists(), "check touches nothing");
    let started = run(folder.path(), &["serve", "--env", "staging"], &[]);
    assert_eq!(code(&started), 78);
    assert!(complaint(&started).contains("atlas check --env staging"));
}

#[test]
fn check_as_json_has_origins_and_keeps_secrets() {
    let folder = tempfile::tempdir().unwrap();
    let secret = "0123456789abcdef0123456789abcdef";
    let checked =
        run(folder.path(), &["check", "--json"], &[("NEXTAUTH_SECRET", secret), ("ATLAS_ENV", "development")]);
    assert_eq!(code(&checked), 0);
    assert!(!said(&checked).contains(secret));
    let answer: Value = serde_json::from_str(&said(&checked)).unwrap();
    assert_eq!((&answer["environment"], &answer["ok"]), (&"development".into(), &true.into()));
    let setting =
        |key: &str| answer["settings"].as_array().unwrap().iter().find(|row| row["key"] == key).unwrap().clone();
    assert_eq!(setting("secret")["origin"], "variable NEXTAUTH_SECRET");
    assert_eq!(setting("secret")["value"], "(secret)");
    assert_eq!(setting("listen")["origin"], "built-in default");
}

#[test]
fn words_that_mean_nothing_exit_2() {
    let folder = tempfile::tempdir().unwrap();
    for words in [&["serv"][..], &["serve", "--nonsense"], &[]] {
        assert_eq!(code(&run(folder.path(), words, &[])), 2, "{words:?}");
    }
    let version = run(folder.path(), &["version", "--json"], &[]);
    let version: Value = serde_json::from_str(&said(&version)).unwrap();
    assert_eq!(version["schema"], atlas::store::schema::VERSION);
}

#[test]
fn production_is_never_seeded_and_no_file_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let variables = [
        ("APP_URL", "https://atlas.example.com"),
        ("NEXTAUTH_SECRET", "0123456789abcdef0123456789abcdef"),
        ("RESEND_API_KEY", "re_123"),
        ("RESEND_FROM_EMAIL", "atlas@example.com"),
        ("SENTRY_ENABLED", "false"),
        ("NEXT_PUBLIC_SENTRY_ENABLED", "false"),
        ("ADMIN_OWNER_EMAIL", "owner@example.com"),
        ("SEED_PASSWORD", "plenty of quiet mornings"),
    ];
    let refused = run(folder.path(), &["seed", "--env", "production"], &variables);
    assert_eq!(code(&refused), 1);
    assert!(complaint(&refused).contains("production is never seeded"), "{}", complaint(&refused));
    assert!(!folder.path().join("data").exists());
    // Staging is, with a password of its own.
    let wanted = run(folder.path(), &["seed", "--env", "staging"], &variables[..7]);
    assert_eq!(code(&wanted), 1);
    assert!(complaint(&wanted).contains("SEED_PASSWORD"));
    assert_eq!(code(&run(folder.path(), &["seed", "--env", "staging"], &variables)), 0);
}

#[test]
fn seeding_twice_changes_nothing_twice() {
    let folder = tempfile::tempdir().unwrap();
    let first = run(folder.path(), &["seed", "--json"], &[]);
    assert_eq!(code(&first), 0, "{}", complaint(&first));
    let planted: Value = serde_json::from_str(&said(&first)).unwrap();
    assert_eq!(planted["planted"]["people"], 4);
    assert!(planted["planted"]["completions"].as_u64().unwrap() > 300);
    let second = run(folder.path(), &["seed"], &[]);
    assert!(said(&second).contains("nothing was changed"), "{}", said(&second));
    let unknown = run(folder.path(), &["seed", "--set", "nothing"], &[]);
    assert_eq!(code(&unknown), 1);
    assert!(complaint(&unknown).contains("known sets: demo"));
}

/// The variables of a staging that could be served.
const STAGING: [(&str, &str); 8] = [
    ("ATLAS_ENV", "staging"),
    ("APP_URL", "https://staging.example.com"),
    ("NEXTAUTH_SECRET", "0123456789abcdef0123456789abcdef"),
    ("RESEND_API_KEY", "re_123"),
    ("RESEND_FROM_EMAIL", "atlas@example.com"),
    ("SENTRY_ENABLED", "false"),
    ("NEXT_PUBLIC_SENTRY_ENABLED", "false"),
    ("ADMIN_OWNER_EMAIL", "owner@example.com"),
];

/// Starts staging on a file of somebody else.
fn staging_on(folder: &std::path::Path, file: &std::path::Path) -> std::process::Output {
    let variables = [&STAGING[..], &[("DATABASE_URL", file.to_str().unwrap())]].concat();
    run(folder, &["serve", "--listen", "127.0.0.1:0"], &variables)
}

#[test]
fn a_file_of_another_environment_is_refused_with_exit_1() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(code(&run(folder.path(), &["seed"], &[])), 0);
    let file = folder.path().join("data/development/atlas.redb");
    let before = fs::read(&file).unwrap();
    let refused = staging_on(folder.path(), &file);
    assert_eq!(code(&refused), 1);
    assert!(complaint(&refused).contains("belongs to environment “development”"), "{}", complaint(&refused));
    assert_eq!(fs::read(&file).unwrap(), before);
}

#[test]
fn a_killed_servers_file_is_not_even_repaired_for_a_stranger() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(code(&run(folder.path(), &["seed"], &[])), 0);
    let server = Server::start(folder.path());
    server.signal("KILL");
    server.ends();
    let file = folder.path().join("data/development/atlas.redb");
    let before = fs::read(&file).unwrap();
    // Moved to where only its stamp says whose it is.
    let moved = folder.path().join("moved.redb");
    fs::rename(&file, &moved).unwrap();
    let refused = staging_on(folder.path(), &moved);
    assert_eq!(code(&refused), 1);
    assert!(complaint(&refused).contains("Nothing was changed"), "{}", complaint(&refused));
    assert!(fs::read(&moved).unwrap() == before, "the file is as it was, byte for byte");
    fs::rename(&moved, &file).unwrap();
    // Its own environment repairs and opens it.
    assert!(said(&run(folder.path(), &["seed"], &[])).contains("nothing was changed"));
}

#[tokio::test]
async fn a_second_signal_ends_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = Server::start(folder.path());
    // A request that never ends keeps the drain waiting.
    let mut stream = tokio::net::TcpStream::connect(("127.0.0.1", server.port)).await.unwrap();
    let head = format!(
        "POST /api/auth/sign-in HTTP/1.1\r\nhost: localhost:{}\r\ncontent-type: application/json\r\ncontent-length: 9\r\nexpect: 100-continue\r\n\r\n",
        server.port
    );
    tokio::io::AsyncWriteExt::write_all(&mut stream, head.as_bytes()).await.unwrap();
    let mut go_on = [0; 25];
    tokio::io::AsyncReadExt::read_exact(&mut stream, &mut go_on).await.unwrap();
    server.signal("TERM");
    // Signals that arrive together merge, so ask until it has heard the second one.
    while server.child.try_wait().unwrap().is_none() {
        server.signal("INT");
        tokio::task::yield_now().await;
    }
    assert!(fs::read_to_string(folder.path().join("log")).unwrap().contains("stopping at once"));
    assert_eq!(server.ends().0, Some(0));
}
