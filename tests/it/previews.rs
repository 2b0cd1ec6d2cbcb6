//! Previews that come and go: made, served, listed for a proxy, removed without a trace.

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

use crate::person::{Reply, exchange};
use crate::process::{Server, atlas, code, complaint, run, said};

/// Where the ports of a team's previews begin: below those that the system gives out by itself, elsewhere in each run, and
/// apart from other teams of the same run.
fn first_port() -> u32 {
    static RUN: OnceLock<u32> = OnceLock::new();
    static TEAMS: AtomicU32 = AtomicU32::new(0);
    let run = RUN.get_or_init(|| u32::from(TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()));
    10_000 + (run * 7_919 + TEAMS.fetch_add(1, Ordering::Relaxed) * 64) % 20_000
}

/// A team's folder with a template.
fn team() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let from = first_port();
    let toml = format!(
        "[environment.preview]\nlisten = \"127.0.0.1:{from}\"\napp_url = \"https://{{name}}.preview.example.org\"\n"
    );
    fs::write(folder.path().join("atlas.toml"), toml).unwrap();
    folder
}

fn create(team: &Path, words: &[&str]) -> Value {
    let words = [&["preview", "create", "--json"], words].concat();
    let made = run(team, &words, &[]);
    assert_eq!(code(&made), 0, "{}", complaint(&made));
    serde_json::from_str(&said(&made)).unwrap()
}

fn listed(team: &Path) -> Vec<Value> {
    let list = run(team, &["preview", "list", "--json"], &[]);
    assert_eq!(code(&list), 0, "{}", complaint(&list));
    serde_json::from_str::<Value>(&said(&list)).unwrap()["previews"].as_array().unwrap().clone()
}

fn text<'a>(preview: &'a Value, name: &str) -> &'a str {
    preview[name].as_str().unwrap_or_else(|| panic!("{name} of {preview}"))
}

fn port(preview: &Value) -> u16 {
    u16::try_from(preview["port"].as_u64().unwrap()).unwrap()
}

/// Every file, socket and folder below a folder.
fn everything(folder: &Path) -> BTreeSet<PathBuf> {
    let mut found = BTreeSet::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.is_symlink() {
            found.extend(everything(&path));
        }
        found.insert(path);
    }
    found
}

/// One request to a preview as its proxy sends it, with the credentials of its gate or without.
async fn asks(server: &Server, preview: &Value, line: &str, with_credentials: bool, body: &str) -> Reply {
    let credentials = format!("{}:{}", text(preview, "gateUser"), text(preview, "gatePassword"));
    let gate = if with_credentials {
        format!("authorization: Basic {}\r\n", STANDARD.encode(credentials))
    } else {
        String::new()
    };
    let request = format!(
        "{line} HTTP/1.1\r\nhost: {}.preview.example.org\r\nconnection: close\r\n{gate}content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        text(preview, "name"),
        body.len()
    );
    exchange(([127, 0, 0, 1], server.port).into(), request.as_bytes()).await.unwrap()
}

#[tokio::test]
async fn twenty_previews_are_made_served_and_removed_and_nothing_is_left() {
    let team = team();
    let team = team.path();
    let previews: Vec<Value> = (1..=20).map(|n| create(team, &[&format!("branch-{n}")])).collect();
    let ports: BTreeSet<u16> = previews.iter().map(port).collect();
    assert_eq!(ports.len(), 20, "each has a port of its own");
    let passwords: BTreeSet<&str> = previews.iter().map(|preview| text(preview, "gatePassword")).collect();
    assert_eq!(passwords.len(), 20, "and a gate of its own");
    let mut servers = Vec::new();
    for preview in &previews {
        let server = Server::of_preview(team, text(preview, "name"));
        assert_eq!(server.port, port(preview), "{}", server.line);
        let health = asks(&server, preview, "GET /api/health", false, "").await.is(200).json();
        assert_eq!(health["data"]["environment"], preview["environment"]);
        asks(&server, preview, "GET /sign-in", false, "").await.is(401);
        let ines = r#"{"email":"ines@example.com","password":"plenty of quiet mornings"}"#;
        asks(&server, preview, "POST /api/auth/sign-in", true, ines).await.is(200);
        servers.push(server);
    }
    for preview in listed(team) {
        assert_eq!(text(&preview, "state"), "in use");
        assert!(ports.contains(&port(&preview)), "the port stays");
    }
    let refused = run(team, &["preview", "destroy", "branch-7"], &[]);
    assert_eq!(code(&refused), 69);
    let pid = servers[6].child.id();
    assert!(complaint(&refused).contains(&format!("“branch-7” is in use (pid {pid})")), "{}", complaint(&refused));
    for server in &servers {
        server.signal("TERM");
    }
    for server in servers {
        assert_eq!(server.ends().0, Some(0));
    }
    for preview in &previews {
        let name = text(preview, "name");
        assert_eq!(code(&run(team, &["preview", "destroy", name], &[])), 0, "{name}");
        assert_eq!(code(&run(team, &["preview", "destroy", name], &[])), 1, "{name} is gone");
    }
    assert!(listed(team).is_empty());
    let left: Vec<PathBuf> = everything(team).into_iter().filter(|path| !path.ends_with("log")).collect();
    assert_eq!(left, [team.join("atlas.toml"), team.join("data"), team.join("data/preview")]);
    for port in ports {
        assert!(TcpListener::bind(("127.0.0.1", port)).is_ok(), "nobody listens on {port}");
    }
}

#[test]
fn a_branch_of_any_name_gets_a_preview_and_two_that_look_alike_get_two() {
    let team = team();
    let team = team.path();
    let long = "feature/".to_owned() + &"x".repeat(192);
    for branch in ["feature/a", "feature-a", "feature_a", "größe", "🚀", "../production", &long] {
        let made = create(team, &["--from-branch", branch]);
        assert_eq!(text(&made, "branch"), branch);
        assert!(text(&made, "url").starts_with(&format!("https://{}.", text(&made, "name"))));
    }
    assert_eq!(listed(team).len(), 7);
    let again = run(team, &["preview", "create", "--from-branch", "feature/a"], &[]);
    assert_eq!(code(&again), 1);
    assert!(complaint(&again).contains("made for the branch “feature/a”"), "{}", complaint(&again));
    for bad in ["feature/a", "Größe", "..", "a--b", "production"] {
        let refused = run(team, &["preview", "create", bad], &[]);
        assert_eq!(code(&refused), 1, "{bad}");
        assert!(complaint(&refused).contains("Nothing was changed"), "{}", complaint(&refused));
    }
    assert_eq!(code(&run(team, &["preview", "destroy", "--from-branch", &long], &[])), 0);
    assert_eq!(listed(team).len(), 6);
}

#[test]
fn what_was_set_for_others_is_not_seen_by_a_preview() {
    let team = team();
    create(team.path(), &["fix-42"]);
    let theirs = [
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
        assert_eq!(code(&checked), 0, "{}", said(&checked));
        serde_json::from_str::<Value>(&said(&checked)).unwrap()
    };
    let (alone, among) = (settings(&[]), settings(&theirs));
    assert_eq!(alone["settings"], among["settings"]);
    let warned = among["problems"].to_string();
    for (name, _) in theirs {
        assert!(warned.contains(name), "{name} is not in {warned}");
    }
    let row = |key: &str| {
        among["settings"].as_array().unwrap().iter().find(|row| row["key"] == key).unwrap()["value"].clone()
    };
    assert_eq!((row("secret"), row("app_url")), (Value::Null, "https://fix-42.preview.example.org".into()));
    assert_eq!((row("gate.user"), row("data_file")), ("preview".into(), "data/preview/fix-42/atlas.redb".into()));
    let own = settings(&[("ATLAS_LOG", "debug"), ("ENABLE_TEST_ENDPOINTS", "true")]);
    assert!(own["settings"].to_string().contains("variable ATLAS_LOG"));
    assert_eq!(own["problems"], alone["problems"]);
}

#[test]
fn one_that_was_not_made_is_not_served_and_a_template_that_fits_nobody_is_refused() {
    let team = team();
    let refused = run(team.path(), &["serve", "--env", "preview/x", "--listen", "127.0.0.1:0"], &[]);
    assert_eq!(code(&refused), 1);
    assert!(complaint(&refused).contains("atlas preview create x"), "{}", complaint(&refused));
    assert!(!team.path().join("data").exists());
    fs::write(team.path().join("atlas.toml"), "[environment.preview]\napp_url = \"https://p.example.org\"\n").unwrap();
    let refused = run(team.path(), &["preview", "create", "x"], &[]);
    assert_eq!(code(&refused), 78);
    assert!(complaint(&refused).contains("https://{name}.preview.example.com"), "{}", complaint(&refused));
    assert!(!team.path().join("data").exists());
    // Without host names there is nothing to tell a proxy, and previews are served all the same.
    fs::write(team.path().join("atlas.toml"), "").unwrap();
    let made = create(team.path(), &["x"]);
    assert_eq!(text(&made, "url"), format!("http://localhost:{}", port(&made)));
    let list = run(team.path(), &["preview", "list", "--proxy", "nginx"], &[]);
    assert_eq!(code(&list), 1);
    assert!(complaint(&list).contains("set app_url in [environment.preview]"), "{}", complaint(&list));
}

#[test]
fn those_made_at_once_get_ports_of_their_own() {
    let team = team();
    let makings: Vec<_> = (0..8)
        .map(|n| {
            let mut command = atlas(team.path());
            command.args(["preview", "create", "--json", &format!("at-once-{n}")]);
            std::thread::spawn(move || command.output().unwrap())
        })
        .collect();
    for making in makings {
        let made = making.join().unwrap();
        assert_eq!(code(&made), 0, "{}", complaint(&made));
    }
    let ports: BTreeSet<u16> = listed(team.path()).iter().map(port).collect();
    assert_eq!(ports.len(), 8);
    // A port becomes free again with its preview, and one that another program has is left out.
    let first = *ports.first().unwrap();
    let preview = listed(team.path()).into_iter().find(|preview| port(preview) == first).unwrap();
    assert_eq!(code(&run(team.path(), &["preview", "destroy", text(&preview, "name")], &[])), 0);
    let other = TcpListener::bind(("127.0.0.1", first)).unwrap();
    assert_ne!(port(&create(team.path(), &["while-it-is-taken"])), first);
    drop(other);
    assert_eq!(port(&create(team.path(), &["afterwards"])), first);
}

#[test]
fn a_proxy_is_told_which_host_leads_to_which_port() {
    let team = team();
    let made = [create(team.path(), &["one"]), create(team.path(), &["two"])];
    for (proxy, line) in [("caddy", "reverse_proxy"), ("nginx", "proxy_pass")] {
        let told = run(team.path(), &["preview", "list", "--proxy", proxy], &[]);
        assert_eq!(code(&told), 0, "{}", complaint(&told));
        let told = said(&told);
        for preview in &made {
            let (_, after) = told.split_once(&format!("{}.preview.example.org", text(preview, "name"))).unwrap();
            let (_, rest) = after.split_once(line).unwrap();
            assert!(rest.lines().next().unwrap().contains(&format!("127.0.0.1:{}", port(preview))), "{told}");
        }
    }
    assert_eq!(code(&run(team.path(), &["preview", "list", "--proxy", "apache"], &[])), 2);
}

/// Lets the days of a preview be over.
fn ages(team: &Path, name: &str) {
    let path = team.join(format!("data/preview/{name}/preview.json"));
    let mut record: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    record["expiresAt"] = "2026-01-01T00:00:00Z".into();
    fs::write(&path, record.to_string()).unwrap();
}

#[test]
fn those_whose_days_are_over_go_unless_somebody_uses_them() {
    let team = team();
    let team = team.path();
    for name in ["used", "over", "young"] {
        create(team, &["--days", "3", name]);
    }
    let used = Server::of_preview(team, "used");
    ages(team, "used");
    ages(team, "over");
    // The server that runs may have come first, for it does the same.
    assert_eq!(code(&run(team, &["preview", "prune", "--json"], &[])), 0);
    let there = |name: &str| team.join("data/preview").join(name).exists();
    assert!(!there("over") && there("used") && there("young"));
    used.signal("TERM");
    used.ends();
    assert!(said(&run(team, &["preview", "prune"], &[])).contains("preview/used was over and is gone"));
    assert!(said(&run(team, &["preview", "prune"], &[])).contains("no preview is over"));
    assert_eq!(listed(team).len(), 1);
    assert_eq!(code(&run(team, &["preview", "create", "--days", "0", "x"], &[])), 2);
}

#[tokio::test]
async fn any_server_but_productions_removes_what_is_over() {
    let team = team();
    create(team.path(), &["over"]);
    ages(team.path(), "over");
    let server = Server::start(team.path());
    while team.path().join("data/preview/over").exists() {
        let request =
            format!("GET /api/health HTTP/1.1\r\nhost: localhost:{}\r\nconnection: close\r\n\r\n", server.port);
        exchange(([127, 0, 0, 1], server.port).into(), request.as_bytes()).await.unwrap().is(200);
    }
}

#[test]
fn what_a_removal_left_that_was_cut_off_goes_with_the_next_one() {
    let team = team();
    create(team.path(), &["a"]);
    let gone = team.path().join("data/preview/.gone-b-1");
    fs::create_dir(&gone).unwrap();
    fs::write(gone.join("atlas.redb"), "x").unwrap();
    assert_eq!(listed(team.path()).len(), 1);
    assert_eq!(code(&run(team.path(), &["preview", "destroy", "a"], &[])), 0);
    assert!(!gone.exists());
}
