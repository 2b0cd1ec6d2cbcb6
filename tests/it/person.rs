//! A person with a browser: cookies, forms, JSON, on a real connection.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Mutex;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::world::{PASSWORD, World};

pub struct Person {
    pub name: &'static str,
    address: SocketAddr,
    /// What the browser calls the site: `host:port`.
    pub host: String,
    /// Sent with every request, as by a proxy.
    pub headers: Vec<(&'static str, String)>,
    cookies: Mutex<BTreeMap<String, String>>,
}

/// What came back.
#[derive(Debug, Clone)]
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Reply {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    pub fn text(&self) -> String {
        String::from_utf8(self.body.clone()).expect("the body is text")
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    #[track_caller]
    pub fn is(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", String::from_utf8_lossy(&self.body));
        self
    }

    #[track_caller]
    pub fn leads_to(self, place: &str) -> Self {
        assert_eq!(self.header("location"), Some(place), "{} {}", self.status, String::from_utf8_lossy(&self.body));
        self
    }

    #[track_caller]
    pub fn says(self, words: &str) -> Self {
        assert!(self.text().contains(words), "“{words}” is not in:\n{}", self.text());
        self
    }

    #[track_caller]
    pub fn says_nothing_of(self, words: &str) -> Self {
        assert!(!self.text().contains(words), "“{words}” is in:\n{}", self.text());
        self
    }

    /// An API refusal with this status and code.
    #[track_caller]
    pub fn is_refused(self, status: u16, code: &str) -> Self {
        let reply = self.is(status);
        let body = reply.json();
        assert_eq!((&body["ok"], body["error"]["code"].as_str()), (&json!(false), Some(code)), "{body}");
        assert!(body["error"]["message"].as_str().is_some_and(|message| !message.is_empty()), "{body}");
        reply
    }

    /// The data of an API answer.
    #[track_caller]
    pub fn data(self) -> Value {
        let mut body = self.json();
        assert_eq!(body["ok"], true, "{} {body}", self.status);
        body["data"].take()
    }
}

impl Person {
    pub fn new(name: &'static str, world: &World) -> Self {
        Self::at(name, world.address.port())
    }

    /// Somebody in front of the server at that port of this machine.
    pub fn at(name: &'static str, port: u16) -> Self {
        Self {
            name,
            address: SocketAddr::from(([127, 0, 0, 1], port)),
            host: format!("localhost:{port}"),
            headers: Vec::new(),
            cookies: Mutex::default(),
        }
    }

    /// The same person behind a proxy that says where the request comes from.
    pub fn from(mut self, address: &str) -> Self {
        self.headers = vec![("x-forwarded-for", address.to_owned())];
        self
    }

    /// Goes where the world is served now, with the cookies of before.
    pub fn follows(&mut self, world: &World) {
        (self.address, self.host) = (world.address, format!("localhost:{}", world.address.port()));
    }

    pub fn email(&self) -> String {
        format!("{}@example.com", self.name)
    }

    pub fn cookie(&self, name: &str) -> Option<String> {
        self.cookies.lock().unwrap().get(name).cloned()
    }

    pub fn takes_cookie(&self, name: &str, value: &str) {
        self.cookies.lock().unwrap().insert(name.to_owned(), value.to_owned());
    }

    pub async fn get(&self, path: &str) -> Reply {
        self.asks("GET", path, &[], b"").await
    }

    /// Sends a form as a browser does.
    pub async fn posts(&self, path: &str, fields: &[(&str, &str)]) -> Reply {
        let body: String = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let origin = format!("http://{}", self.host);
        let headers = [
            ("content-type", "application/x-www-form-urlencoded"),
            ("origin", origin.as_str()),
            ("sec-fetch-site", "same-origin"),
        ];
        self.asks("POST", path, &headers, body.as_bytes()).await
    }

    /// Sends a form with a file and the button `what` as a browser does.
    pub async fn uploads(&self, path: &str, what: &str, file: &[u8]) -> Reply {
        let part = "--seam\r\nContent-Disposition: form-data; name=";
        let head = format!("{part}\"what\"\r\n\r\n{what}\r\n{part}\"file\"; filename=\"atlas.json\"\r\n\r\n");
        let body = [head.as_bytes(), file, b"\r\n--seam--\r\n"].concat();
        let headers = [("content-type", "multipart/form-data; boundary=seam"), ("sec-fetch-site", "same-origin")];
        self.asks("POST", path, &headers, &body).await
    }

    pub async fn sends(&self, method: &str, path: &str, body: &Value) -> Reply {
        self.asks(method, path, &[("content-type", "application/json")], body.to_string().as_bytes()).await
    }

    /// One request on a connection of its own; cookies are kept as a browser keeps them.
    pub async fn asks(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Reply {
        let cookies: Vec<String> =
            self.cookies.lock().unwrap().iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mut request = format!("{method} {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n", self.host);
        if !cookies.is_empty() {
            request.push_str(&format!("cookie: {}\r\n", cookies.join("; ")));
        }
        for (name, value) in &self.headers {
            request.push_str(&format!("{name}: {value}\r\n"));
        }
        for (name, value) in headers {
            request.push_str(&format!("{name}: {value}\r\n"));
        }
        if !body.is_empty() || matches!(method, "POST" | "PUT") {
            request.push_str(&format!("content-length: {}\r\n", body.len()));
        }
        request.push_str("\r\n");
        let mut bytes = request.into_bytes();
        bytes.extend_from_slice(body);
        let reply = exchange(self.address, &bytes).await.expect("an answer");
        for (_, line) in reply.headers.iter().filter(|(name, _)| name == "set-cookie") {
            let (name, value) = line.split(';').next().unwrap().split_once('=').unwrap();
            let mut cookies = self.cookies.lock().unwrap();
            if line.contains("Max-Age=0") {
                cookies.remove(name);
            } else {
                cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        reply
    }

    pub async fn signs_up(&self, zone: &str) -> Reply {
        let email = self.email();
        let fields = [
            ("displayName", self.name),
            ("email", email.as_str()),
            ("password", PASSWORD),
            ("confirmPassword", PASSWORD),
            ("timeZone", zone),
        ];
        self.posts("/sign-up", &fields).await.is(303).leads_to("/sign-up?sent")
    }

    /// The token in the newest mail, as the debug endpoint tells it.
    pub async fn newest_token(&self) -> String {
        let path = format!("/api/auth/debug/verification-token?email={}", self.email());
        self.get(&path).await.is(200).data()["token"].as_str().unwrap().to_owned()
    }

    /// Presses the button behind the link in the newest mail.
    pub async fn confirms(&self) -> Reply {
        let token = self.newest_token().await;
        self.posts("/verify-email", &[("token", &token)]).await.is(200)
    }

    pub async fn tries_to_sign_in(&self, password: &str) -> Reply {
        self.posts("/sign-in", &[("email", &self.email()), ("password", password), ("from", "/today")]).await
    }

    pub async fn signs_in(&self) -> Reply {
        self.tries_to_sign_in(PASSWORD).await.is(303).leads_to("/today")
    }

    /// Makes a habit for every day and answers its id.
    pub async fn keeps(&self, title: &str) -> String {
        self.keeps_on(title, &[1, 2, 3, 4, 5, 6, 7]).await
    }

    pub async fn keeps_on(&self, title: &str, weekdays: &[i32]) -> String {
        let body = json!({ "title": title, "weekdays": weekdays });
        let habit = self.sends("POST", "/api/habits", &body).await.is(201).data();
        habit["habit"]["id"].as_str().unwrap().to_owned()
    }

    /// Ticks or unticks through the API.
    pub async fn ticks(&self, habit: &str, date: &str, completed: bool) -> Reply {
        self.sends("POST", "/api/completions", &json!({ "habitId": habit, "date": date, "completed": completed })).await
    }

    /// The habits done on a day.
    pub async fn done_on(&self, date: &str) -> Vec<String> {
        let data = self.get(&format!("/api/completions?date={date}")).await.is(200).data();
        let rows = data["completions"].as_array().unwrap().clone();
        rows.iter().map(|row| row["habitId"].as_str().unwrap().to_owned()).collect()
    }
}

/// Sends bytes and reads one answer; `None` when the server hung up without one.
pub async fn exchange(address: SocketAddr, bytes: &[u8]) -> Option<Reply> {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(bytes).await.ok()?;
    read_reply(&mut stream).await
}

/// Reads one answer from an open connection.
pub async fn read_reply(stream: &mut TcpStream) -> Option<Reply> {
    let mut bytes = Vec::new();
    let head = loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break end + 4;
        }
        if !stream.read_buf(&mut bytes).await.is_ok_and(|read| read > 0) {
            return None;
        }
    };
    let text = String::from_utf8(bytes[..head].to_vec()).unwrap();
    let mut lines = text.split("\r\n");
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    let length = headers.iter().find(|(name, _)| name == "content-length").and_then(|(_, value)| value.parse().ok());
    let mut body = bytes[head..].to_vec();
    let length: usize = length.unwrap_or(0);
    while body.len() < length {
        // The answer to HEAD states a length and has no body.
        if !stream.read_buf(&mut body).await.is_ok_and(|read| read > 0) {
            break;
        }
    }
    Some(Reply { status, headers, body })
}
