//! A disk that fills up under load: no write is acknowledged without being saved, none is partial, reads continue, and
//! writes resume without a restart when there is space.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use atlas::app::clock::Clock;
use futures_util::future::join_all;
use serde_json::{Value, json};

use super::disk_space::{DATA_FILE, copy_folder, temporary_files};
use super::print_row;
use crate::process::{Server, exit_code, run, stderr, stdout};
use crate::small_disk::SmallDisk;
use crate::test_user::{TestResponse, TestUser};

/// A request that writes.
struct WriteRequest {
    name: &'static str,
    method: &'static str,
    path: String,
    /// A JSON body or the fields of a form.
    body: Result<Value, Vec<(&'static str, &'static str)>>,
}

fn write_requests(habit: &str, other_habit: &str, import: &Value) -> Vec<WriteRequest> {
    let json = |name, method, path: &str, body| WriteRequest { name, method, path: path.to_owned(), body: Ok(body) };
    let form =
        |name, path: &str, fields| WriteRequest { name, method: "POST", path: path.to_owned(), body: Err(fields) };
    let password = "quiet orchard tram lemon";
    let sign_up =
        |name: &str| json!({ "email": format!("{name}@example.com"), "password": password, "displayName": name });
    let description = "x".repeat(2_000);
    vec![
        json(
            "create a habit",
            "POST",
            "/api/habits",
            json!({ "title": "Wish", "description": description, "weekdays": [1] }),
        ),
        json("change a habit", "PUT", &format!("/api/habits/{habit}"), json!({ "title": "Changed" })),
        form("move a habit (form)", &format!("/habits/{habit}/move"), vec![("direction", "down")]),
        json(
            "complete a habit",
            "POST",
            "/api/completions",
            json!({ "habitId": habit, "date": today(), "completed": true }),
        ),
        json("change a setting", "PUT", "/api/account", json!({ "weekStart": "sun" })),
        json("sign up", "POST", "/api/auth/signup", sign_up("ada")),
        json("resend a mail", "POST", "/api/auth/resend-verification", json!({ "email": "ada@example.com" })),
        json(
            "start a step-up challenge",
            "POST",
            "/api/account/step-up/challenge",
            json!({ "action": "account_two_factor" }),
        ),
        json("import a file", "POST", "/api/account/imports/self", import.clone()),
        json("archive a habit", "DELETE", &format!("/api/habits/{other_habit}"), json!({})),
        form("create a habit (form)", "/habits", vec![("title", "Form"), ("weekdays", "1")]),
        form("change the name (form)", "/account/name", vec![("displayName", "Ines on a full disk")]),
        form("request a password reset", "/forgot-password", vec![("email", "tomasz@example.com")]),
        form("sign in", "/sign-in", vec![("email", "ines@example.com"), ("password", "plenty of quiet mornings")]),
        form("set up two-factor", "/account/two-factor", vec![("what", "set-up")]),
        json("end other sessions", "DELETE", "/api/account/sessions", json!({ "scope": "others" })),
    ]
}

fn today() -> String {
    Clock::System.now().strftime("%Y-%m-%d").to_string()
}

impl WriteRequest {
    async fn send(&self, user: &TestUser) -> TestResponse {
        match &self.body {
            Ok(body) => user.send_json(self.method, &self.path, body).await,
            Err(fields) => user.post_form(&self.path, fields).await,
        }
    }
}

/// The user's data as the API returns them.
async fn read_data(user: &TestUser) -> Value {
    let mut data = Vec::new();
    for path in
        ["/api/habits".to_owned(), format!("/api/completions?date={}", today()), "/api/account/sessions".to_owned()]
    {
        data.push(user.get(&path).await.assert_status(200).data());
    }
    json!(data)
}

async fn sign_in_ines(server: &Server) -> TestUser {
    sign_in("ines", server).await
}

async fn sign_in(name: &'static str, server: &Server) -> TestUser {
    let user = TestUser::on_port(name, server.port);
    let email = format!("{name}@example.com");
    user.post_form("/sign-in", &[("email", &email), ("password", "plenty of quiet mornings")]).await.assert_status(303);
    user
}

/// Four concurrent writers create habits until each is refused. Returns the titles of the acknowledged ones.
async fn fill_disk(ines: &TestUser) -> Vec<String> {
    let created = join_all((0..4).map(|writer| async move {
        let mut created = Vec::new();
        for number in 0..45 {
            let title = format!("Fill {writer} {number}");
            let body = json!({ "title": title, "description": "x".repeat(2_000), "weekdays": [1] });
            let response = ines.send_json("POST", "/api/habits", &body).await;
            if response.status != 201 {
                response.assert_refused(503, "internal_error").assert_contains("safe");
                return created;
            }
            created.push(title);
        }
        panic!("the disk never fills up");
    }));
    created.await.concat()
}

/// Removing a snapshot makes room, so it works on a full disk. Only the entry in the audit trail may have to be left out.
fn assert_snapshot_is_pruned(folder: &Path, id: &str) {
    let pruned = run(folder, &["snapshot", "prune", id], &[]);
    let text = format!("{}{}", stdout(&pruned), stderr(&pruned));
    assert!(text.contains(&format!("Removed snapshot {id}")), "{text}");
    let is_audited = !text.contains("Incomplete: the removal is not in the audit trail");
    assert_eq!(exit_code(&pruned), if is_audited { 0 } else { 74 }, "{text}");
    let list = run(folder, &["snapshot", "list", "--json"], &[]);
    assert!(exit_code(&list) == 0 && !stdout(&list).contains(id), "{}", stdout(&list));
}

#[tokio::test]
async fn a_full_disk_refuses_writes_without_partial_effects_until_there_is_space() {
    let disk = SmallDisk::with_megabytes(48);
    // A snapshot needs more room than this disk ever had.
    let start = tempfile::tempdir().unwrap();
    assert_eq!(exit_code(&run(start.path(), &["seed"], &[])), 0);
    let snapshot = run(start.path(), &["snapshot", "create", "--json"], &[]);
    let snapshot: Value = serde_json::from_str(&stdout(&snapshot)).unwrap();
    copy_folder(start.path(), disk.path());
    let mut server = disk.start_server(&disk.path().join(DATA_FILE), 64 * 1024);
    let ines = sign_in_ines(&server).await;
    sign_in_ines(&server).await;
    let tomasz = sign_in("tomasz", &server).await;
    let habits = ines.get("/api/habits").await.assert_status(200).data();
    // An export with one more habit, to import.
    let mut import: Value = ines.get("/api/account/exports/self").await.assert_status(200).json();
    let mut new_habit = import["habits"][0].clone();
    new_habit["id"] = json!("0190c7a0-0000-7000-8000-000000000000");
    import["habits"].as_array_mut().unwrap().push(new_habit);
    let ids: Vec<String> =
        habits["habits"].as_array().unwrap().iter().map(|habit| habit["id"].as_str().unwrap().to_owned()).collect();
    let is_full = AtomicBool::new(false);
    let read_on = async {
        let mut answered = 0;
        while !is_full.load(Ordering::Relaxed) || answered < 50 {
            for page in ["/api/habits", "/insights", "/api/account/sessions", "/calendar"] {
                ines.get(page).await.assert_status(200);
                answered += 1;
            }
        }
    };
    let fill = async {
        let acknowledged = fill_disk(&ines).await;
        is_full.store(true, Ordering::Relaxed);
        acknowledged
    };
    let (acknowledged, ()) = tokio::join!(fill, read_on);
    // Rows that no read has brought into memory yet.
    for page in ["/insights", "/calendar", "/api/habits", "/account", "/account/security"] {
        tomasz.get(page).await.assert_status(200);
    }

    // Every write is refused now, and every acknowledged write is visible.
    let before = read_data(&ines).await;
    let text = before.to_string();
    assert!(acknowledged.iter().all(|title| text.contains(title)), "{acknowledged:?}");
    let requests = write_requests(&ids[0], &ids[1], &import);
    let mut failures = Vec::new();
    for request in &requests {
        let response = request.send(&ines).await;
        let (status, text) = (response.status, String::from_utf8_lossy(&response.body));
        if status != 503 || !text.contains("safe") || response.header("set-cookie").is_some() {
            failures.push(format!("{}: {status} {text}", request.name));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    for page in ["/today", "/calendar", "/habits", "/insights", "/account", "/api/account/sessions", "/api/insights"] {
        ines.get(page).await.assert_status(200);
    }
    ines.get("/api/health").await.assert_status(503);
    assert_snapshot_is_pruned(disk.path(), snapshot["id"].as_str().unwrap());
    assert_eq!(read_data(&ines).await, before, "no write was partially applied");

    disk.free_space(&server);
    let is_healthy = async {
        while ines.get("/api/health").await.status != 200 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_mins(3), is_healthy).await.expect("the server detects the free space");
    assert_eq!(read_data(&ines).await, before, "all acknowledged writes are present and no refused one");
    for request in &requests {
        let response = request.send(&ines).await;
        if response.status >= 400 {
            failures.push(format!("{}: {} {}", request.name, response.status, String::from_utf8_lossy(&response.body)));
        }
    }
    assert!(failures.is_empty(), "with free space: {}", failures.join("\n"));
    assert!(server.child.try_wait().unwrap().is_none(), "no restart was needed");
    let input = format!("full ({}); {} kinds of writes", disk.kind(), requests.len());
    print_row("disk", &input, "503 with a message; all accepted with space");
    server.signal("TERM");
    assert_eq!(server.wait().0, Some(0));
}

#[tokio::test]
async fn a_binary_that_does_not_fit_is_not_kept_and_the_server_keeps_working() {
    let disk = SmallDisk::with_megabytes(48);
    assert_eq!(exit_code(&run(disk.path(), &["seed"], &[])), 0);
    let server = disk.start_server(&disk.path().join(DATA_FILE), 16 << 20);
    let logged = server.wait_for_log("this release is not recorded");
    tokio::time::timeout(Duration::from_mins(1), logged).await.expect("the server logs that it kept nothing");
    assert!(temporary_files(disk.path()).is_empty(), "{:?}", temporary_files(disk.path()));
    let current = disk.path().join("data/development/releases/current");
    assert!(!current.exists(), "no link to a missing binary");
    let ines = sign_in_ines(&server).await;
    ines.create_habit("Created without a kept binary").await;
    assert_eq!(exit_code(&run(disk.path(), &["release", "list"], &[])), 0);
}
