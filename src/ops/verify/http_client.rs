//! An HTTP client that behaves like a browser: it keeps cookies, sends forms with their origin and follows no redirects.

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

const DEFAULT_TIMEOUT: Duration = Duration::from_secs(20);
const MAX_BODY_BYTES: u64 = 8 << 20;

/// Where and how a deployment is reached.
#[derive(Clone)]
pub struct Endpoint {
    /// The address of the site.
    pub base: Url,
    /// The only trusted certificate authorities, as DER. If empty, the public ones are trusted.
    pub authorities: Vec<Vec<u8>>,
    /// User name and password for basic authentication.
    pub basic_auth: Option<(String, String)>,
    /// Set when the operator interrupts the checklist.
    pub interrupted: Arc<AtomicBool>,
}

impl Endpoint {
    /// Whether the address is this machine's own.
    pub(super) fn is_local(&self) -> bool {
        matches!(self.base.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"))
    }
}

/// Why a request got no response. A response with any status is not an error.
#[derive(Debug, thiserror::Error)]
pub enum RequestError {
    /// The operator interrupted the checklist; the request was not sent.
    #[error("the checklist was interrupted")]
    Interrupted,
    /// The request could not be sent, or the response not be read.
    #[error("{method} {path}: {source}")]
    Transport { method: String, path: String, source: Box<ureq::Error> },
}

/// A client with a cookie jar.
pub(super) struct HttpClient {
    endpoint: Endpoint,
    agent: ureq::Agent,
    cookies: BTreeMap<String, String>,
    /// Headers that every request carries.
    extra_headers: Vec<(&'static str, String)>,
}

/// A response, with its body as text; what is not text is replaced.
pub(super) struct HttpResponse {
    pub(super) status: u16,
    headers: HeaderMap,
    pub(super) text: String,
}

impl HttpResponse {
    /// The value of a header; empty when it is missing.
    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The values of a header, each time it was sent. A value that is not text is empty.
    pub(super) fn header_values(&self, name: &str) -> Vec<&str> {
        self.headers.get_all(name).iter().map(|value| value.to_str().unwrap_or_default()).collect()
    }

    /// A value in the JSON body, by its pointer (RFC 6901); null when it is missing.
    pub(super) fn json_at(&self, pointer: &str) -> Value {
        let body: Value = serde_json::from_str(&self.text).unwrap_or_default();
        body.pointer(pointer).cloned().unwrap_or_default()
    }

    /// The status, and where a redirect leads, for reports.
    pub(super) fn summary(&self) -> String {
        let location = self.header("location");
        if location.is_empty() { self.status.to_string() } else { format!("{} to {location}", self.status) }
    }
}

impl HttpClient {
    pub(super) fn new(endpoint: &Endpoint) -> Self {
        Self::with_timeout(endpoint, DEFAULT_TIMEOUT)
    }

    pub(super) fn with_timeout(endpoint: &Endpoint, timeout: Duration) -> Self {
        let certificates: Vec<Certificate<'static>> =
            endpoint.authorities.iter().map(|der| Certificate::from_der(der).to_owned()).collect();
        let tls = TlsConfig::builder();
        let tls = match certificates.as_slice() {
            [] => tls,
            certificates => tls.root_certs(RootCerts::new_with_certs(certificates)),
        };
        let config = ureq::Agent::config_builder()
            .timeout_global(Some(timeout))
            .max_redirects(0)
            .max_redirects_will_error(false)
            .http_status_as_error(false)
            .proxy(None)
            .user_agent(concat!("atlas-verify/", env!("CARGO_PKG_VERSION")))
            .tls_config(tls.build())
            .build();
        let agent = ureq::Agent::new_with_config(config);
        Self { endpoint: endpoint.clone(), agent, cookies: BTreeMap::new(), extra_headers: Vec::new() }
    }

    /// Adds a header to every request.
    pub(super) fn with_header(mut self, name: &'static str, value: &str) -> Self {
        self.extra_headers.push((name, value.to_owned()));
        self
    }

    /// A client that does not send the credentials for basic authentication.
    pub(super) fn without_credentials(endpoint: &Endpoint) -> Self {
        Self::new(&Endpoint { basic_auth: None, ..endpoint.clone() })
    }

    /// Replaces the flag that interrupts requests.
    pub(super) fn set_interrupted(&mut self, interrupted: Arc<AtomicBool>) {
        self.endpoint.interrupted = interrupted;
    }

    pub(super) fn get(&mut self, path: &str) -> Result<HttpResponse, RequestError> {
        self.request("GET", path, None, "")
    }

    /// Submits a form.
    pub(super) fn post_form(&mut self, path: &str, fields: &[(&str, &str)]) -> Result<HttpResponse, RequestError> {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        self.request("POST", path, Some("application/x-www-form-urlencoded"), &body)
    }

    pub(super) fn send_json(&mut self, method: &str, path: &str, body: &Value) -> Result<HttpResponse, RequestError> {
        self.request(method, path, Some("application/json"), &body.to_string())
    }

    /// Sends a request. The body is sent only with a `content_type`.
    pub(super) fn request(
        &mut self,
        method: &str,
        path: &str,
        content_type: Option<&str>,
        body: &str,
    ) -> Result<HttpResponse, RequestError> {
        if self.endpoint.interrupted.load(Ordering::Relaxed) {
            return Err(RequestError::Interrupted);
        }
        let response = self.send(method, path, content_type, body).map_err(|source| RequestError::Transport {
            method: method.to_owned(),
            path: path.to_owned(),
            source: Box::new(source),
        })?;
        self.store_cookies(&response);
        Ok(response)
    }

    fn send(
        &self,
        method: &str,
        path: &str,
        content_type: Option<&str>,
        body: &str,
    ) -> Result<HttpResponse, ureq::Error> {
        let base = self.endpoint.base.as_str().trim_end_matches('/');
        let mut request = Request::builder().method(method).uri(format!("{base}{path}"));
        if !self.cookies.is_empty() {
            let pairs: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            request = request.header("cookie", pairs.join("; "));
        }
        if let Some((user, password)) = &self.endpoint.basic_auth {
            let credentials = STANDARD.encode(format!("{user}:{password}"));
            request = request.header("authorization", format!("Basic {credentials}"));
        }
        for (name, value) in &self.extra_headers {
            request = request.header(*name, value);
        }
        if method != "GET" {
            let origin = self.endpoint.base.origin().ascii_serialization();
            request = request.header("origin", origin).header("sec-fetch-site", "same-origin");
        }
        let mut response = match content_type {
            Some(content_type) => {
                self.agent.run(request.header("content-type", content_type).body(body.to_owned())?)?
            }
            None => self.agent.run(request.body(())?)?,
        };
        let body = response.body_mut().with_config().limit(MAX_BODY_BYTES).read_to_vec()?;
        let text = String::from_utf8_lossy(&body).into_owned();
        Ok(HttpResponse { status: response.status().as_u16(), headers: response.headers().clone(), text })
    }

    fn store_cookies(&mut self, response: &HttpResponse) {
        for line in response.header_values("set-cookie") {
            let Some((name, value)) = line.split(';').next().and_then(|pair| pair.split_once('=')) else { continue };
            if line.to_ascii_lowercase().contains("max-age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
    }
}
