//! Prometheus metrics on a separate listener.

#![allow(clippy::float_cmp, clippy::cast_precision_loss, reason = "the values here are small integers")]

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::Arc;

use atlas::web::{self, route_table};
use tokio::net::TcpListener;

use crate::process::Server;
use crate::test_user::{TestResponse, send_raw};
use crate::world::{World, WorldOptions, instant};

/// A world with a metrics listener, and the listener's address.
async fn world_with_metrics() -> (World, SocketAddr) {
    let variables = vec![("ATLAS_METRICS_LISTEN", "127.0.0.1:0".to_owned())];
    let world = World::with_options(WorldOptions { variables, ..WorldOptions::default() }).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(web::server::metrics::serve(Arc::clone(&world.state), Arc::new(listener)));
    (world, address)
}

async fn request(address: SocketAddr, line: &str) -> TestResponse {
    send_raw(address, format!("{line} HTTP/1.1\r\nhost: x\r\n\r\n").as_bytes()).await.unwrap()
}

async fn scrape(address: SocketAddr) -> Metrics {
    let response = request(address, "GET /metrics").await.assert_status(200);
    assert_eq!(response.header("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    Metrics::parse(&response.text())
}

/// The value of a metric without labels.
pub async fn scrape_value(world: &World, name: &str) -> f64 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(web::server::metrics::serve(Arc::clone(&world.state), Arc::new(listener)));
    scrape(address).await.value(name)
}

type Labels = BTreeMap<String, String>;

/// A metrics page, parsed strictly by the exposition format.
#[derive(Debug, Default)]
struct Metrics {
    kinds: BTreeMap<String, String>,
    samples: BTreeMap<(String, Labels), f64>,
}

impl Metrics {
    fn parse(text: &str) -> Self {
        assert!(text.ends_with('\n'));
        let mut page = Self::default();
        let mut family = String::new();
        let mut lines = text.lines();
        while let Some(line) = lines.next() {
            if let Some(help) = line.strip_prefix("# HELP ") {
                let (name, description) = help.split_once(' ').unwrap();
                assert!(!description.is_empty() && is_metric_name(name), "{line}");
                let kind =
                    lines.next().unwrap().strip_prefix(&format!("# TYPE {name} ")).unwrap_or_else(|| panic!("{line}"));
                assert!(["counter", "gauge", "histogram"].contains(&kind), "{kind}");
                assert!(page.kinds.insert(name.to_owned(), kind.to_owned()).is_none(), "duplicate {name}");
                family = name.to_owned();
            } else {
                let (name, labels, value) = parse_sample(line);
                let suffix = name.strip_prefix(&family).unwrap_or_else(|| panic!("{line} is not in family {family}"));
                let is_valid = match page.kinds[&family].as_str() {
                    "histogram" => ["_bucket", "_sum", "_count"].contains(&suffix),
                    _ => suffix.is_empty(),
                };
                assert!(is_valid && labels.contains_key("le") == (suffix == "_bucket"), "{line}");
                assert!(page.samples.insert((name, labels), value).is_none(), "duplicate {line}");
            }
        }
        page.assert_histograms_add_up();
        page
    }

    /// Buckets of a histogram are cumulative, and the last equals its count.
    fn assert_histograms_add_up(&self) {
        for ((name, labels), count) in &self.samples {
            let Some(family) = name.strip_suffix("_count").filter(|name| self.kinds.contains_key(*name)) else {
                continue;
            };
            let is_bucket_of_series = |other: &Labels| {
                let mut other = other.clone();
                other.remove("le").is_some() && other == *labels
            };
            let mut buckets: Vec<(f64, f64)> = self
                .samples
                .iter()
                .filter(|((name, other), _)| *name == format!("{family}_bucket") && is_bucket_of_series(other))
                .map(|((_, labels), value)| (labels["le"].parse().unwrap(), *value))
                .collect();
            buckets.sort_by(|one, other| one.0.total_cmp(&other.0));
            assert!(buckets.windows(2).all(|pair| pair[0].1 <= pair[1].1), "{family} {buckets:?}");
            assert_eq!(buckets.last(), Some(&(f64::INFINITY, *count)), "{family}");
            assert!(self.samples.contains_key(&(format!("{family}_sum"), labels.clone())), "{family}");
        }
    }

    fn find(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        let labels = labels.iter().map(|(label, text)| ((*label).to_owned(), (*text).to_owned())).collect();
        self.samples.get(&(name.to_owned(), labels)).copied()
    }

    /// The value of a metric without labels.
    fn value(&self, name: &str) -> f64 {
        self.find(name, &[]).unwrap_or_else(|| panic!("{name} is missing"))
    }
}

fn is_metric_name(text: &str) -> bool {
    text.starts_with("atlas_") && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
}

/// Parses `name{label="text",…} number`.
fn parse_sample(line: &str) -> (String, Labels, f64) {
    let (name, rest) = line.split_at(line.find(['{', ' ']).unwrap());
    assert!(is_metric_name(name), "{line}");
    let mut labels = Labels::new();
    let mut rest = rest;
    if let Some(inside) = rest.strip_prefix('{') {
        rest = inside;
        loop {
            let (label, after) = rest.split_once("=\"").unwrap();
            assert!(label.bytes().all(|byte| byte.is_ascii_lowercase()), "{line}");
            let end = after.find('"').unwrap();
            assert!(!after[..end].contains('\\'), "a label is escaped: {line}");
            assert!(labels.insert(label.to_owned(), after[..end].to_owned()).is_none(), "{line}");
            rest = &after[end + 1..];
            match rest.strip_prefix(',') {
                Some(more) => rest = more,
                None => break,
            }
        }
        rest = rest.strip_prefix('}').unwrap();
    }
    (name.to_owned(), labels, rest.strip_prefix(' ').unwrap().parse().unwrap_or_else(|_| panic!("{line}")))
}

#[tokio::test]
async fn the_metrics_report_version_store_disk_requests_and_mail() {
    let (world, address) = world_with_metrics().await;
    let ada = world.signed_in_user("ada").await;
    let before = scrape(address).await;
    ada.create_habit("Read").await;
    ada.get("/today").await.assert_status(200);
    let after = scrape(address).await;
    let version = [("version", env!("CARGO_PKG_VERSION")), ("environment", "development")];
    assert_eq!(after.find("atlas_build_info", &version), Some(1.0));
    assert_eq!(after.value("atlas_schema"), f64::from(atlas::store::tables::schema::VERSION));
    assert_eq!(after.value("atlas_store_commits_total") - before.value("atlas_store_commits_total"), 1.0);
    assert_eq!(after.value("atlas_store_batch_writes_count"), after.value("atlas_store_commits_total"));
    assert_eq!((after.value("atlas_store_queue_writes"), after.value("atlas_store_writable")), (0.0, 1.0));
    let size = std::fs::metadata(world.state.app.store.path()).unwrap().len();
    assert!((after.value("atlas_data_file_bytes") - size as f64).abs() < 1.0);
    assert!(after.value("atlas_disk_free_bytes") > 0.0 && after.value("atlas_uptime_seconds") >= 0.0);
    let today = [("route", "/today"), ("method", "GET"), ("status", "2xx")];
    assert_eq!(after.find("atlas_http_request_duration_seconds_count", &today), Some(1.0));
    assert!(after.find("atlas_http_request_duration_seconds_sum", &today).unwrap() > 0.0);
    assert_eq!((after.value("atlas_outbox_mails"), after.value("atlas_outbox_oldest_seconds")), (0.0, 0.0));
}

#[tokio::test]
async fn the_metrics_report_the_age_of_queued_mail_and_snapshots() {
    let relay = [("SMTP_URL", "smtp://127.0.0.1:1"), ("ATLAS_METRICS_LISTEN", "127.0.0.1:0")];
    let mut options = crate::routes::staging_options(&relay);
    options.variables.retain(|(name, value)| *name != "SMTP_URL" || value == "smtp://127.0.0.1:1");
    let world = World::with_options(options).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(web::server::metrics::serve(Arc::clone(&world.state), Arc::new(listener)));
    assert_eq!(
        scrape(address).await.find("atlas_snapshot_created_age_seconds", &[]),
        None,
        "an age without a snapshot"
    );
    let mut owner = world.visitor();
    (owner.name, owner.host) = ("owner", "staging.example.com".to_owned());
    let body = serde_json::json!({ "email": owner.email(), "password": crate::world::PASSWORD, "displayName": "Olga" });
    owner.send_json("POST", "/api/auth/signup", &body).await.assert_status(201);
    world.set_time("2026-02-12T12:05:00Z");
    let ages = &world.state.app.snapshot_ages;
    ages.note(instant("2026-02-12T12:04:00Z"), instant("2026-02-12T12:04:30Z"));
    ages.note(instant("2026-02-12T12:01:00Z"), instant("2026-02-12T12:01:30Z"));
    let metrics = scrape(address).await;
    assert_eq!((metrics.value("atlas_outbox_mails"), metrics.value("atlas_outbox_oldest_seconds")), (1.0, 300.0));
    assert_eq!(metrics.value("atlas_snapshot_created_age_seconds"), 60.0, "the age is not that of the newest snapshot");
    assert_eq!(metrics.value("atlas_snapshot_verified_age_seconds"), 30.0);
}

#[tokio::test]
async fn requests_add_no_label_values_and_leak_nothing_into_labels() {
    let (world, address) = world_with_metrics().await;
    let ada = world.signed_in_user("ada").await;
    let habit = ada.create_habit("Canary").await;
    ada.get(&format!("/habits/{habit}?canary")).await.assert_status(200);
    let mut seen = BTreeSet::new();
    for round in 0..3 {
        for n in 0..20 {
            let method = ["GET", "POST", "BREW", "PROPFIND"][n % 4].to_owned() + ["", "X", "Y"][round % 3];
            ada.request(&method, &format!("/canary-{round}/{n}?canary"), &[], b"").await;
            ada.request(&method, &format!("/habits/canary-{round}-{n}"), &[], b"").await;
        }
        let routes: BTreeSet<&str> = route_table(true, true).iter().map(|route| route.path).chain(["(none)"]).collect();
        let metrics = scrape(address).await;
        for (name, labels) in metrics.samples.keys() {
            for (label, text) in labels {
                let known = match label.as_str() {
                    "route" => routes.contains(text.as_str()),
                    "method" => ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "other"].contains(&text.as_str()),
                    "status" => ["1xx", "2xx", "3xx", "4xx", "5xx"].contains(&text.as_str()),
                    "le" | "version" | "environment" => true,
                    _ => false,
                };
                assert!(known && !text.contains("canary") && !text.contains(&habit), "{name} {label}={text}");
            }
        }
        seen.insert(metrics.samples.len());
    }
    // The second round may add series that the first lacked; the third adds none.
    assert!(seen.len() <= 2, "{seen:?}");
}

#[tokio::test]
async fn metrics_are_served_only_on_their_own_listener() {
    let (world, address) = world_with_metrics().await;
    world.visitor().get("/metrics").await.assert_status(404);
    request(address, "GET /").await.assert_status(404);
    request(address, "GET /today").await.assert_status(404);
    assert_eq!(request(address, "POST /metrics").await.assert_status(405).header("allow"), Some("GET, HEAD"));
    assert!(request(address, "HEAD /metrics").await.assert_status(200).body.is_empty());
    assert_eq!(send_raw(address, b"nonsense\r\n\r\n").await.unwrap().status, 400);

    let folder = tempfile::tempdir().unwrap();
    let server = Server::start_with(folder.path(), &[], &[("ATLAS_METRICS_LISTEN", "127.0.0.1:0")]);
    let log = || std::fs::read_to_string(folder.path().join("log")).unwrap();
    while !log().contains("serving metrics") {
        tokio::task::yield_now().await;
    }
    let line = log().lines().find(|line| line.contains("serving metrics")).unwrap().to_owned();
    let line: serde_json::Value = serde_json::from_str(&line).unwrap();
    let address: SocketAddr = line["address"].as_str().unwrap().parse().unwrap();
    assert_ne!(address.port(), server.port);
    assert_eq!(scrape(address).await.value("atlas_store_writable"), 1.0);
    server.signal("TERM");
    assert_eq!(server.wait().0, Some(0));

    let occupied = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let variables = [("ATLAS_METRICS_LISTEN", occupied.local_addr().unwrap().to_string())];
    let variables = variables.each_ref().map(|(name, value)| (*name, value.as_str()));
    let output = crate::process::run(folder.path(), &["serve", "--listen", "127.0.0.1:0"], &variables);
    assert_eq!(crate::process::exit_code(&output), 69);
    assert!(crate::process::stderr(&output).contains("ATLAS_METRICS_LISTEN"));
    drop(occupied);
}
