//! The life cycle of previews: created, served, listed for a proxy, and removed without a trace.

use std::collections::BTreeSet;
use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use tempfile::TempDir;

use crate::process::{Server, atlas_command, exit_code, run, stderr, stdout};
use crate::test_user::{TestResponse, send_raw};

/// The first port for a team's previews: below the ephemeral port range, different in each run, and apart from the
/// other teams of the same run.
fn first_port() -> u32 {
    static RUN: OnceLock<u32> = OnceLock::new();
    static TEAMS: AtomicU32 = AtomicU32::new(0);
    let run = RUN.get_or_init(|| u32::from(TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()));
    10_000 + (run * 7_919 + TEAMS.fetch_add(1, Ordering::Relaxed) * 64) % 20_000
}

/// A team's folder with a preview template in atlas.toml.
fn team_folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let first_port = first_port();
    let toml = format!(
        "[environment.preview]\nlisten = \"127.0.0.1:{first_port}\"\napp_url = \"https://{{name}}.preview.example.org\"\n"
    );
    fs::write(folder.path().join("atlas.toml"), toml).unwrap();
    folder
}

fn create(team: &Path, args: &[&str]) -> Value {
    let args = [&["preview", "create", "--json"], args].concat();
    let created = run(team, &args, &[]);
    assert_eq!(exit_code(&created), 0, "{}", stderr(&created));
    serde_json::from_str(&stdout(&created)).unwrap()
}

fn list(team: &Path) -> Vec<Value> {
    let output = run(team, &["preview", "list", "--json"], &[]);
    assert_eq!(exit_code(&output), 0, "{}", stderr(&output));
    serde_json::from_str::<Value>(&stdout(&output)).unwrap()["previews"].as_array().unwrap().clone()
}

fn text<'a>(preview: &'a Value, name: &str) -> &'a str {
    preview[name].as_str().unwrap_or_else(|| panic!("{name} of {preview}"))
}

fn port(preview: &Value) -> u16 {
    u16::try_from(preview["port"].as_u64().unwrap()).unwrap()
}

/// The paths of all files, sockets and folders below a folder.
fn list_all(folder: &Path) -> BTreeSet<PathBuf> {
    let mut found = BTreeSet::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.is_symlink() {
            found.extend(list_all(&path));
        }
        found.insert(path);
    }
    found
}

/// Sends a request as the proxy in front of the preview would, with or without its shared credentials.
async fn send_request(
    server: &Server,
    preview: &Value,
    line: &str,
    with_credentials: bool,
    body: &str,
) -> TestResponse {
    let credentials = format!("{}:{}", text(preview, "gateUser"), text(preview, "gatePassword"));
    let authorization = if with_credentials {
        format!("authorization: Basic {}\r\n", STANDARD.encode(credentials))
    } else {
        String::new()
    };
    let request = format!(
        "{line} HTTP/1.1\r\nhost: {}.preview.example.org\r\nconnection: close\r\n{authorization}content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        text(preview, "name"),
        body.len()
    );
    send_raw(([127, 0, 0, 1], server.port).into(), request.as_bytes()).await.unwrap()
}

#[tokio::test]
async fn twenty_previews_are_created_served_and_removed_without_a_trace() {
    let team = team_folder();
    let team = team.path();
    let previews: Vec<Value> = (1..=20).map(|n| create(team, &[&format!("branch-{n}")])).collect();
    let ports: BTreeSet<u16> = previews.iter().map(port).collect();
    assert_eq!(ports.len(), 20, "each preview has its own port");
    let passwords: BTreeSet<&str> = previews.iter().map(|preview| text(preview, "gatePassword")).collect();
    assert_eq!(passwords.len(), 20, "each preview has its own password");
    let mut servers = Vec::new();
    for preview in &previews {
        let server = Server::start_preview(team, text(preview, "name"));
        assert_eq!(server.port, port(preview), "{}", server.ready_line);
        let health = send_request(&server, preview, "GET /api/health", false, "").await.assert_status(200).json();
        assert_eq!(health["data"]["environment"], preview["environment"]);
        send_request(&server, preview, "GET /sign-in", false, "").await.assert_status(401);
        let ines = r#"{"email":"ines@example.com","password":"plenty of quiet mornings"}"#;
        send_request(&server, preview, "POST /api/auth/sign-in", true, ines).await.assert_status(200);
        servers.push(server);
    }
    for preview in list(team) {
        assert_eq!(text(&preview, "state"), "in use");
        assert!(ports.contains(&port(&preview)), "the port does not change");
    }
    let refused = run(team, &["preview", "destroy", "branch-7"], &[]);
    assert_eq!(exit_code(&refused), 69);
    let pid = servers[6].child.id();
    assert!(stderr(&refused).contains(&format!("“branch-7” is in use (pid {pid})")), "{}", stderr(&refused));
    for server in &servers {
        server.signal("TERM");
    }
    for server in servers {
        assert_eq!(server.wait().0, Some(0));
    }
    for preview in &previews {
        let name = text(preview, "name");
        assert_eq!(exit_code(&run(team, &["preview", "destroy", name], &[])), 0, "{name}");
        assert_eq!(exit_code(&run(team, &["preview", "destroy", name], &[])), 1, "{name} no longer exists");
    }
    assert!(list(team).is_empty());
    let remaining: Vec<PathBuf> = list_all(team).into_iter().filter(|path| !path.ends_with("log")).collect();
    assert_eq!(remaining, [team.join("atlas.toml"), team.join("data"), team.join("data/preview")]);
    for port in ports {
        assert!(TcpListener::bind(("127.0.0.1", port)).is_ok(), "port {port} is free again");
    }
}

#[test]
fn every_branch_name_gets_a_preview_and_similar_names_get_different_ones() {
    let team = team_folder();
    let team = team.path();
    let long = "feature/".to_owned() + &"x".repeat(192);
    for branch in ["feature/a", "feature-a", "feature_a", "größe", "🚀", "../production", &long] {
        let created = create(team, &["--from-branch", branch]);
        assert_eq!(text(&created, "branch"), branch);
        assert!(text(&created, "url").starts_with(&format!("https://{}.", text(&created, "name"))));
    }
    assert_eq!(list(team).len(), 7);
    let again = run(team, &["preview", "create", "--from-branch", "feature/a"], &[]);
    assert_eq!(exit_code(&again), 1);
    assert!(stderr(&again).contains("created for branch “feature/a”"), "{}", stderr(&again));
    for bad in ["feature/a", "Größe", "..", "a--b", "production"] {
        let refused = run(team, &["preview", "create", bad], &[]);
        assert_eq!(exit_code(&refused), 1, "{bad}");
        assert!(stderr(&refused).contains("Nothing was changed"), "{}", stderr(&refused));
    }
    assert_eq!(exit_code(&run(team, &["preview", "destroy", "--from-branch", &long], &[])), 0);
    assert_eq!(list(team).len(), 6);
}

#[test]
fn a_preview_ignores_variables_set_for_other_environments() {
    let team = team_folder();
    create(team.path(), &["fix-42"]);
    let foreign_variables = [
        ("NEXTAUTH_SECRET", "the secret of staging, long enough to be one"),
        ("DATABASE_URL", "data/staging/atlas.redb"),
        ("APP_URL", "https://staging.example.com"),
        ("ATLAS_LISTEN", "127.0.0.1:1"),
        ("RESEND_API_KEY", "re_of_staging"),
        ("RESEND_FROM_EMAIL", "staging@example.com"),
        ("SENTRY_DSN", "https://key@sentry.example.com/1"),
        ("ADMIN_EMAIL_ALLOWLIST", "owner@example.com"),
        ("ATLAS_GATE_USER", "staging"),
        ("ATLAS_GATE_PASSWORD", "of staging"),
        ("SEED_PASSWORD_FILE", "/nowhere"),
    ];
    let settings = |variables: &[(&str, &str)]| {
        let checked = run(team.path(), &["check", "--json", "--env", "preview/fix-42"], variables);
        assert_eq!(exit_code(&checked), 0, "{}", stdout(&checked));
        serde_json::from_str::<Value>(&stdout(&checked)).unwrap()
    };
    let (without, with_foreign) = (settings(&[]), settings(&foreign_variables));
    assert_eq!(without["settings"], with_foreign["settings"]);
    let warnings = with_foreign["problems"].to_string();
    for (name, _) in foreign_variables {
        assert!(warnings.contains(name), "{name} is not in {warnings}");
    }
    let row = |key: &str| {
        with_foreign["settings"].as_array().unwrap().iter().find(|row| row["key"] == key).unwrap()["value"].clone()
    };
    assert_eq!((row("secret"), row("app_url")), (Value::Null, "https://fix-42.preview.example.org".into()));
    assert_eq!((row("gate.user"), row("data_file")), ("preview".into(), "data/preview/fix-42/atlas.redb".into()));
    let own = settings(&[("ATLAS_LOG", "debug"), ("ENABLE_TEST_ENDPOINTS", "true")]);
    assert!(own["settings"].to_string().contains("variable ATLAS_LOG"));
    assert_eq!(own["problems"], without["problems"]);
}

#[test]
fn a_preview_that_does_not_exist_is_not_served_and_an_unusable_template_is_refused() {
    let team = team_folder();
    let refused = run(team.path(), &["serve", "--env", "preview/x", "--listen", "127.0.0.1:0"], &[]);
    assert_eq!(exit_code(&refused), 1);
    assert!(stderr(&refused).contains("atlas preview create x"), "{}", stderr(&refused));
    assert!(!team.path().join("data").exists());
    fs::write(team.path().join("atlas.toml"), "[environment.preview]\napp_url = \"https://p.example.org\"\n").unwrap();
    let refused = run(team.path(), &["preview", "create", "x"], &[]);
    assert_eq!(exit_code(&refused), 78);
    assert!(stderr(&refused).contains("https://{name}.preview.example.com"), "{}", stderr(&refused));
    assert!(!team.path().join("data").exists());
    // Without app_url there are no host names to give a proxy, but previews are still served.
    fs::write(team.path().join("atlas.toml"), "").unwrap();
    let created = create(team.path(), &["x"]);
    assert_eq!(text(&created, "url"), format!("http://localhost:{}", port(&created)));
    let output = run(team.path(), &["preview", "list", "--proxy", "nginx"], &[]);
    assert_eq!(exit_code(&output), 1);
    assert!(stderr(&output).contains("set app_url in [environment.preview]"), "{}", stderr(&output));
}

#[test]
fn only_recorded_previews_are_served_even_with_the_name_of_another_kind() {
    let team = team_folder();
    for (name, says) in [
        ("production", "“production” is a reserved name"),
        ("staging", "“staging” is a reserved name"),
        ("a--b", "is not the name of a preview"),
        ("nosuch", "atlas preview create nosuch"),
    ] {
        let environment = format!("preview/{name}");
        for command in [&["serve", "--listen", "127.0.0.1:0"][..], &["check"], &["seed"]] {
            let refused = run(team.path(), &[command, &["--env", &environment]].concat(), &[]);
            let output = stdout(&refused) + &stderr(&refused);
            assert_ne!(exit_code(&refused), 0, "{command:?} {name}: {output}");
            assert!(
                output.contains(says) || output.contains("no such environment") || exit_code(&refused) == 78,
                "{output}"
            );
            assert!(!output.contains("ATLAS_GATE_USER"), "previews ignore that variable: {output}");
        }
    }
    assert!(!team.path().join("data").exists());
}

#[test]
fn a_branch_without_a_name_gets_no_preview() {
    let team = team_folder();
    for blank in ["", " ", "\u{200B}"] {
        let refused = run(team.path(), &["preview", "create", "--from-branch", blank], &[]);
        assert_eq!(exit_code(&refused), 1, "{blank:?}");
        assert!(stderr(&refused).contains("the name of the branch is empty"), "{}", stderr(&refused));
    }
    assert!(!team.path().join("data").exists());
}

#[test]
fn a_preview_never_gets_the_port_of_another_environment() {
    let team = tempfile::tempdir().unwrap();
    let first = first_port();
    let toml = format!(
        "[environment.staging]\nlisten = \"127.0.0.1:{first}\"\n[environment.preview]\nlisten = \"127.0.0.1:{first}\"\n"
    );
    fs::write(team.path().join("atlas.toml"), toml).unwrap();
    assert_ne!(u32::from(port(&create(team.path(), &["beside-staging"]))), first);
    // Without a template, previews don't begin where development listens.
    fs::write(team.path().join("atlas.toml"), "").unwrap();
    assert!(port(&create(team.path(), &["without-a-template"])) >= 3100);
}

#[test]
fn previews_created_at_the_same_time_get_different_ports() {
    let team = team_folder();
    let creations: Vec<_> = (0..8)
        .map(|n| {
            let mut command = atlas_command(team.path());
            command.args(["preview", "create", "--json", &format!("at-once-{n}")]);
            std::thread::spawn(move || command.output().unwrap())
        })
        .collect();
    for creation in creations {
        let created = creation.join().unwrap();
        assert_eq!(exit_code(&created), 0, "{}", stderr(&created));
    }
    let ports: BTreeSet<u16> = list(team.path()).iter().map(port).collect();
    assert_eq!(ports.len(), 8);
    // Removing a preview frees its port, and a port in use by another program is skipped.
    let first = *ports.first().unwrap();
    let preview = list(team.path()).into_iter().find(|preview| port(preview) == first).unwrap();
    assert_eq!(exit_code(&run(team.path(), &["preview", "destroy", text(&preview, "name")], &[])), 0);
    let other = TcpListener::bind(("127.0.0.1", first)).unwrap();
    assert_ne!(port(&create(team.path(), &["while-the-port-is-taken"])), first);
    drop(other);
    assert_eq!(port(&create(team.path(), &["afterwards"])), first);
}

#[test]
fn the_proxy_configuration_maps_each_host_to_its_port() {
    let team = team_folder();
    let created = [create(team.path(), &["one"]), create(team.path(), &["two"])];
    for (proxy, line) in [("caddy", "reverse_proxy"), ("nginx", "proxy_pass")] {
        let output = run(team.path(), &["preview", "list", "--proxy", proxy], &[]);
        assert_eq!(exit_code(&output), 0, "{}", stderr(&output));
        let config = stdout(&output);
        for preview in &created {
            let (_, after) = config.split_once(&format!("{}.preview.example.org", text(preview, "name"))).unwrap();
            let (_, rest) = after.split_once(line).unwrap();
            assert!(rest.lines().next().unwrap().contains(&format!("127.0.0.1:{}", port(preview))), "{config}");
        }
    }
    assert_eq!(exit_code(&run(team.path(), &["preview", "list", "--proxy", "apache"], &[])), 2);
}

/// Sets the expiry of a preview into the past.
fn expire(team: &Path, name: &str) {
    let path = team.join(format!("data/preview/{name}/preview.json"));
    let mut record: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    record["expiresAt"] = "2026-01-01T00:00:00Z".into();
    fs::write(&path, record.to_string()).unwrap();
}

#[test]
fn expired_previews_are_removed_unless_they_are_in_use() {
    let team = team_folder();
    let team = team.path();
    for name in ["used", "expired", "young"] {
        create(team, &["--days", "3", name]);
    }
    let used = Server::start_preview(team, "used");
    expire(team, "used");
    expire(team, "expired");
    // The running server may have removed it first: it prunes expired previews too.
    assert_eq!(exit_code(&run(team, &["preview", "prune", "--json"], &[])), 0);
    let exists = |name: &str| team.join("data/preview").join(name).exists();
    assert!(!exists("expired") && exists("used") && exists("young"));
    used.signal("TERM");
    used.wait();
    assert!(stdout(&run(team, &["preview", "prune"], &[])).contains("Deleted preview used"));
    assert!(stdout(&run(team, &["preview", "prune"], &[])).contains("No preview to delete"));
    assert_eq!(list(team).len(), 1);
    assert_eq!(exit_code(&run(team, &["preview", "create", "--days", "0", "x"], &[])), 2);
}

#[tokio::test]
async fn every_server_except_productions_removes_expired_previews() {
    let team = team_folder();
    create(team.path(), &["expired"]);
    expire(team.path(), "expired");
    let server = Server::start(team.path());
    while team.path().join("data/preview/expired").exists() {
        let request =
            format!("GET /api/health HTTP/1.1\r\nhost: localhost:{}\r\nconnection: close\r\n\r\n", server.port);
        send_raw(([127, 0, 0, 1], server.port).into(), request.as_bytes()).await.unwrap().assert_status(200);
    }
}

#[test]
fn the_next_removal_cleans_up_after_an_interrupted_one() {
    let team = team_folder();
    create(team.path(), &["a"]);
    let leftover = team.path().join("data/preview/.gone-b-1");
    fs::create_dir(&leftover).unwrap();
    fs::write(leftover.join("atlas.redb"), "x").unwrap();
    assert_eq!(list(team.path()).len(), 1);
    assert_eq!(exit_code(&run(team.path(), &["preview", "destroy", "a"], &[])), 0);
    assert!(!leftover.exists());
}
