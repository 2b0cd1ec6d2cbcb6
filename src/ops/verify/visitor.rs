//! A visitor with a browser's manners: cookies, forms with their origin, no redirects followed, the gate's credentials when
//! there are any.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use ureq::http::{HeaderMap, Request};
use ureq::tls::{Certificate, RootCerts, TlsConfig};
use url::Url;

use super::Short;

/// Longest wait for an answer.
const PATIENCE: Duration = Duration::from_secs(20);
/// Most bytes of an answer that are read.
const LARGEST: u64 = 8 << 20;

/// How the deployment is reached.
#[derive(Clone)]
pub struct Way {
    /// The address of the site.
    pub base: Url,
    /// Certificates, as DER, of the only authorities that are trusted; empty for those of the Web.
    pub authorities: Vec<Vec<u8>>,
    /// The gate's name and password.
    pub gate: Option<(String, String)>,
    /// Whether somebody wants it to end.
    pub interrupted: Arc<AtomicBool>,
}

/// Somebody with cookies of their own.
pub struct Visitor {
    way: Way,
    agent: ureq::Agent,
    cookies: BTreeMap<String, String>,
    /// A header that goes with every request, and its value.
    always: Option<(&'static str, String)>,
}

/// What came back.
pub struct Reply {
    /// The status.
    pub status: u16,
    headers: HeaderMap,
    /// The body as text.
    pub text: String,
}

impl Reply {
    /// A header, blank when it is not there.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// A part of the body as JSON, by its pointer (RFC 6901); null when it is not there.
    pub fn at(&self, pointer: &str) -> Value {
        let body: Value = serde_json::from_str(&self.text).unwrap_or_default();
        body.pointer(pointer).cloned().unwrap_or_default()
    }

    /// What was seen, in few words.
    pub fn seen(&self) -> String {
        let place = self.header("location");
        if place.is_empty() { self.status.to_string() } else { format!("{} to {place}", self.status) }
    }
}

impl Visitor {
    /// Somebody who was never there.
    pub fn new(way: &Way) -> Self {
        Self::patient(way, PATIENCE)
    }

    /// The same, who waits for so long.
    pub fn patient(way: &Way, patience: Duration) -> Self {
        let certificates: Vec<Certificate<'static>> =
            way.authorities.iter().map(|der| Certificate::from_der(der).to_owned()).collect();
        let tls = TlsConfig::builder();
        let tls = match certificates.as_slice() {
            [] => tls,
            certificates => tls.root_certs(RootCerts::new_with_certs(certificates)),
        };
        let config = ureq::Agent::config_builder()
            .timeout_global(Some(patience))
            .max_redirects(0)
            .max_redirects_will_error(false)
            .http_status_as_error(false)
            .proxy(None)
            .user_agent(concat!("atlas-verify/", env!("CARGO_PKG_VERSION")))
            .tls_config(tls.build())
            .build();
        let agent = ureq::Agent::new_with_config(config);
        Self { way: way.clone(), agent, cookies: BTreeMap::new(), always: None }
    }

    /// The same, who sends a header with every request.
    pub fn always_sending(self, name: &'static str, value: &str) -> Self {
        Self { always: Some((name, value.to_owned())), ..self }
    }

    /// The same without the gate's credentials.
    pub fn without_credentials(way: &Way) -> Self {
        Self::new(&Way { gate: None, ..way.clone() })
    }

    /// Listens to another sign of interruption from here on.
    pub fn goes_on(&mut self, interrupted: Arc<AtomicBool>) {
        self.way.interrupted = interrupted;
    }

    /// Opens a page.
    pub fn get(&mut self, path: &str) -> Result<Reply, Short> {
        self.ask("GET", path, None, "")
    }

    /// Sends a form as a browser does.
    pub fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Result<Reply, Short> {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        self.ask("POST", path, Some("application/x-www-form-urlencoded"), &body)
    }

    /// Sends JSON as a page's script does.
    pub fn send(&mut self, method: &str, path: &str, body: &Value) -> Result<Reply, Short> {
        self.ask(method, path, Some("application/json"), &body.to_string())
    }

    /// One request. `media` is what the body is; without it none is sent.
    pub fn ask(&mut self, method: &str, path: &str, media: Option<&str>, body: &str) -> Result<Reply, Short> {
        if self.way.interrupted.load(Ordering::Relaxed) {
            return Err(Short::no_answer("it was interrupted"));
        }
        let base = self.way.base.as_str().trim_end_matches('/');
        let mut request = Request::builder().method(method).uri(format!("{base}{path}"));
        if !self.cookies.is_empty() {
            let line: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            request = request.header("cookie", line.join("; "));
        }
        if let Some((user, password)) = &self.way.gate {
            request =
                request.header("authorization", format!("Basic {}", STANDARD.encode(format!("{user}:{password}"))));
        }
        if let Some((name, value)) = &self.always {
            request = request.header(*name, value);
        }
        if method != "GET" {
            let origin = self.way.base.origin().ascii_serialization();
            request = request.header("origin", origin).header("sec-fetch-site", "same-origin");
        }
        let away = |why: String| {
            Short::failed(
                format!("an answer to {method} {path}"),
                why,
                "see that the server runs and that the proxy in front leads to it",
            )
        };
        let answered = match media {
            Some(media) => {
                let request = request.header("content-type", media).body(body.to_owned());
                self.agent.run(request.map_err(|error| away(error.to_string()))?)
            }
            None => self.agent.run(request.body(()).map_err(|error| away(error.to_string()))?),
        };
        let mut response = answered.map_err(|error| away(error.to_string()))?;
        let text = response.body_mut().with_config().limit(LARGEST).lossy_utf8(true).read_to_string();
        let text = text.map_err(|error| away(error.to_string()))?;
        let reply = Reply { status: response.status().as_u16(), headers: response.headers().clone(), text };
        self.keep_cookies(&reply);
        Ok(reply)
    }

    fn keep_cookies(&mut self, reply: &Reply) {
        for line in reply.headers.get_all("set-cookie").iter().filter_map(|line| line.to_str().ok()) {
            let Some((name, value)) = line.split(';').next().and_then(|pair| pair.split_once('=')) else { continue };
            if line.to_ascii_lowercase().contains("max-age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
    }
}
