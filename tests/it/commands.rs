//! The binary's commands: arguments, output and exit codes.

use std::fs;
use std::process::Output;

use serde_json::Value;

use crate::process::{Server, atlas_command, exit_code, run, stderr, stdout};
use crate::test_user::send_raw;

async fn health(server: &Server) -> Value {
    let request = format!("GET /api/health HTTP/1.1\r\nhost: localhost:{}\r\nconnection: close\r\n\r\n", server.port);
    send_raw(([127, 0, 0, 1], server.port).into(), request.as_bytes()).await.unwrap().json()
}

#[tokio::test]
async fn serve_needs_no_configuration_and_prints_its_address() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    assert!(server.ready_line.contains("data/development/atlas.redb (created)"), "{}", server.ready_line);
    assert_eq!(health(&server).await["data"]["environment"], "development");
    server.signal("TERM");
    let (code, rest) = server.wait();
    assert_eq!(code, Some(0), "{rest}");
    assert!(!folder.path().join("data/development/atlas.redb.pid").exists());
    let second_start = Server::start(folder.path());
    assert!(!second_start.ready_line.contains("(created)"));
}

#[tokio::test]
async fn a_second_process_on_the_same_file_is_refused_with_the_holders_pid() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    let pid = server.child.id();
    for args in [&["serve", "--listen", "127.0.0.1:0"][..], &["seed"]] {
        let refused = run(folder.path(), args, &[]);
        assert_eq!(exit_code(&refused), 69);
        assert!(stderr(&refused).contains(&format!("pid {pid}")), "{}", stderr(&refused));
    }
    assert_eq!(health(&server).await["ok"], true);
}

#[test]
fn processes_that_create_the_data_file_at_once_leave_one_file() {
    for _ in 0..4 {
        let folder = tempfile::tempdir().unwrap();
        let spawn_seed = || {
            let path = folder.path().to_owned();
            std::thread::spawn(move || exit_code(&run(&path, &["seed"], &[])))
        };
        let threads = [spawn_seed(), spawn_seed(), spawn_seed()];
        let codes = threads.map(|thread| thread.join().unwrap());
        // One succeeded. The others succeeded after it or found the file in use.
        assert!(codes.contains(&0) && codes.iter().all(|code| [0, 69].contains(code)), "{codes:?}");
        assert!(stdout(&run(folder.path(), &["seed"], &[])).contains("nothing was changed"));
        let names = fs::read_dir(folder.path().join("data/development")).unwrap();
        let mut names: Vec<_> = names.map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(names, ["atlas.redb", "identity.json"], "no temporary files are left");
    }
}

#[test]
fn a_variable_that_is_not_unicode_is_an_error() {
    use std::os::unix::ffi::OsStrExt;
    let folder = tempfile::tempdir().unwrap();
    let not_unicode = std::ffi::OsStr::from_bytes(b"/srv/d\xe9/atlas.redb");
    for name in ["DATABASE_URL", "ATLAS_ENV", "NEXTAUTH_SECRET_FILE"] {
        let refused =
            crate::process::atlas_command(folder.path()).args(["check"]).env(name, not_unicode).output().unwrap();
        assert_eq!(exit_code(&refused), 78, "{name}");
        assert!(stderr(&refused).contains(name), "{}", stderr(&refused));
    }
}

#[test]
fn a_refused_seed_creates_no_file() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(exit_code(&run(folder.path(), &["seed", "--set", "nothing"], &[])), 1);
    assert!(!folder.path().join("data").exists());
    assert_eq!(exit_code(&run(folder.path(), &["seed"], &[("SEED_PASSWORD", "short")])), 1);
}

#[test]
fn a_port_in_use_is_reported_and_no_file_is_created() {
    let folder = tempfile::tempdir().unwrap();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let refused = run(folder.path(), &["serve", "--listen", &address], &[]);
    assert_eq!(exit_code(&refused), 69);
    assert!(stderr(&refused).contains("choose another port with --listen"), "{}", stderr(&refused));
    assert!(!folder.path().join("data").exists());
}

#[test]
fn check_lists_every_missing_setting_and_exits_78() {
    let folder = tempfile::tempdir().unwrap();
    let checked = run(folder.path(), &["check", "--env", "staging"], &[]);
    assert_eq!(exit_code(&checked), 78);
    for name in ["APP_URL", "NEXTAUTH_SECRET", "RESEND_API_KEY", "SENTRY_DSN", "ADMIN_OWNER_EMAIL", "7 errors"] {
        assert!(stdout(&checked).contains(name), "{name} is not in:\n{}", stdout(&checked));
    }
    assert!(!folder.path().join("data").exists(), "check creates nothing");
    let refused = run(folder.path(), &["serve", "--env", "staging"], &[]);
    assert_eq!(exit_code(&refused), 78);
    assert!(stderr(&refused).contains("atlas check --env staging"));
}

#[test]
fn check_as_json_shows_origins_and_hides_secrets() {
    let folder = tempfile::tempdir().unwrap();
    let secret = "0123456789abcdef0123456789abcdef";
    let checked =
        run(folder.path(), &["check", "--json"], &[("NEXTAUTH_SECRET", secret), ("ATLAS_ENV", "development")]);
    assert_eq!(exit_code(&checked), 0);
    assert!(!stdout(&checked).contains(secret));
    let report: Value = serde_json::from_str(&stdout(&checked)).unwrap();
    assert_eq!((&report["environment"], &report["ok"]), (&"development".into(), &true.into()));
    let setting =
        |key: &str| report["settings"].as_array().unwrap().iter().find(|row| row["key"] == key).unwrap().clone();
    assert_eq!(setting("secret")["origin"], "variable NEXTAUTH_SECRET");
    assert_eq!(setting("secret")["value"], "(secret)");
    assert_eq!(setting("listen")["origin"], "built-in default");
}

#[test]
fn invalid_arguments_exit_2() {
    let folder = tempfile::tempdir().unwrap();
    for args in [&["serv"][..], &["serve", "--nonsense"], &[]] {
        assert_eq!(exit_code(&run(folder.path(), args, &[])), 2, "{args:?}");
    }
    let version = run(folder.path(), &["version", "--json"], &[]);
    let version: Value = serde_json::from_str(&stdout(&version)).unwrap();
    assert_eq!(version["schema"], atlas::store::tables::schema::VERSION);
}

#[test]
fn production_is_never_seeded_and_no_file_is_created() {
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
    assert_eq!(exit_code(&refused), 1);
    assert!(stderr(&refused).contains("production is never seeded"), "{}", stderr(&refused));
    assert!(!folder.path().join("data").exists());
    // Staging can be seeded, but only with an explicit password.
    let refused = run(folder.path(), &["seed", "--env", "staging"], &variables[..7]);
    assert_eq!(exit_code(&refused), 1);
    assert!(stderr(&refused).contains("SEED_PASSWORD"));
    assert_eq!(exit_code(&run(folder.path(), &["seed", "--env", "staging"], &variables)), 0);
}

#[test]
fn seeding_twice_changes_nothing_the_second_time() {
    let folder = tempfile::tempdir().unwrap();
    let first = run(folder.path(), &["seed", "--json"], &[]);
    assert_eq!(exit_code(&first), 0, "{}", stderr(&first));
    let report: Value = serde_json::from_str(&stdout(&first)).unwrap();
    assert_eq!(report["planted"]["people"], 4);
    assert!(report["planted"]["completions"].as_u64().unwrap() > 300);
    let second = run(folder.path(), &["seed"], &[]);
    assert!(stdout(&second).contains("nothing was changed"), "{}", stdout(&second));
    let unknown = run(folder.path(), &["seed", "--set", "nothing"], &[]);
    assert_eq!(exit_code(&unknown), 1);
    assert!(stderr(&unknown).contains("available sets: demo"));
}

/// A complete staging configuration.
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

/// Starts staging on that data file.
fn serve_staging(folder: &std::path::Path, file: &std::path::Path) -> std::process::Output {
    let variables = [&STAGING[..], &[("DATABASE_URL", file.to_str().unwrap())]].concat();
    run(folder, &["serve", "--listen", "127.0.0.1:0"], &variables)
}

#[test]
fn a_file_of_another_environment_is_refused_with_exit_1() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(exit_code(&run(folder.path(), &["seed"], &[])), 0);
    let file = folder.path().join("data/development/atlas.redb");
    let before = fs::read(&file).unwrap();
    let refused = serve_staging(folder.path(), &file);
    assert_eq!(exit_code(&refused), 1);
    assert!(stderr(&refused).contains("belongs to environment “development”"), "{}", stderr(&refused));
    assert_eq!(fs::read(&file).unwrap(), before);
}

#[test]
fn another_environment_does_not_repair_a_killed_servers_file() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(exit_code(&run(folder.path(), &["seed"], &[])), 0);
    let server = Server::start(folder.path());
    server.signal("KILL");
    server.wait();
    let file = folder.path().join("data/development/atlas.redb");
    let before = fs::read(&file).unwrap();
    // Moved to a path where only its stamp tells which environment it belongs to.
    let moved = folder.path().join("moved.redb");
    fs::rename(&file, &moved).unwrap();
    let refused = serve_staging(folder.path(), &moved);
    assert_eq!(exit_code(&refused), 1);
    assert!(stderr(&refused).contains("Nothing was changed"), "{}", stderr(&refused));
    assert!(fs::read(&moved).unwrap() == before, "the file is unchanged, byte for byte");
    fs::rename(&moved, &file).unwrap();
    // The file's own environment repairs and opens it.
    assert!(stdout(&run(folder.path(), &["seed"], &[])).contains("nothing was changed"));
}

#[tokio::test]
async fn a_second_signal_stops_the_server_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = Server::start(folder.path());
    // A request that never ends keeps the graceful shutdown waiting.
    let mut stream = tokio::net::TcpStream::connect(("127.0.0.1", server.port)).await.unwrap();
    let head = format!(
        "POST /api/auth/sign-in HTTP/1.1\r\nhost: localhost:{}\r\ncontent-type: application/json\r\ncontent-length: 9\r\nexpect: 100-continue\r\n\r\n",
        server.port
    );
    tokio::io::AsyncWriteExt::write_all(&mut stream, head.as_bytes()).await.unwrap();
    let mut interim_response = [0; 25];
    tokio::io::AsyncReadExt::read_exact(&mut stream, &mut interim_response).await.unwrap();
    server.signal("TERM");
    // Signals that arrive together merge, so send the second one until the server exits.
    while server.child.try_wait().unwrap().is_none() {
        server.signal("INT");
        tokio::task::yield_now().await;
    }
    assert!(fs::read_to_string(folder.path().join("log")).unwrap().contains("stopping at once"));
    assert_eq!(server.wait().0, Some(0));
}

/// Runs a command whose standard output is a device that is always full, or a pipe without a reader.
fn run_with_output_to(folder: &std::path::Path, args: &[&str], output: impl Into<std::process::Stdio>) -> Output {
    let child = atlas_command(folder).args(args).stdout(output).stderr(std::process::Stdio::piped()).spawn();
    child.unwrap().wait_with_output().unwrap()
}

#[test]
fn an_answer_that_cannot_be_written_is_an_error_and_a_closed_pipe_is_none() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(exit_code(&run(folder.path(), &["seed"], &[])), 0);
    for args in [
        &["version"][..],
        &["version", "--json"],
        &["check", "--json"],
        &["user", "list", "--json"],
        &["user", "list"],
        &["snapshot", "create", "--json"],
        &["snapshot", "list"],
        &["release", "list", "--json"],
        &["migrate", "status", "--json"],
        &["preview", "list", "--json"],
        &["mail", "list", "--json"],
        &["help"],
        &["help", "files"],
        &["--help"],
        &["--version"],
    ] {
        let full = fs::File::options().write(true).open("/dev/full").unwrap();
        let output = run_with_output_to(folder.path(), args, full);
        assert_eq!(exit_code(&output), 74, "{args:?}: {}", stderr(&output));
        assert!(stderr(&output).contains("cannot be written to standard output"), "{args:?}: {}", stderr(&output));
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = run_with_output_to(folder.path(), args, writer);
        assert_eq!((exit_code(&output), stderr(&output)), (0, String::new()), "{args:?}");
    }
    let full = fs::File::options().write(true).open("/dev/full").unwrap();
    let refused = run_with_output_to(folder.path(), &["user", "show", "nobody@example.com", "--json"], full);
    assert_eq!(exit_code(&refused), 1, "the refusal is on standard error, too: {}", stderr(&refused));
}
