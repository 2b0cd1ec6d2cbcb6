//! A staging environment as a team runs it: the real binary, a relay with TLS, an ingest, and a proxy in front. Production
//! is the same with its own name.

use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use atlas::config::Tls;
use atlas::store::{Read, Store, schema};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use tempfile::TempDir;

use super::proxy::{Lie, Proxy};
use crate::ingest::{Ingest, Manner};
use crate::process::{Server, atlas, code, complaint, run, said};
use crate::relay::{Act, Certificates, ScriptedRelay};

pub struct Staging {
    pub folder: TempDir,
    pub proxy: Proxy,
    pub relay: ScriptedRelay,
    /// Whether the relay refuses every mail.
    pub relay_is_dead: Arc<AtomicBool>,
    pub ingest: Ingest,
    pub server: Option<Server>,
    environment: &'static str,
    variables: Vec<(&'static str, String)>,
}

/// A key and a value.
type Row = (Vec<u8>, Vec<u8>);

/// What browsers that hold the shared credentials send.
pub fn credentials() -> String {
    format!("Basic {}", STANDARD.encode("team:the shared password"))
}

/// What a checklist came to.
pub struct Checked {
    pub exit: i32,
    pub report: Value,
    pub complaint: String,
}

impl Checked {
    /// The items of that state.
    pub fn items(&self, state: &str) -> Vec<String> {
        let items = self.report["items"].as_array().unwrap_or_else(|| panic!("{}", self.complaint));
        let found = items.iter().filter(|item| item["state"] == state);
        found.map(|item| item["id"].as_str().unwrap().to_owned()).collect()
    }

    pub fn item(&self, id: &str) -> &Value {
        self.report["items"].as_array().unwrap().iter().find(|item| item["id"] == id).unwrap()
    }
}

impl Staging {
    pub async fn new() -> Self {
        Self::with_ingest(Manner::Answers(200, Vec::new())).await
    }

    pub async fn with_ingest(manner: Manner) -> Self {
        Self::of("staging", &[], manner).await
    }

    /// One with more variables than it needs.
    pub async fn with(more: &[(&'static str, &str)]) -> Self {
        Self::of("staging", more, Manner::Answers(200, Vec::new())).await
    }

    /// Another environment that is set up in the same way.
    pub async fn of(environment: &'static str, more: &[(&'static str, &str)], manner: Manner) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let certificates = Certificates::of("localhost");
        std::fs::write(folder.path().join("authority.pem"), &certificates.authority).unwrap();
        let relay_is_dead = Arc::new(AtomicBool::new(false));
        let dead = Arc::clone(&relay_is_dead);
        let relay = ScriptedRelay::behind(certificates.door(Tls::Implicit), move |_, step, _| {
            (step == "RCPT" && dead.load(Ordering::Relaxed)).then_some(Act::Says("550 5.7.1 nothing from you"))
        })
        .await;
        let ingest = Ingest::that(manner);
        let proxy = Proxy::with(certificates.door(Tls::Implicit).tls.unwrap().1).await;
        let mut variables = vec![
            ("ATLAS_ENV", environment.to_owned()),
            ("APP_URL", format!("https://localhost:{}", proxy.port)),
            ("NEXTAUTH_SECRET", "0123456789abcdef0123456789abcdef".to_owned()),
            (
                "SMTP_URL",
                format!("smtps://atlas%40relay.example:p%40ss%3Aword%2Fof%20the%20relay@localhost:{}", relay.port),
            ),
            ("SMTP_CA_FILE", "authority.pem".to_owned()),
            ("RESEND_FROM_EMAIL", "atlas@example.com".to_owned()),
            ("SENTRY_DSN", ingest.dsn(1)),
            ("NEXT_PUBLIC_SENTRY_DSN", ingest.dsn(2)),
            ("ADMIN_OWNER_EMAIL", "owner@example.com".to_owned()),
            ("ATLAS_TRUSTED_PROXIES", "127.0.0.1".to_owned()),
            ("SEED_PASSWORD", "plenty of quiet mornings".to_owned()),
            ("ATLAS_GATE_USER", "team".to_owned()),
            ("ATLAS_GATE_PASSWORD", "the shared password".to_owned()),
        ];
        variables.extend(more.iter().map(|(name, value)| (*name, (*value).to_owned())));
        let mut staging = Self { folder, proxy, relay, relay_is_dead, ingest, server: None, environment, variables };
        staging.starts();
        staging.atlas(&["snapshot", "create"]);
        staging
    }

    pub fn starts(&mut self) {
        let server = Server::start_with(self.folder.path(), &[], &self.variables());
        self.proxy.leads_to(server.port);
        self.server = Some(server);
    }

    pub fn variables(&self) -> Vec<(&str, &str)> {
        self.variables.iter().map(|(name, value)| (*name, value.as_str())).collect()
    }

    /// Begins a checklist as a process of its own, over nothing but the truth.
    pub fn begins_to_verify(&self) -> Child {
        self.proxy.lies(Lie::No);
        let mut command = atlas(self.folder.path());
        command.args(["verify", "--json", "--ca-file", "authority.pem"]).envs(self.variables());
        command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    }

    /// Ends the server in order.
    pub fn stops(&mut self) {
        let server = self.server.take().unwrap();
        server.signal("TERM");
        assert_eq!(tokio::task::block_in_place(|| server.ends()).0, Some(0));
    }

    /// Every row but the audit trail's, while no server runs.
    pub fn rows(&self) -> Vec<(&'static str, Vec<Row>)> {
        let file = self.home().join("atlas.redb");
        let store = Store::open(&file, &self.environment.parse().unwrap()).unwrap();
        let tables = schema::ALL.iter().filter(|table| !table.name.ends_with("audit"));
        let rows = |name| {
            let mut rows = store.read(|view| view.rows(name, &[], None, usize::MAX)).unwrap();
            // A count of nought and none at all are the same.
            rows.retain(|(_, value)| name != schema::COUNTS.name() || value.as_slice() != [1, b'0']);
            rows
        };
        tables.map(|table| (table.name, rows(table.name))).collect()
    }

    pub fn note(&self) -> PathBuf {
        self.home().join("atlas.redb.verify")
    }

    /// The folder of its data file.
    pub fn home(&self) -> PathBuf {
        self.folder.path().join("data").join(self.environment)
    }

    /// Runs a command to its good end.
    pub fn atlas(&self, words: &[&str]) -> String {
        let done = tokio::task::block_in_place(|| run(self.folder.path(), words, &self.variables()));
        assert_eq!(code(&done), 0, "{}", complaint(&done));
        said(&done)
    }

    pub fn verifies(&self) -> Checked {
        self.verifies_with(&[], &[])
    }

    /// Runs the checklist with more flags and other variables.
    pub fn verifies_with(&self, flags: &[&str], more: &[(&str, &str)]) -> Checked {
        let words = [&["verify", "--json", "--ca-file", "authority.pem"], flags].concat();
        judged(self.folder.path(), &words, &[self.variables().as_slice(), more].concat())
    }

    /// Every person there is.
    pub fn people(&self) -> Value {
        let answer: Value = serde_json::from_str(&self.atlas(&["user", "list", "--json"])).unwrap();
        answer["users"].clone()
    }
}

/// A checklist in a folder, and what it came to.
pub fn judged(folder: &Path, words: &[&str], variables: &[(&str, &str)]) -> Checked {
    let done = tokio::task::block_in_place(|| run(folder, words, variables));
    let (exit, complaint) = (code(&done), complaint(&done));
    Checked { exit, report: serde_json::from_str(&said(&done)).unwrap_or_default(), complaint }
}
