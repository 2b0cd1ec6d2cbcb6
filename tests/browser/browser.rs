//! A Chromium of its own for every story, driven through chromedriver.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use fantoccini::wd::{Capabilities, WebDriverCompatibleCommand};
use fantoccini::{Client, ClientBuilder};
use hyper::Method;
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::{Semaphore, SemaphorePermit};
use url::Url;

use super::program::{self, Program};

/// Where the browser believes to be: the first place on earth to see a new day, so that its day and UTC's differ for
/// most hours.
pub const ZONE: &str = "Pacific/Kiritimati";

/// Browsers that run at once; more only slow each other down.
static SEATS: Semaphore = Semaphore::const_new(2);

const BINARIES: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];

const ARGUMENTS: [&str; 10] = [
    "--headless=new",
    // Containers have neither the privileges for a sandbox nor much shared memory.
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--disable-gpu",
    // Nothing is asked of anybody but the server of the story.
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
    "--window-size=1280,900",
];

/// What somebody looks at Atlas with.
#[derive(Debug, Clone, Copy)]
pub struct Device {
    /// Width and height of a phone's screen; a desktop has a window.
    phone: Option<(u32, u32)>,
    /// Whether scripts run.
    pub has_javascript: bool,
}

impl Device {
    /// 1280 pixels wide.
    pub const DESKTOP: Self = Self { phone: None, has_javascript: true };
    /// 390 pixels wide.
    pub const PHONE: Self = Self { phone: Some((390, 844)), has_javascript: true };
    /// 320 pixels wide, the narrowest that Atlas is made for.
    pub const NARROWEST: Self = Self { phone: Some((320, 568)), has_javascript: true };

    /// The same with JavaScript switched off in the browser's settings.
    pub const fn without_javascript(self) -> Self {
        Self { has_javascript: false, ..self }
    }

    fn capabilities(self, binary: &Path, profile: &TempDir) -> Capabilities {
        let mut arguments: Vec<String> = ARGUMENTS.map(str::to_owned).to_vec();
        arguments.push(format!("--user-data-dir={}", profile.path().display()));
        let mut options = json!({ "binary": binary, "args": arguments });
        if !self.has_javascript {
            options["prefs"] = json!({ "profile.managed_default_content_settings.javascript": 2 });
        }
        if let Some((width, height)) = self.phone {
            // chromedriver taps on a touch screen, and waits for ever for a tap where scripts are off.
            let touch = self.has_javascript;
            let metrics = json!({ "width": width, "height": height, "pixelRatio": 2, "touch": touch });
            options["mobileEmulation"] = json!({ "deviceMetrics": metrics });
        }
        let logs = json!({ "browser": "ALL", "performance": "ALL" });
        [("goog:chromeOptions".to_owned(), options), ("goog:loggingPrefs".to_owned(), logs)].into_iter().collect()
    }
}

/// What a browser loaded.
#[derive(Debug)]
pub struct Loaded {
    /// Every address that was asked for.
    pub requested: Vec<Url>,
    /// The newest page, as the server sent it.
    pub page: Option<String>,
}

/// A browser with one window; it and its driver end when dropped.
pub struct Browser {
    /// What drives it.
    pub client: Client,
    port: u16,
    pid: Option<u64>,
    driver: Program,
    _profile: TempDir,
    _seat: SemaphorePermit<'static>,
}

impl Browser {
    /// Waits for a seat and opens a browser.
    pub async fn open(device: Device) -> Self {
        let seat = SEATS.acquire().await.expect("the seats are never closed");
        let binary = binary();
        let mut driver = Program::start(
            "chromedriver",
            Command::new("chromedriver").arg("--port=0").env("TZ", ZONE).stderr(Stdio::null()),
        );
        let line = driver.says("started successfully on port ");
        let port = line.trim_end_matches('.').rsplit(' ').next().and_then(|port| port.parse().ok());
        let port = port.unwrap_or_else(|| panic!("chromedriver names no port: {line}"));
        let profile = tempfile::tempdir().expect("a temporary folder can be made");
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(device.capabilities(&binary, &profile))
            .connect(&format!("http://localhost:{port}"))
            .await
            .expect("chromedriver opens Chromium; both must be of the same version");
        let pid = client.capabilities().and_then(|known| known.get("goog:processID")?.as_u64());
        Self { client, port, pid, driver, _profile: profile, _seat: seat }
    }

    /// What the console said since it was last asked.
    pub async fn console(&self) -> Vec<String> {
        let entries = self.log("browser").await;
        entries.iter().map(|entry| format!("{}: {}", entry["level"], entry["message"])).collect()
    }

    /// The addresses that pages asked for since this was last asked. The browser's own pages do not count.
    pub async fn requested(&self) -> Vec<Url> {
        self.loaded().await.requested
    }

    /// What was loaded since this or [`Self::requested`] was last asked.
    pub async fn loaded(&self) -> Loaded {
        let (mut requested, mut page) = (Vec::new(), None);
        for entry in self.log("performance").await {
            let event: Value = serde_json::from_str(entry["message"].as_str().unwrap_or_default()).unwrap_or_default();
            let (method, event) = (&event["message"]["method"], &event["message"]["params"]);
            if method == "Network.requestWillBeSent" {
                requested.extend(event["request"]["url"].as_str().and_then(|url| url.parse::<Url>().ok()));
            }
            if method == "Network.responseReceived" && event["type"] == "Document" {
                page = Some(event["requestId"].clone());
            }
        }
        requested.retain(|url| url.has_host() && !url.scheme().starts_with("chrome"));
        let page = match page {
            None => None,
            Some(request) => {
                let answer = self.devtools("Network.getResponseBody", json!({ "requestId": request })).await;
                Some(answer["body"].as_str().expect("a page is text").to_owned())
            }
        };
        Loaded { requested, page }
    }

    /// Has the media queries of style sheets find these features, as in `("prefers-color-scheme", "dark")`.
    pub async fn prefers(&self, features: &[(&str, &str)]) {
        let features: Vec<Value> =
            features.iter().map(|(name, value)| json!({ "name": name, "value": value })).collect();
        self.devtools("Emulation.setEmulatedMedia", json!({ "features": features })).await;
    }

    /// Lays the page out for a screen of that many pixels, as phones do.
    pub async fn resizes(&self, (width, height): (u32, u32)) {
        let screen = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": true });
        self.devtools("Emulation.setDeviceMetricsOverride", screen).await;
    }

    /// All of the page at hand as a PNG in base64, a pixel for each of its style sheet's; or only what is on the screen, for
    /// what stays at its place there would be elsewhere on the whole.
    pub async fn picture(&self, whole: bool) -> String {
        let size = self.devtools("Page.getLayoutMetrics", json!({})).await["cssContentSize"].clone();
        let clip = json!({ "x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1 });
        let wanted = if whole {
            json!({ "format": "png", "captureBeyondViewport": true, "clip": clip })
        } else {
            json!({ "format": "png" })
        };
        let picture = self.devtools("Page.captureScreenshot", wanted).await;
        picture["data"].as_str().expect("a picture is text").to_owned()
    }

    /// Presses a key of the keyboard and lets go of it, wherever the focus is: `Tab`, `Enter`, or ` ` for the space bar.
    pub async fn presses_key(&self, key: &str) {
        let (code, number, text) = match key {
            "Tab" => ("Tab", 9, ""),
            "Enter" => ("Enter", 13, "\r"),
            " " => ("Space", 32, " "),
            other => panic!("the keyboard has no key {other}"),
        };
        for event in ["keyDown", "keyUp"] {
            let text = if event == "keyDown" { text } else { "" };
            let pressed =
                json!({ "type": event, "key": key, "code": code, "windowsVirtualKeyCode": number, "text": text });
            self.devtools("Input.dispatchKeyEvent", pressed).await;
        }
    }

    /// Types words wherever the focus is.
    pub async fn types(&self, words: &str) {
        self.devtools("Input.insertText", json!({ "text": words })).await;
    }

    /// Takes the connection away, as in a tunnel, or gives it back.
    pub async fn is_offline(&self, offline: bool) {
        let conditions = json!({ "offline": offline, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1 });
        self.devtools("Network.enable", json!({})).await;
        self.devtools("Network.emulateNetworkConditions", conditions).await;
    }

    /// Runs a script as if the page had: what nobody catches in it counts as the page's, which is hidden from it when the
    /// driver runs a script.
    pub async fn runs(&self, script: &str) {
        self.devtools("Runtime.evaluate", json!({ "expression": script })).await;
    }

    async fn devtools(&self, command: &'static str, parameters: Value) -> Value {
        self.client.issue_cmd(DevTools(command, parameters)).await.expect("Chromium answers its developer tools")
    }

    async fn log(&self, kind: &'static str) -> Vec<Value> {
        let entries = self.client.issue_cmd(Log(kind)).await.expect("chromedriver keeps logs");
        entries.as_array().expect("a log is a list").clone()
    }
}

impl Drop for Browser {
    /// Asks the driver to close the browser and to end; merely ending it would leave the browser behind.
    fn drop(&mut self) {
        if let Ok(mut driver) = TcpStream::connect(("localhost", self.port)) {
            let _ = driver.set_read_timeout(Some(Duration::from_secs(10)));
            let _ = driver.write_all(b"GET /shutdown HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
            let _ = driver.read_to_end(&mut Vec::new());
        }
        if let (false, Some(pid)) = (self.driver.ends(), self.pid) {
            program::signal("KILL", pid);
        }
    }
}

/// One of chromedriver's logs; the protocol itself has none.
#[derive(Debug)]
struct Log(&'static str);

impl WebDriverCompatibleCommand for Log {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, url::ParseError> {
        base.join(&format!("session/{}/se/log", session.unwrap_or_default()))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        (Method::POST, Some(json!({ "type": self.0 }).to_string()))
    }
}

/// A command of Chromium's developer tools.
#[derive(Debug)]
struct DevTools(&'static str, Value);

impl WebDriverCompatibleCommand for DevTools {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, url::ParseError> {
        base.join(&format!("session/{}/goog/cdp/execute", session.unwrap_or_default()))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        (Method::POST, Some(json!({ "cmd": self.0, "params": self.1 }).to_string()))
    }
}

/// Where Chromium is.
pub fn binary() -> PathBuf {
    let found = BINARIES.iter().find_map(|name| on_path(name));
    found.unwrap_or_else(|| panic!("none of {BINARIES:?} is on PATH; tests/run installs Chromium"))
}

fn on_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file())
}
