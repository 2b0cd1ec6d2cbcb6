//! A complete environment as a team deploys it: the real binary, a TLS proxy, an SMTP relay with TLS and a Sentry
//! ingest. It is named staging unless a test asks for production.

use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use atlas::config::Tls;
use atlas::store::migrations::Migrations;
use atlas::store::tables::schema;
use atlas::store::{Reader, Store};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use tempfile::TempDir;

use super::proxy::{Proxy, ProxyFault};
use crate::fake_sentry::{FakeSentry, ResponseMode};
use crate::process::{Server, atlas_command, exit_code, run, stderr, stdout};
use crate::relay::{Certificates, RelayAction, ScriptedRelay};

pub struct Staging {
    pub folder: TempDir,
    pub proxy: Proxy,
    pub relay: ScriptedRelay,
    pub relay_rejects_mail: Arc<AtomicBool>,
    pub ingest: FakeSentry,
    pub server: Option<Server>,
    environment: &'static str,
    variables: Vec<(&'static str, String)>,
}

/// A key and a value.
type Row = (Vec<u8>, Vec<u8>);

/// The `Authorization` header with the shared credentials.
pub fn credentials() -> String {
    format!("Basic {}", STANDARD.encode("team:the shared password"))
}

/// The outcome of `atlas verify --json`.
pub struct VerifyRun {
    pub exit_code: i32,
    pub report: Value,
    pub stderr: String,
}

impl VerifyRun {
    /// The ids of the items in a state.
    pub fn items_in_state(&self, state: &str) -> Vec<String> {
        let items = self.report["items"].as_array().unwrap_or_else(|| panic!("{}", self.stderr));
        let found = items.iter().filter(|item| item["state"] == state);
        found.map(|item| item["id"].as_str().unwrap().to_owned()).collect()
    }

    pub fn item(&self, id: &str) -> &Value {
        self.report["items"].as_array().unwrap().iter().find(|item| item["id"] == id).unwrap()
    }
}

impl Staging {
    pub async fn new() -> Self {
        Self::with_ingest(ResponseMode::Respond(200, Vec::new())).await
    }

    pub async fn with_ingest(mode: ResponseMode) -> Self {
        Self::start("staging", &[], mode).await
    }

    /// Staging with additional variables.
    pub async fn with_variables(more: &[(&'static str, &str)]) -> Self {
        Self::start("staging", more, ResponseMode::Respond(200, Vec::new())).await
    }

    /// Starts an environment, with additional variables, and takes a snapshot of it.
    pub async fn start(environment: &'static str, more: &[(&'static str, &str)], mode: ResponseMode) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let certificates = Certificates::for_host("localhost");
        std::fs::write(folder.path().join("authority.pem"), &certificates.authority).unwrap();
        let relay_rejects_mail = Arc::new(AtomicBool::new(false));
        let rejects_mail = Arc::clone(&relay_rejects_mail);
        let relay = ScriptedRelay::with_options(certificates.relay_options(Tls::Implicit), move |_, step, _| {
            (step == "RCPT" && rejects_mail.load(Ordering::Relaxed))
                .then_some(RelayAction::Respond("550 5.7.1 nothing from you"))
        })
        .await;
        let ingest = FakeSentry::with_mode(mode);
        let proxy = Proxy::start(certificates.relay_options(Tls::Implicit).tls.unwrap().1).await;
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
        let mut staging =
            Self { folder, proxy, relay, relay_rejects_mail, ingest, server: None, environment, variables };
        staging.start_server();
        staging.run_command(&["snapshot", "create"]);
        staging
    }

    pub fn start_server(&mut self) {
        let server = Server::start_with(self.folder.path(), &[], &self.variables());
        self.proxy.set_upstream(server.port);
        self.server = Some(server);
    }

    pub fn variables(&self) -> Vec<(&str, &str)> {
        self.variables.iter().map(|(name, value)| (*name, value.as_str())).collect()
    }

    /// Starts `atlas verify` as a process, without any proxy fault.
    pub fn spawn_verify(&self) -> Child {
        self.proxy.set_fault(ProxyFault::None);
        let mut command = atlas_command(self.folder.path());
        command.args(["verify", "--json", "--ca-file", "authority.pem"]).envs(self.variables());
        command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    }

    /// Shuts the server down gracefully.
    pub fn stop_server(&mut self) {
        let server = self.server.take().unwrap();
        server.signal("TERM");
        assert_eq!(tokio::task::block_in_place(|| server.wait()).0, Some(0));
    }

    /// Every row except those of the audit trail. The server must not be running.
    pub fn read_rows(&self) -> Vec<(&'static str, Vec<Row>)> {
        let file = self.data_folder().join("atlas.redb");
        let store = Store::open(&file, &self.environment.parse().unwrap(), Migrations::BUILT_IN).unwrap();
        let tables = schema::ALL.iter().filter(|table| !table.name.ends_with("audit"));
        let rows = |name| {
            let mut rows = store.read(|txn| txn.scan(name, &[], None, usize::MAX)).unwrap();
            // A count of zero equals a missing one.
            rows.retain(|(_, value)| name != schema::COUNTS.name() || value.as_slice() != [1, b'0']);
            rows
        };
        tables.map(|table| (table.name, rows(table.name))).collect()
    }

    /// The note that a verify run leaves beside the data file until it has cleaned up.
    pub fn note_path(&self) -> PathBuf {
        self.data_folder().join("atlas.redb.verify")
    }

    /// The folder of the data file.
    pub fn data_folder(&self) -> PathBuf {
        self.folder.path().join("data").join(self.environment)
    }

    /// Runs a command that must succeed and returns its standard output.
    pub fn run_command(&self, args: &[&str]) -> String {
        let output = tokio::task::block_in_place(|| run(self.folder.path(), args, &self.variables()));
        assert_eq!(exit_code(&output), 0, "{}", stderr(&output));
        stdout(&output)
    }

    pub fn verify(&self) -> VerifyRun {
        self.verify_with(&[], &[])
    }

    /// Runs `atlas verify` with additional flags and variables.
    pub fn verify_with(&self, flags: &[&str], more: &[(&str, &str)]) -> VerifyRun {
        let args = [&["verify", "--json", "--ca-file", "authority.pem"], flags].concat();
        run_verify(self.folder.path(), &args, &[self.variables().as_slice(), more].concat())
    }

    /// The users as `atlas user list --json` shows them.
    pub fn list_users(&self) -> Value {
        let answer: Value = serde_json::from_str(&self.run_command(&["user", "list", "--json"])).unwrap();
        answer["users"].clone()
    }
}

/// Runs a `verify` command in a folder.
pub fn run_verify(folder: &Path, args: &[&str], variables: &[(&str, &str)]) -> VerifyRun {
    let output = tokio::task::block_in_place(|| run(folder, args, variables));
    let (exit_code, stderr) = (exit_code(&output), stderr(&output));
    VerifyRun { exit_code, report: serde_json::from_str(&stdout(&output)).unwrap_or_default(), stderr }
}
