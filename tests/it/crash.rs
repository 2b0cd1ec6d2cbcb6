//! The real process when it is killed in the middle of commits, and when its disk is full.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use atlas::domain::Environment;
use atlas::store::snapshot::prove;

use crate::faults::is_long;
use crate::process::{Server, code, run};

#[tokio::test]
async fn kill_9_under_load_loses_nothing_that_was_answered_and_leaves_nothing_half_done() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(code(&run(folder.path(), &["seed"], &[])), 0);
    let cycles = cycles();
    let (mut acknowledged, mut reopened, mut answered) = (Vec::new(), Vec::new(), 0);
    for cycle in 0..cycles {
        let server = started(folder.path(), &mut reopened);
        let client = Client::sign_in(&server).await;
        client.finds(&acknowledged).await;
        acknowledged = killed_while_writing(server, &client, cycle).await;
        answered += acknowledged.len();
        // As it was left behind: every page and every row of it.
        let file = folder.path().join("data/development/atlas.redb");
        prove(&file, &Environment::development()).unwrap_or_else(|error| panic!("cycle {cycle}: {error}"));
    }
    let server = started(folder.path(), &mut reopened);
    Client::sign_in(&server).await.finds(&acknowledged).await;
    reopened.sort_unstable();
    let (median, slowest) = (reopened[reopened.len() / 2], reopened[reopened.len() - 1]);
    println!(
        "kill -9: {cycles} cycles, {answered} answered writes, none lost, none half-done; serving again after {} ms in the \
         middle, {} ms at most",
        median.as_millis(),
        slowest.as_millis()
    );
}

/// `ATLAS_TEST_KILLS`, or 200 in a long run, or 20.
fn cycles() -> usize {
    let set = std::env::vars_os().find(|(name, _)| name == "ATLAS_TEST_KILLS");
    let usual = if is_long() { 200 } else { 20 };
    set.map_or(usual, |(_, value)| value.into_string().unwrap().parse().unwrap())
}

fn started(folder: &Path, took: &mut Vec<Duration>) -> Server {
    let began = Instant::now();
    let server = Server::start(folder);
    took.push(began.elapsed());
    server
}

/// How many write at a time, so that the kill falls into the middle of commits.
const WRITERS: usize = 4;

/// The habits that were answered before the server was gone.
async fn killed_while_writing(server: Server, client: &Client, cycle: usize) -> Vec<String> {
    let kill_after = 5 + cycle % 7;
    let made = std::sync::Mutex::new(Vec::new());
    let make = |writer: usize| {
        let (made, server) = (&made, &server);
        async move {
            for n in 0.. {
                let Some(id) = client.makes(&format!("Cycle {cycle} writer {writer} number {n}")).await else {
                    return;
                };
                let mut made = made.lock().unwrap();
                made.push(id);
                if made.len() == kill_after {
                    server.signal("KILL");
                }
            }
        }
    };
    futures_util::future::join_all((0..WRITERS).map(make)).await;
    let (code, _) = server.ends();
    assert_eq!(code, None, "killed");
    let made = made.into_inner().unwrap();
    assert!(made.len() >= kill_after);
    made
}

#[tokio::test]
async fn a_full_disk_stops_writing_but_not_reading_and_room_brings_it_back_without_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(code(&run(folder.path(), &["seed"], &[])), 0);
    let size = fs::metadata(folder.path().join("data/development/atlas.redb")).unwrap().len();
    // A limit on the size of files stands in for the full disk; it answers writes in the same way.
    let server = Server::start_with_files_up_to(folder.path(), size + 64 * 1024, &[]);
    let client = Client::sign_in(&server).await;
    let mut acknowledged = client.fills_the_disk().await;
    let ill = client.sends("GET", "/api/health", "").await.unwrap().is(503).json();
    assert_eq!((&ill["ok"], &ill["data"]["status"]), (&false.into(), &"unavailable".into()));
    client.sends("GET", "/api/habits", "").await.unwrap().is(200).says("Fill");
    // It is opened again for reading, and takes nothing before there is room.
    server.has_logged("takes no writes yet").await;
    client.sends("GET", "/api/habits", "").await.unwrap().is(200).says("Fill");
    client.sends("POST", "/api/habits", &Client::long("Early")).await.unwrap().is_refused(503, "internal_error");

    server.may_have_larger_files();
    while client.sends("GET", "/api/health", "").await.unwrap().status != 200 {
        tokio::task::yield_now().await;
    }
    let reply = client.sends("POST", "/api/habits", &Client::long("Room again")).await.unwrap().is(201);
    acknowledged.push(reply.data()["habit"]["id"].as_str().unwrap().to_owned());
    let log = fs::read_to_string(folder.path().join("log")).unwrap();
    for told_once in
        ["a commit failed", "takes no writes; it is opened again", "takes no writes yet", "takes writes again"]
    {
        assert_eq!(log.matches(told_once).count(), 1, "{told_once}: {log}");
    }
    let names = fs::read_dir(folder.path().join("data/development")).unwrap();
    assert!(names.into_iter().all(|entry| !entry.unwrap().file_name().to_string_lossy().ends_with(".room")));
    server.signal("TERM");
    assert_eq!(server.ends().0, Some(0));

    let server = Server::start(folder.path());
    let client = Client::sign_in(&server).await;
    for id in &acknowledged {
        assert!(client.has(id).await, "{id} is gone");
    }
}

/// A signed-in seeded person, tolerant of a server that dies in mid-sentence.
pub struct Client {
    port: u16,
    cookie: String,
}

impl Client {
    pub async fn sign_in(server: &Server) -> Self {
        let body = r#"{"email":"ines@example.com","password":"plenty of quiet mornings"}"#;
        let mut client = Self { port: server.port, cookie: String::new() };
        let reply = client.sends("POST", "/api/auth/sign-in", body).await.unwrap().is(200);
        client.cookie = reply.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
        client
    }

    /// Makes a habit and forgets it again as an active one, so that the most one can keep is never reached.
    async fn makes(&self, title: &str) -> Option<String> {
        let body = serde_json::json!({ "title": title, "weekdays": [1] }).to_string();
        let reply = self.sends("POST", "/api/habits", &body).await?;
        let id = reply.is(201).data()["habit"]["id"].as_str().unwrap().to_owned();
        Some(id)
    }

    /// Finds every one of these habits, at most one more for each writer that was not answered, and archives them all.
    async fn finds(&self, acknowledged: &[String]) {
        let listed = self.sends("GET", "/api/habits", "").await.unwrap().is(200).data();
        let ids = listed["habits"].as_array().unwrap().iter();
        let made = ids.filter(|habit| habit["title"].as_str().unwrap().starts_with("Cycle"));
        let ids: Vec<&str> = made.map(|habit| habit["id"].as_str().unwrap()).collect();
        let gone: Vec<_> = acknowledged.iter().filter(|id| !ids.contains(&id.as_str())).collect();
        assert!(gone.is_empty(), "answered and gone: {gone:?}");
        assert!(ids.len() <= acknowledged.len() + WRITERS, "nobody asked for some of {ids:?}");
        for id in ids {
            assert!(self.has(id).await, "{id}");
        }
    }

    /// A habit whose row is not small.
    fn long(title: &str) -> String {
        serde_json::json!({ "title": title, "description": "x".repeat(2_000), "weekdays": [1] }).to_string()
    }

    /// Makes habits until one is refused because the disk is full. Answers those that were made.
    async fn fills_the_disk(&self) -> Vec<String> {
        let mut made = Vec::new();
        loop {
            let reply = self.sends("POST", "/api/habits", &Self::long("Fill")).await.unwrap();
            if reply.status != 201 {
                reply.is_refused(503, "internal_error").says("safe");
                return made;
            }
            made.push(reply.data()["habit"]["id"].as_str().unwrap().to_owned());
            assert!(made.len() < 190, "the limit is never reached");
        }
    }

    async fn has(&self, id: &str) -> bool {
        // Archiving answers 404 for what is not there; it also makes room for the next round.
        self.sends("DELETE", &format!("/api/habits/{id}"), "").await.unwrap().status == 200
    }

    pub async fn sends(&self, method: &str, path: &str, body: &str) -> Option<crate::person::Reply> {
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: localhost:{}\r\nconnection: close\r\ncookie: {}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            self.port,
            self.cookie,
            body.len()
        );
        let mut stream = tokio::net::TcpStream::connect(("127.0.0.1", self.port)).await.ok()?;
        tokio::io::AsyncWriteExt::write_all(&mut stream, request.as_bytes()).await.ok()?;
        crate::person::read_reply(&mut stream).await
    }
}
