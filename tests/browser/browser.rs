//! One Chromium per test, driven through chromedriver.

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

use super::child_process::{self, ChildProcess};

/// The browser's time zone: the first on earth to begin a new day, so that its date differs from that of UTC for most hours.
pub const TIME_ZONE: &str = "Pacific/Kiritimati";

/// Limits the browsers that run concurrently; more only slow each other down.
static BROWSER_SLOTS: Semaphore = Semaphore::const_new(2);

/// How often chromedriver is started before a test gives up.
const DRIVER_STARTS: usize = 10;

const BINARY_NAMES: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];

const ARGUMENTS: [&str; 11] = [
    "--headless=new",
    // Containers have no privileges for a sandbox and little shared memory.
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--disable-gpu",
    // The browser sends requests only to the test's server.
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
    "--window-size=1280,900",
    // A screenshot of the whole page has no scroll bar, so that the layout would differ from what scripts measure.
    "--hide-scrollbars",
];

/// A kind of device that the browser emulates.
#[derive(Debug, Clone, Copy)]
pub struct Device {
    /// The screen of an emulated phone in pixels; `None` for a desktop window.
    phone_screen: Option<(u32, u32)>,
    pub has_javascript: bool,
}

impl Device {
    /// 1280 pixels wide.
    pub const DESKTOP: Self = Self { phone_screen: None, has_javascript: true };
    /// 390 pixels wide.
    pub const PHONE: Self = Self { phone_screen: Some((390, 844)), has_javascript: true };
    /// 320 pixels wide, the narrowest that Atlas is made for.
    pub const NARROWEST: Self = Self { phone_screen: Some((320, 568)), has_javascript: true };

    /// The same device with JavaScript disabled in the browser's settings.
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
        if let Some((width, height)) = self.phone_screen {
            // On a touch screen, chromedriver taps, and without scripts it waits for a tap forever.
            let touch = self.has_javascript;
            let metrics = json!({ "width": width, "height": height, "pixelRatio": 2, "touch": touch });
            options["mobileEmulation"] = json!({ "deviceMetrics": metrics });
        }
        let logs = json!({ "browser": "ALL", "performance": "ALL" });
        [("goog:chromeOptions".to_owned(), options), ("goog:loggingPrefs".to_owned(), logs)].into_iter().collect()
    }
}

/// The requests of the browser since they were last taken.
#[derive(Debug)]
pub struct PageLoad {
    pub requested_urls: Vec<Url>,
    /// The last page, as the server sent it.
    pub html: Option<String>,
}

/// Starts chromedriver. Returns it with its port.
///
/// chromedriver takes a free port of IPv6, and exits if IPv4 uses the same one. That is chance, so it is started again.
fn start_driver() -> (ChildProcess, u16) {
    let mut failures = Vec::new();
    while failures.len() < DRIVER_STARTS {
        let mut driver = ChildProcess::start(
            "chromedriver",
            Command::new("chromedriver").arg("--port=0").env("TZ", TIME_ZONE).stderr(Stdio::null()),
        );
        match driver.find_line("started successfully on port ") {
            Ok(line) => {
                let port = line.trim_end_matches('.').rsplit(' ').next().and_then(|port| port.parse().ok());
                return (driver, port.unwrap_or_else(|| panic!("chromedriver printed no port: {line}")));
            }
            Err(failure) if failure.contains("port not available") => failures.push(failure),
            Err(failure) => panic!("{failure}"),
        }
    }
    panic!("chromedriver found no port: {failures:#?}");
}

/// A browser with one window. Dropping it ends the browser and its driver.
pub struct Browser {
    pub client: Client,
    port: u16,
    pid: Option<u64>,
    driver: ChildProcess,
    _profile: TempDir,
    _slot: SemaphorePermit<'static>,
}

impl Browser {
    /// Waits for a slot and opens a browser.
    pub async fn open(device: Device) -> Self {
        let slot = BROWSER_SLOTS.acquire().await.expect("the semaphore is never closed");
        let binary = chromium_path();
        let (driver, port) = start_driver();
        let profile = tempfile::tempdir().expect("a temporary folder");
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(device.capabilities(&binary, &profile))
            .connect(&format!("http://localhost:{port}"))
            .await
            .expect("chromedriver opens Chromium; both must be of the same version");
        let pid = client.capabilities().and_then(|capabilities| capabilities.get("goog:processID")?.as_u64());
        Self { client, port, pid, driver, _profile: profile, _slot: slot }
    }

    /// The console messages since the last call, without the browser's reports on what a response made it clear.
    pub async fn take_console_messages(&self) -> Vec<String> {
        let entries = self.log("browser").await;
        let messages = entries.iter().map(|entry| format!("{}: {}", entry["level"], entry["message"]));
        messages.filter(|message| !message.contains("Clear-Site-Data header on")).collect()
    }

    /// The URLs that pages requested since the last call, without the browser's internal pages.
    pub async fn take_requested_urls(&self) -> Vec<Url> {
        self.take_page_load().await.requested_urls
    }

    /// The requests since the last call of this or of [`Self::take_requested_urls`].
    pub async fn take_page_load(&self) -> PageLoad {
        let (mut requested_urls, mut page_request) = (Vec::new(), None);
        for entry in self.log("performance").await {
            let event: Value = serde_json::from_str(entry["message"].as_str().unwrap_or_default()).unwrap_or_default();
            let (method, event) = (&event["message"]["method"], &event["message"]["params"]);
            if method == "Network.requestWillBeSent" {
                requested_urls.extend(event["request"]["url"].as_str().and_then(|url| url.parse::<Url>().ok()));
            }
            if method == "Network.responseReceived" && event["type"] == "Document" {
                page_request = Some(event["requestId"].clone());
            }
        }
        requested_urls.retain(|url| url.has_host() && !url.scheme().starts_with("chrome"));
        let html = match page_request {
            None => None,
            Some(request) => {
                let response = self.devtools("Network.getResponseBody", json!({ "requestId": request })).await;
                Some(response["body"].as_str().expect("a page is text").to_owned())
            }
        };
        PageLoad { requested_urls, html }
    }

    /// Emulates media features, such as `("prefers-color-scheme", "dark")`.
    pub async fn emulate_media(&self, features: &[(&str, &str)]) {
        let features: Vec<Value> =
            features.iter().map(|(name, value)| json!({ "name": name, "value": value })).collect();
        self.devtools("Emulation.setEmulatedMedia", json!({ "features": features })).await;
    }

    /// Emulates a mobile screen of that width and height in pixels.
    pub async fn resize(&self, (width, height): (u32, u32)) {
        let screen = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": true });
        self.devtools("Emulation.setDeviceMetricsOverride", screen).await;
    }

    /// A PNG of the page in base64, one image pixel per CSS pixel. With `whole_page` of the whole page, otherwise of the visible
    /// part: fixed elements are at other positions in a picture of the whole page.
    pub async fn screenshot(&self, whole_page: bool) -> String {
        let size = self.devtools("Page.getLayoutMetrics", json!({})).await["cssContentSize"].clone();
        let clip = json!({ "x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1 });
        let options = if whole_page {
            json!({ "format": "png", "captureBeyondViewport": true, "clip": clip })
        } else {
            json!({ "format": "png" })
        };
        let screenshot = self.devtools("Page.captureScreenshot", options).await;
        screenshot["data"].as_str().expect("a screenshot is text").to_owned()
    }

    /// The page as it is printed, as a PDF in base64.
    pub async fn print(&self) -> String {
        let pdf = self.devtools("Page.printToPDF", json!({ "preferCSSPageSize": true })).await;
        pdf["data"].as_str().expect("a PDF is text").to_owned()
    }

    /// Applies the styles for paper, or those for screens again.
    pub async fn emulate_paper(&self, is_paper: bool) {
        let media = if is_paper { "print" } else { "" };
        self.devtools("Emulation.setEmulatedMedia", json!({ "media": media })).await;
    }

    /// Presses and releases a key, wherever the focus is: `Tab`, `Enter`, `Escape`, an arrow, or ` ` for the space bar.
    pub async fn press_key(&self, key: &str) {
        let (code, number, text) = match key {
            "Tab" => ("Tab", 9, ""),
            "Enter" => ("Enter", 13, "\r"),
            "Escape" => ("Escape", 27, ""),
            " " => ("Space", 32, " "),
            "ArrowLeft" => ("ArrowLeft", 37, ""),
            "ArrowUp" => ("ArrowUp", 38, ""),
            "ArrowRight" => ("ArrowRight", 39, ""),
            "ArrowDown" => ("ArrowDown", 40, ""),
            other => panic!("{other} is not a supported key"),
        };
        for event in ["keyDown", "keyUp"] {
            let text = if event == "keyDown" { text } else { "" };
            let parameters =
                json!({ "type": event, "key": key, "code": code, "windowsVirtualKeyCode": number, "text": text });
            self.devtools("Input.dispatchKeyEvent", parameters).await;
        }
    }

    /// Moves the pointer to a position on the screen in pixels.
    pub async fn move_pointer(&self, (x, y): (f64, f64)) {
        self.devtools("Input.dispatchMouseEvent", json!({ "type": "mouseMoved", "x": x, "y": y })).await;
    }

    /// Fingers on a touch screen: `touchStart`, `touchMove`, `touchEnd` or `touchCancel`, with the positions in pixels of those
    /// that touch it now.
    pub async fn touch(&self, event: &str, fingers: &[(f64, f64)]) {
        let points: Vec<_> = fingers.iter().map(|(x, y)| json!({ "x": x, "y": y })).collect();
        self.devtools("Input.dispatchTouchEvent", json!({ "type": event, "touchPoints": points })).await;
    }

    /// Types text wherever the focus is.
    pub async fn type_text(&self, text: &str) {
        self.devtools("Input.insertText", json!({ "text": text })).await;
    }

    /// Disconnects the browser from the network, or reconnects it.
    pub async fn set_offline(&self, offline: bool) {
        let conditions = json!({ "offline": offline, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1 });
        self.devtools("Network.enable", json!({})).await;
        self.devtools("Network.emulateNetworkConditions", conditions).await;
    }

    /// Runs a script as a part of the page, so that its uncaught errors reach the page's error handlers. They don't when
    /// chromedriver runs a script.
    pub async fn evaluate(&self, script: &str) {
        self.devtools("Runtime.evaluate", json!({ "expression": script })).await;
    }

    /// Runs a script at the start of every page that is opened from now on.
    pub async fn run_on_new_pages(&self, script: &str) {
        self.devtools("Page.addScriptToEvaluateOnNewDocument", json!({ "source": script })).await;
    }

    async fn devtools(&self, command: &'static str, parameters: Value) -> Value {
        self.client.issue_cmd(DevTools(command, parameters)).await.expect("Chromium runs the DevTools command")
    }

    async fn log(&self, kind: &'static str) -> Vec<Value> {
        let entries = self.client.issue_cmd(Log(kind)).await.expect("chromedriver keeps logs");
        entries.as_array().expect("a log is a list").clone()
    }
}

impl Drop for Browser {
    /// Asks the driver to close the browser and to exit; killing the driver would leave the browser running.
    fn drop(&mut self) {
        if let Ok(mut driver) = TcpStream::connect(("localhost", self.port)) {
            let _ = driver.set_read_timeout(Some(Duration::from_secs(10)));
            let _ = driver.write_all(b"GET /shutdown HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
            let _ = driver.read_to_end(&mut Vec::new());
        }
        if let (false, Some(pid)) = (self.driver.wait_for_exit(), self.pid) {
            child_process::send_signal("KILL", pid);
        }
    }
}

/// A command that reads one of chromedriver's logs, which WebDriver itself doesn't have.
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

/// A command of the Chrome DevTools Protocol.
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

/// The path of Chromium.
pub fn chromium_path() -> PathBuf {
    let found = BINARY_NAMES.iter().find_map(|name| find_on_path(name));
    found.unwrap_or_else(|| panic!("none of {BINARY_NAMES:?} is on PATH; tests/run installs Chromium"))
}

fn find_on_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file())
}
