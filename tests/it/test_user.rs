//! [`TestUser`]: a minimal browser with cookies, forms and JSON that talks to a server over real connections.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Mutex;

use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::world::{PASSWORD, World};

pub struct TestUser {
    pub name: &'static str,
    address: SocketAddr,
    /// The `Host` header: `host:port`.
    pub host: String,
    /// Of the origin that forms are posted from.
    pub scheme: &'static str,
    /// Extra headers of every request, such as those a proxy adds.
    pub headers: Vec<(&'static str, String)>,
    cookies: Mutex<BTreeMap<String, String>>,
}

#[derive(Debug, Clone)]
pub struct TestResponse {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl TestResponse {
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
    pub fn assert_status(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", String::from_utf8_lossy(&self.body));
        self
    }

    #[track_caller]
    pub fn assert_redirects_to(self, location: &str) -> Self {
        assert_eq!(self.header("location"), Some(location), "{} {}", self.status, String::from_utf8_lossy(&self.body));
        self
    }

    #[track_caller]
    pub fn assert_contains(self, text: &str) -> Self {
        assert!(self.text().contains(text), "“{text}” is not in:\n{}", self.text());
        self
    }

    #[track_caller]
    pub fn assert_lacks(self, text: &str) -> Self {
        assert!(!self.text().contains(text), "“{text}” is in:\n{}", self.text());
        self
    }

    /// Asserts that this is an API error with the given status and code, and that it has a message.
    #[track_caller]
    pub fn assert_refused(self, status: u16, code: &str) -> Self {
        let response = self.assert_status(status);
        let body = response.json();
        assert_eq!((&body["ok"], body["error"]["code"].as_str()), (&json!(false), Some(code)), "{body}");
        assert!(body["error"]["message"].as_str().is_some_and(|message| !message.is_empty()), "{body}");
        response
    }

    /// The `data` of a successful API response.
    #[track_caller]
    pub fn data(self) -> Value {
        let mut body = self.json();
        assert_eq!(body["ok"], true, "{} {body}", self.status);
        body["data"].take()
    }
}

impl TestUser {
    pub fn new(name: &'static str, world: &World) -> Self {
        Self::on_port(name, world.address.port())
    }

    /// A user of the server on that port of this host.
    pub fn on_port(name: &'static str, port: u16) -> Self {
        Self {
            name,
            address: SocketAddr::from(([127, 0, 0, 1], port)),
            host: format!("localhost:{port}"),
            scheme: "http",
            headers: Vec::new(),
            cookies: Mutex::default(),
        }
    }

    /// The same user behind a proxy that reports `address` as the client's.
    pub fn with_forwarded_for(mut self, address: &str) -> Self {
        self.headers = vec![("x-forwarded-for", address.to_owned())];
        self
    }

    /// Switches to the world's current server and keeps the cookies.
    pub fn reconnect(&mut self, world: &World) {
        (self.address, self.host) = (world.address, format!("localhost:{}", world.address.port()));
    }

    pub fn email(&self) -> String {
        format!("{}@example.com", self.name)
    }

    pub fn cookie(&self, name: &str) -> Option<String> {
        self.cookies.lock().unwrap().get(name).cloned()
    }

    pub fn set_cookie(&self, name: &str, value: &str) {
        self.cookies.lock().unwrap().insert(name.to_owned(), value.to_owned());
    }

    pub async fn get(&self, path: &str) -> TestResponse {
        self.request("GET", path, &[], b"").await
    }

    /// Submits a form from a page of the same origin.
    pub async fn post_form(&self, path: &str, fields: &[(&str, &str)]) -> TestResponse {
        let body: String = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let origin = format!("{}://{}", self.scheme, self.host);
        let headers = [
            ("content-type", "application/x-www-form-urlencoded"),
            ("origin", origin.as_str()),
            ("sec-fetch-site", "same-origin"),
        ];
        self.request("POST", path, &headers, body.as_bytes()).await
    }

    /// Submits a form with a file, by the button whose value is `action`.
    pub async fn upload_file(&self, path: &str, action: &str, file: &[u8]) -> TestResponse {
        self.upload_fields(path, &[("what", action)], file).await
    }

    /// Submits a form with fields and a file, which is empty when none was chosen.
    pub async fn upload_fields(&self, path: &str, fields: &[(&str, &str)], file: &[u8]) -> TestResponse {
        let part = "--boundary\r\nContent-Disposition: form-data; name=";
        let fields: Vec<String> =
            fields.iter().map(|(name, value)| format!("{part}\"{name}\"\r\n\r\n{value}\r\n")).collect();
        let head = format!("{}{part}\"file\"; filename=\"atlas.json\"\r\n\r\n", fields.concat());
        let body = [head.as_bytes(), file, b"\r\n--boundary--\r\n"].concat();
        let headers = [("content-type", "multipart/form-data; boundary=boundary"), ("sec-fetch-site", "same-origin")];
        self.request("POST", path, &headers, &body).await
    }

    pub async fn send_json(&self, method: &str, path: &str, body: &Value) -> TestResponse {
        self.request(method, path, &[("content-type", "application/json")], body.to_string().as_bytes()).await
    }

    /// Sends one request on a new connection. Sends the stored cookies and stores those of the response.
    pub async fn request(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> TestResponse {
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
        let response = send_raw(self.address, &bytes).await.expect("a response");
        for (_, line) in response.headers.iter().filter(|(name, _)| name == "set-cookie") {
            let (name, value) = line.split(';').next().unwrap().split_once('=').unwrap();
            let mut cookies = self.cookies.lock().unwrap();
            if line.contains("Max-Age=0") {
                cookies.remove(name);
            } else {
                cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        response
    }

    pub async fn sign_up(&self, zone: &str) -> TestResponse {
        let email = self.email();
        let fields = [
            ("displayName", self.name),
            ("email", email.as_str()),
            ("password", PASSWORD),
            ("confirmPassword", PASSWORD),
            ("timeZone", zone),
        ];
        self.post_form("/sign-up", &fields).await.assert_status(303).assert_redirects_to("/sign-up?sent")
    }

    /// The token of the newest mail, from the debug endpoint.
    pub async fn newest_token(&self) -> String {
        let path = format!("/api/auth/debug/verification-token?email={}", self.email());
        self.get(&path).await.assert_status(200).data()["token"].as_str().unwrap().to_owned()
    }

    /// Confirms the address with the token of the newest mail. In the browser that signed up, that redirects.
    pub async fn confirm_email(&self) -> TestResponse {
        let token = self.newest_token().await;
        let response = self.post_form("/verify-email", &[("token", &token)]).await;
        assert!([200, 303].contains(&response.status), "{}: {}", response.status, response.text());
        response
    }

    /// Signs up, and confirms the address in the same browser, which signs it in.
    pub async fn join(&self, zone: &str) {
        self.sign_up(zone).await;
        self.confirm_email().await.assert_status(303);
    }

    pub async fn try_sign_in(&self, password: &str) -> TestResponse {
        self.post_form("/sign-in", &[("email", &self.email()), ("password", password), ("from", "/today")]).await
    }

    pub async fn sign_in(&self) -> TestResponse {
        self.try_sign_in(PASSWORD).await.assert_status(303).assert_redirects_to("/today")
    }

    /// Creates a habit for every day of the week and returns its id.
    pub async fn create_habit(&self, title: &str) -> String {
        self.create_habit_on(title, &[1, 2, 3, 4, 5, 6, 7]).await
    }

    pub async fn create_habit_on(&self, title: &str, weekdays: &[i32]) -> String {
        let body = json!({ "title": title, "weekdays": weekdays });
        let habit = self.send_json("POST", "/api/habits", &body).await.assert_status(201).data();
        habit["habit"]["id"].as_str().unwrap().to_owned()
    }

    pub async fn set_completion(&self, habit: &str, date: &str, completed: bool) -> TestResponse {
        self.send_json("POST", "/api/completions", &json!({ "habitId": habit, "date": date, "completed": completed }))
            .await
    }

    /// The ids of the habits completed on a day.
    pub async fn completed_on(&self, date: &str) -> Vec<String> {
        let data = self.get(&format!("/api/completions?date={date}")).await.assert_status(200).data();
        let rows = data["completions"].as_array().unwrap().clone();
        rows.iter().map(|row| row["habitId"].as_str().unwrap().to_owned()).collect()
    }
}

/// Sends bytes and reads one response; `None` when the server closed the connection without one.
pub async fn send_raw(address: SocketAddr, bytes: &[u8]) -> Option<TestResponse> {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(bytes).await.ok()?;
    read_response(&mut stream).await
}

/// Reads one response from an open connection.
pub async fn read_response(stream: &mut (impl AsyncRead + Unpin)) -> Option<TestResponse> {
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
        // The response to HEAD has a content length and no body.
        if !stream.read_buf(&mut body).await.is_ok_and(|read| read > 0) {
            break;
        }
    }
    Some(TestResponse { status, headers, body })
}
