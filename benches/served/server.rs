//! The Atlas binary started as an operator starts it, and members who use it through the API.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use serde_json::json;

use crate::client::{Connection, Request, Response};

/// A running server. Dropping it kills the process.
pub struct Server {
    process: Child,
    // Kept open so that output written during shutdown doesn't fail.
    _output: BufReader<ChildStdout>,
    pub address: SocketAddr,
}

impl Server {
    /// Starts the development environment with its data in `folder`, and waits until the server prints its address.
    pub fn start(folder: &Path) -> Self {
        std::fs::create_dir_all(folder).expect("a folder");
        let settings = folder.join("atlas.toml");
        std::fs::write(&settings, "[environment.development]\ntest_endpoints = true\n").expect("settings");
        let mut process = Command::new(crate::atlas_binary())
            .args(["serve", "--listen", "127.0.0.1:0", "--config"])
            .arg(&settings)
            .current_dir(folder)
            .env_clear()
            .env("ATLAS_LOG", "error")
            .envs(crate::extra_variables())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("Atlas to start");
        let mut output = BufReader::new(process.stdout.take().expect("its output"));
        let mut line = String::new();
        let port = loop {
            line.clear();
            assert!(output.read_line(&mut line).expect("text") > 0, "Atlas exited before it served");
            if let Some((_, rest)) = line.split_once(" at http://localhost:") {
                break rest.split(' ').next().and_then(|port| port.parse().ok()).expect("a port");
            }
        };
        Self { process, _output: output, address: SocketAddr::from(([127, 0, 0, 1], port)) }
    }

    pub fn pid(&self) -> u32 {
        self.process.id()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The password of every member.
const PASSWORD: &str = "plum kettle orbit lantern 42";

/// A member who is signed in.
pub struct Member {
    pub address: SocketAddr,
    connection: Connection,
    cookie: String,
}

impl Member {
    /// Signs up, confirms the address, and signs in.
    pub async fn create(atlas: &Server, name: &str) -> Self {
        let address = atlas.address;
        let email = format!("{name}@example.com");
        let mut connection = Connection::open(address).await.expect("a connection");
        let mut send = async |request: Request| {
            let response = connection.send(&request).await.expect_success();
            (response.header("set-cookie").map(str::to_owned), response.json())
        };
        let body = json!({ "email": email, "password": PASSWORD, "displayName": name });
        send(Request::post(address, "/api/auth/signup", &[], &body)).await;
        let path = format!("/api/auth/debug/verification-token?email={email}");
        let (_, verification) = send(Request::get(address, &path, &[])).await;
        let body = json!({ "token": verification["data"]["token"] });
        send(Request::post(address, "/api/auth/verify-email", &[], &body)).await;
        let (cookie, _) = send(Self::sign_in_request(atlas, name)).await;
        let cookie = cookie.as_deref().and_then(|line| line.split(';').next()).expect("a session").to_owned();
        Self { address, connection, cookie }
    }

    pub fn sign_in_request(atlas: &Server, name: &str) -> Request {
        let body = json!({ "email": format!("{name}@example.com"), "password": PASSWORD });
        Request::post(atlas.address, "/api/auth/sign-in", &[], &body)
    }

    /// `GET path` with this member's session.
    pub fn get_request(&self, path: &str) -> Request {
        Request::get(self.address, path, &[("cookie", &self.cookie)])
    }

    /// `GET path` with this member's session and additional headers.
    pub fn get_request_with(&self, path: &str, headers: &[(&str, &str)]) -> Request {
        Request::get(self.address, path, &[&[("cookie", self.cookie.as_str())], headers].concat())
    }

    /// Sends a request and waits for a successful response.
    pub async fn send(&mut self, request: &Request) -> Response<'_> {
        self.connection.send(request).await.expect_success()
    }

    /// Creates a daily habit and returns its id.
    pub async fn create_habit(&mut self, title: &str, description: &str) -> String {
        let body = json!({ "title": title, "description": description, "weekdays": [1, 2, 3, 4, 5, 6, 7] });
        let request = Request::post(self.address, "/api/habits", &[("cookie", &self.cookie)], &body);
        let response = self.send(&request).await.json();
        response["data"]["habit"]["id"].as_str().expect("an id").to_owned()
    }

    /// Imports a data export.
    pub async fn import(&mut self, file: &serde_json::Value) {
        let request = Request::post(self.address, "/api/account/imports/self", &[("cookie", &self.cookie)], file);
        self.send(&request).await;
    }

    /// Marks `day` as done or not done; the server takes the time of the request to be noon of that day.
    pub fn completion_request(&self, habit: &str, day: Date, done: bool) -> Request {
        let noon = format!("{day}T12:00:00Z");
        let headers = [("cookie", self.cookie.as_str()), ("x-atlas-test-now", noon.as_str())];
        let body = json!({ "habitId": habit, "date": day.to_string(), "completed": done });
        Request::post(self.address, "/api/completions", &headers, &body)
    }

    /// Completes the habit on `last` and on the days before it, `days` in all.
    pub async fn complete_days(&mut self, habit: &str, last: Date, days: i64) {
        for offset in 0..days {
            let completion = self.completion_request(habit, last - offset.days(), true);
            self.send(&completion).await;
        }
    }
}

/// Today in UTC, the time zone of members who never chose one.
pub fn today() -> Date {
    let now = Timestamp::try_from(std::time::SystemTime::now()).expect("a time");
    now.to_zoned(jiff::tz::TimeZone::UTC).date()
}
