//! A server process that is killed during commits, and one whose disk is full.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use atlas::domain::Environment;
use atlas::store::backup::verification::verify;

use crate::faults::long_tests_enabled;
use crate::process::{Server, exit_code, run};

#[tokio::test]
async fn kill_9_under_load_loses_no_acknowledged_write_and_leaves_no_partial_one() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(exit_code(&run(folder.path(), &["seed"], &[])), 0);
    let cycles = cycle_count();
    let (mut acknowledged, mut start_times, mut total_acknowledged) = (Vec::new(), Vec::new(), 0);
    for cycle in 0..cycles {
        let server = start_timed(folder.path(), &mut start_times);
        let client = Client::sign_in(&server).await;
        client.assert_created_and_archive(&acknowledged).await;
        acknowledged = kill_while_writing(server, &client, cycle).await;
        total_acknowledged += acknowledged.len();
        // Verify every page and row of the file before it is recovered.
        let file = folder.path().join("data/development/atlas.redb");
        verify(&file, &Environment::development()).unwrap_or_else(|error| panic!("cycle {cycle}: {error}"));
    }
    let server = start_timed(folder.path(), &mut start_times);
    Client::sign_in(&server).await.assert_created_and_archive(&acknowledged).await;
    start_times.sort_unstable();
    let (median, slowest) = (start_times[start_times.len() / 2], start_times[start_times.len() - 1]);
    println!(
        "kill -9: {cycles} cycles, {total_acknowledged} acknowledged writes, none lost, none partial; restart took {} ms \
         (median), {} ms (maximum)",
        median.as_millis(),
        slowest.as_millis()
    );
}

/// `ATLAS_TEST_KILLS`, or 200 in a long run, or 20.
fn cycle_count() -> usize {
    let variable = std::env::vars_os().find(|(name, _)| name == "ATLAS_TEST_KILLS");
    let default = if long_tests_enabled() { 200 } else { 20 };
    variable.map_or(default, |(_, value)| value.into_string().unwrap().parse().unwrap())
}

fn start_timed(folder: &Path, start_times: &mut Vec<Duration>) -> Server {
    let start = Instant::now();
    let server = Server::start(folder);
    start_times.push(start.elapsed());
    server
}

/// Concurrent writers, so that the kill hits a commit.
const WRITERS: usize = 4;

/// Kills the server while it writes, and returns the ids of the habits whose creation it acknowledged.
async fn kill_while_writing(server: Server, client: &Client, cycle: usize) -> Vec<String> {
    let kill_after = 5 + cycle % 7;
    let created = std::sync::Mutex::new(Vec::new());
    let write = |writer: usize| {
        let (created, server) = (&created, &server);
        async move {
            for n in 0.. {
                let Some(id) = client.create_habit(&format!("Cycle {cycle} writer {writer} number {n}")).await else {
                    return;
                };
                let mut created = created.lock().unwrap();
                created.push(id);
                if created.len() == kill_after {
                    server.signal("KILL");
                }
            }
        }
    };
    futures_util::future::join_all((0..WRITERS).map(write)).await;
    let (code, _) = server.wait();
    assert_eq!(code, None, "the server was killed by the signal");
    let created = created.into_inner().unwrap();
    assert!(created.len() >= kill_after);
    created
}

#[tokio::test]
async fn a_full_disk_stops_writes_but_not_reads_and_free_space_resumes_them_without_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(exit_code(&run(folder.path(), &["seed"], &[])), 0);
    let size = fs::metadata(folder.path().join("data/development/atlas.redb")).unwrap().len();
    // A file size limit simulates the full disk: writes fail in the same way. The data file doubles when it grows.
    let server = Server::start_with_file_size_limit(folder.path(), 2 * size + 64 * 1024, &[]);
    let client = Client::sign_in(&server).await;
    let mut acknowledged = client.create_habits_until_disk_is_full().await;
    let unhealthy = client.send("GET", "/api/health", "").await.unwrap().assert_status(503).json();
    assert_eq!((&unhealthy["ok"], &unhealthy["data"]["status"]), (&false.into(), &"unavailable".into()));
    client.send("GET", "/api/habits", "").await.unwrap().assert_status(200).assert_contains("Fill");
    // The store reopens for reading and refuses writes until there is space.
    server.wait_for_log("still cannot be written").await;
    client.send("GET", "/api/habits", "").await.unwrap().assert_status(200).assert_contains("Fill");
    client
        .send("POST", "/api/habits", &Client::large_habit("Early"))
        .await
        .unwrap()
        .assert_refused(503, "internal_error");

    server.lift_file_size_limit();
    while client.send("GET", "/api/health", "").await.unwrap().status != 200 {
        tokio::task::yield_now().await;
    }
    let response =
        client.send("POST", "/api/habits", &Client::large_habit("Room again")).await.unwrap().assert_status(201);
    acknowledged.push(response.data()["habit"]["id"].as_str().unwrap().to_owned());
    let log = fs::read_to_string(folder.path().join("log")).unwrap();
    for message in
        ["a commit failed", "cannot be written; reopening it", "still cannot be written", "can be written again"]
    {
        assert_eq!(log.matches(message).count(), 1, "{message}: {log}");
    }
    let names = fs::read_dir(folder.path().join("data/development")).unwrap();
    assert!(names.into_iter().all(|entry| !entry.unwrap().file_name().to_string_lossy().ends_with(".room")));
    server.signal("TERM");
    assert_eq!(server.wait().0, Some(0));

    let server = Server::start(folder.path());
    let client = Client::sign_in(&server).await;
    for id in &acknowledged {
        assert!(client.archive(id).await, "{id} is missing");
    }
}

/// A signed-in seeded user whose requests may fail because the server dies.
pub struct Client {
    port: u16,
    cookie: String,
}

impl Client {
    pub async fn sign_in(server: &Server) -> Self {
        let body = r#"{"email":"ines@example.com","password":"plenty of quiet mornings"}"#;
        let mut client = Self { port: server.port, cookie: String::new() };
        let response = client.send("POST", "/api/auth/sign-in", body).await.unwrap().assert_status(200);
        client.cookie = response.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
        client
    }

    /// Creates a habit. `None` when the server didn't respond.
    async fn create_habit(&self, title: &str) -> Option<String> {
        let body = serde_json::json!({ "title": title, "weekdays": [1] }).to_string();
        let response = self.send("POST", "/api/habits", &body).await?;
        Some(response.assert_status(201).data()["habit"]["id"].as_str().unwrap().to_owned())
    }

    /// Asserts that every acknowledged habit exists, and at most one unacknowledged habit per writer. Archives them
    /// all, which keeps the number of active habits below its limit.
    async fn assert_created_and_archive(&self, acknowledged: &[String]) {
        let listed = self.send("GET", "/api/habits", "").await.unwrap().assert_status(200).data();
        let habits = listed["habits"].as_array().unwrap().iter();
        let created = habits.filter(|habit| habit["title"].as_str().unwrap().starts_with("Cycle"));
        let ids: Vec<&str> = created.map(|habit| habit["id"].as_str().unwrap()).collect();
        let missing: Vec<_> = acknowledged.iter().filter(|id| !ids.contains(&id.as_str())).collect();
        assert!(missing.is_empty(), "acknowledged but missing: {missing:?}");
        assert!(ids.len() <= acknowledged.len() + WRITERS, "more habits than requests: {ids:?}");
        for id in ids {
            assert!(self.archive(id).await, "{id}");
        }
    }

    /// The JSON of a habit with a large row.
    fn large_habit(title: &str) -> String {
        serde_json::json!({ "title": title, "description": "x".repeat(2_000), "weekdays": [1] }).to_string()
    }

    /// Creates habits until one is refused because the disk is full. Returns the ids of those that were created.
    async fn create_habits_until_disk_is_full(&self) -> Vec<String> {
        let mut created = Vec::new();
        loop {
            let response = self.send("POST", "/api/habits", &Self::large_habit("Fill")).await.unwrap();
            if response.status != 201 {
                response.assert_refused(503, "internal_error").assert_contains("safe");
                return created;
            }
            created.push(response.data()["habit"]["id"].as_str().unwrap().to_owned());
            assert!(created.len() < 190, "the disk never fills up");
        }
    }

    /// Whether the habit existed and was active.
    async fn archive(&self, id: &str) -> bool {
        self.send("DELETE", &format!("/api/habits/{id}"), "").await.unwrap().status == 200
    }

    pub async fn send(&self, method: &str, path: &str, body: &str) -> Option<crate::test_user::TestResponse> {
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: localhost:{}\r\nconnection: close\r\ncookie: {}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            self.port,
            self.cookie,
            body.len()
        );
        let mut stream = tokio::net::TcpStream::connect(("127.0.0.1", self.port)).await.ok()?;
        tokio::io::AsyncWriteExt::write_all(&mut stream, request.as_bytes()).await.ok()?;
        crate::test_user::read_response(&mut stream).await
    }
}
