//! Atlas as an operator starts it, and people who use it through its API.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use serde_json::json;

use crate::client::{Answer, Connection, Request};

/// A running Atlas. It is killed with this value.
pub struct Atlas {
    process: Child,
    // Kept so that what it says on its way out goes nowhere instead of failing.
    _output: BufReader<ChildStdout>,
    /// Where it listens.
    pub address: SocketAddr,
}

impl Atlas {
    /// Starts development with its data in `folder`, and waits for the line that names the address.
    pub fn start(folder: &Path) -> Self {
        std::fs::create_dir_all(folder).expect("a folder");
        let settings = folder.join("atlas.toml");
        std::fs::write(&settings, "[environment.development]\ntest_endpoints = true\n").expect("settings");
        let mut process = Command::new(crate::binary())
            .args(["serve", "--listen", "127.0.0.1:0", "--config"])
            .arg(&settings)
            .current_dir(folder)
            .env_clear()
            .env("ATLAS_LOG", "error")
            .envs(crate::planted())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("Atlas to start");
        let mut output = BufReader::new(process.stdout.take().expect("its output"));
        let mut line = String::new();
        let port = loop {
            line.clear();
            assert!(output.read_line(&mut line).expect("text") > 0, "Atlas ended before it served");
            if let Some((_, rest)) = line.split_once(" at http://localhost:") {
                break rest.split(' ').next().and_then(|port| port.parse().ok()).expect("a port");
            }
        };
        Self { process, _output: output, address: SocketAddr::from(([127, 0, 0, 1], port)) }
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.process.id()
    }
}

impl Drop for Atlas {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Everybody's password.
const PASSWORD: &str = "plum kettle orbit lantern 42";

/// Somebody who is signed in.
pub struct Person {
    /// Where Atlas listens.
    pub address: SocketAddr,
    connection: Connection,
    cookie: String,
}

impl Person {
    /// Signs somebody new up, confirms the address, and signs in.
    pub async fn welcome(atlas: &Atlas, name: &str) -> Self {
        let address = atlas.address;
        let email = format!("{name}@example.com");
        let mut connection = Connection::open(address).await.expect("a connection");
        let mut ask = async |request: Request| {
            let answer = connection.ask(&request).await.expect_success();
            (answer.header("set-cookie").map(str::to_owned), answer.json())
        };
        let body = json!({ "email": email, "password": PASSWORD, "displayName": name });
        ask(Request::post(address, "/api/auth/signup", &[], &body)).await;
        let path = format!("/api/auth/debug/verification-token?email={email}");
        let (_, mailed) = ask(Request::get(address, &path, &[])).await;
        let body = json!({ "token": mailed["data"]["token"] });
        ask(Request::post(address, "/api/auth/verify-email", &[], &body)).await;
        let (cookie, _) = ask(Self::sign_in(atlas, name)).await;
        let cookie = cookie.as_deref().and_then(|line| line.split(';').next()).expect("a session").to_owned();
        Self { address, connection, cookie }
    }

    /// Signing in with somebody's password.
    pub fn sign_in(atlas: &Atlas, name: &str) -> Request {
        let body = json!({ "email": format!("{name}@example.com"), "password": PASSWORD });
        Request::post(atlas.address, "/api/auth/sign-in", &[], &body)
    }

    /// `GET path` as this person.
    pub fn get(&self, path: &str) -> Request {
        Request::get(self.address, path, &[("cookie", &self.cookie)])
    }

    /// The same, with further headers.
    pub fn get_with(&self, path: &str, headers: &[(&str, &str)]) -> Request {
        Request::get(self.address, path, &[&[("cookie", self.cookie.as_str())], headers].concat())
    }

    /// Sends a request and waits for its answer.
    pub async fn ask(&mut self, request: &Request) -> Answer<'_> {
        self.connection.ask(request).await.expect_success()
    }

    /// Makes a daily habit, and answers its id.
    pub async fn makes(&mut self, title: &str, description: &str) -> String {
        let body = json!({ "title": title, "description": description, "weekdays": [1, 2, 3, 4, 5, 6, 7] });
        let request = Request::post(self.address, "/api/habits", &[("cookie", &self.cookie)], &body);
        let answer = self.ask(&request).await.json();
        answer["data"]["habit"]["id"].as_str().expect("an id").to_owned()
    }

    /// A tick or untick of `day`, sent as if it were noon of that day.
    pub fn tick(&self, habit: &str, day: Date, done: bool) -> Request {
        let noon = format!("{day}T12:00:00Z");
        let headers = [("cookie", self.cookie.as_str()), ("x-atlas-test-now", noon.as_str())];
        let body = json!({ "habitId": habit, "date": day.to_string(), "completed": done });
        Request::post(self.address, "/api/completions", &headers, &body)
    }

    /// Ticks `day` and the days before it.
    pub async fn has_done(&mut self, habit: &str, last: Date, days: i64) {
        for back in 0..days {
            let tick = self.tick(habit, last - back.days(), true);
            self.ask(&tick).await;
        }
    }
}

/// The day it is in UTC, where people live who never said otherwise.
pub fn today() -> Date {
    let now = Timestamp::try_from(std::time::SystemTime::now()).expect("a time");
    now.to_zoned(jiff::tz::TimeZone::UTC).date()
}
