//! Numbers for Prometheus, on a listener of their own.

#![allow(clippy::float_cmp, clippy::cast_precision_loss, reason = "what is counted here is whole and small")]

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::Arc;

use atlas::web::{self, table};
use tokio::net::TcpListener;

use crate::person::{Reply, exchange};
use crate::process::Server;
use crate::world::{Wishes, World, instant};

/// A world that is measured, and where.
async fn measured() -> (World, SocketAddr) {
    let variables = vec![("ATLAS_METRICS_LISTEN", "127.0.0.1:0".to_owned())];
    let world = World::with(Wishes { variables, ..Wishes::default() }).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(web::metrics::serve(Arc::clone(&world.site), Arc::new(listener)));
    (world, address)
}

async fn scraped(address: SocketAddr, line: &str) -> Reply {
    exchange(address, format!("{line} HTTP/1.1\r\nhost: x\r\n\r\n").as_bytes()).await.unwrap()
}

async fn numbers(address: SocketAddr) -> Numbers {
    let reply = scraped(address, "GET /metrics").await.is(200);
    assert_eq!(reply.header("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    Numbers::parse(&reply.text())
}

type Labels = BTreeMap<String, String>;

/// A page of numbers, read as strictly as the format is written.
#[derive(Debug, Default)]
struct Numbers {
    kinds: BTreeMap<String, String>,
    samples: BTreeMap<(String, Labels), f64>,
}

impl Numbers {
    fn parse(text: &str) -> Self {
        assert!(text.ends_with('\n'));
        let mut page = Self::default();
        let mut family = String::new();
        let mut lines = text.lines();
        while let Some(line) = lines.next() {
            if let Some(help) = line.strip_prefix("# HELP ") {
                let (name, words) = help.split_once(' ').unwrap();
                assert!(!words.is_empty() && is_name(name), "{line}");
                let kind =
                    lines.next().unwrap().strip_prefix(&format!("# TYPE {name} ")).unwrap_or_else(|| panic!("{line}"));
                assert!(["counter", "gauge", "histogram"].contains(&kind), "{kind}");
                assert!(page.kinds.insert(name.to_owned(), kind.to_owned()).is_none(), "{name} twice");
                family = name.to_owned();
            } else {
                let (name, labels, value) = sample(line);
                let ending = name.strip_prefix(&family).unwrap_or_else(|| panic!("{line} is not of {family}"));
                let fits = match page.kinds[&family].as_str() {
                    "histogram" => ["_bucket", "_sum", "_count"].contains(&ending),
                    _ => ending.is_empty(),
                };
                assert!(fits && labels.contains_key("le") == (ending == "_bucket"), "{line}");
                assert!(page.samples.insert((name, labels), value).is_none(), "{line} twice");
            }
        }
        page.adds_up();
        page
    }

    /// Groups of histograms grow, and the last holds everything.
    fn adds_up(&self) {
        for ((name, labels), count) in &self.samples {
            let Some(family) = name.strip_suffix("_count").filter(|name| self.kinds.contains_key(*name)) else {
                continue;
            };
            let is_ours = |other: &Labels| {
                let mut other = other.clone();
                other.remove("le").is_some() && other == *labels
            };
            let mut groups: Vec<(f64, f64)> = self
                .samples
                .iter()
                .filter(|((name, other), _)| *name == format!("{family}_bucket") && is_ours(other))
                .map(|((_, labels), value)| (labels["le"].parse().unwrap(), *value))
                .collect();
            groups.sort_by(|one, other| one.0.total_cmp(&other.0));
            assert!(groups.windows(2).all(|pair| pair[0].1 <= pair[1].1), "{family} {groups:?}");
            assert_eq!(groups.last(), Some(&(f64::INFINITY, *count)), "{family}");
            assert!(self.samples.contains_key(&(format!("{family}_sum"), labels.clone())), "{family}");
        }
    }

    fn value(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        let labels = labels.iter().map(|(label, text)| ((*label).to_owned(), (*text).to_owned())).collect();
        self.samples.get(&(name.to_owned(), labels)).copied()
    }

    fn the(&self, name: &str) -> f64 {
        self.value(name, &[]).unwrap_or_else(|| panic!("{name} is not there"))
    }
}

fn is_name(text: &str) -> bool {
    text.starts_with("atlas_") && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
}

/// `name{label="text",…} number`.
fn sample(line: &str) -> (String, Labels, f64) {
    let (name, rest) = line.split_at(line.find(['{', ' ']).unwrap());
    assert!(is_name(name), "{line}");
    let mut labels = Labels::new();
    let mut rest = rest;
    if let Some(inside) = rest.strip_prefix('{') {
        rest = inside;
        loop {
            let (label, after) = rest.split_once("=\"").unwrap();
            assert!(label.bytes().all(|byte| byte.is_ascii_lowercase()), "{line}");
            let end = after.find('"').unwrap();
            assert!(!after[..end].contains('\\'), "no label of ours needs escaping: {line}");
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
async fn everything_an_operator_watches_is_there() {
    let (world, address) = measured().await;
    let ada = world.signed_up("ada").await;
    let before = numbers(address).await;
    ada.keeps("Read").await;
    ada.get("/today").await.is(200);
    let after = numbers(address).await;
    let version = [("version", env!("CARGO_PKG_VERSION")), ("environment", "development")];
    assert_eq!(after.value("atlas_build_info", &version), Some(1.0));
    assert_eq!(after.the("atlas_schema"), f64::from(atlas::store::schema::VERSION));
    assert_eq!(after.the("atlas_store_commits_total") - before.the("atlas_store_commits_total"), 1.0);
    assert_eq!(after.the("atlas_store_batch_writes_count"), after.the("atlas_store_commits_total"));
    assert_eq!((after.the("atlas_store_queue_writes"), after.the("atlas_store_writable")), (0.0, 1.0));
    let size = std::fs::metadata(world.site.app.store.path()).unwrap().len();
    assert!((after.the("atlas_data_file_bytes") - size as f64).abs() < 1.0);
    assert!(after.the("atlas_disk_free_bytes") > 0.0 && after.the("atlas_uptime_seconds") >= 0.0);
    let today = [("route", "/today"), ("method", "GET"), ("status", "2xx")];
    assert_eq!(after.value("atlas_http_request_duration_seconds_count", &today), Some(1.0));
    assert!(after.value("atlas_http_request_duration_seconds_sum", &today).unwrap() > 0.0);
    assert_eq!((after.the("atlas_outbox_mails"), after.the("atlas_outbox_oldest_seconds")), (0.0, 0.0));
}

#[tokio::test]
async fn waiting_mail_and_snapshots_have_an_age() {
    let relay = [("SMTP_URL", "smtp://127.0.0.1:1"), ("ATLAS_METRICS_LISTEN", "127.0.0.1:0")];
    let mut wishes = crate::routes::staging(&relay);
    wishes.variables.retain(|(name, value)| *name != "SMTP_URL" || value == "smtp://127.0.0.1:1");
    let world = World::with(wishes).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(web::metrics::serve(Arc::clone(&world.site), Arc::new(listener)));
    assert_eq!(numbers(address).await.value("atlas_snapshot_created_age_seconds", &[]), None, "there is none yet");
    let mut owner = world.stranger();
    (owner.name, owner.host) = ("owner", "staging.example.com".to_owned());
    let body = serde_json::json!({ "email": owner.email(), "password": crate::world::PASSWORD, "displayName": "Olga" });
    owner.sends("POST", "/api/auth/signup", &body).await.is(201);
    world.it_is("2026-02-12T12:05:00Z");
    let ages = &world.site.app.snapshot_ages;
    ages.note(instant("2026-02-12T12:04:00Z"), instant("2026-02-12T12:04:30Z"));
    ages.note(instant("2026-02-12T12:01:00Z"), instant("2026-02-12T12:01:30Z"));
    let numbers = numbers(address).await;
    assert_eq!((numbers.the("atlas_outbox_mails"), numbers.the("atlas_outbox_oldest_seconds")), (1.0, 300.0));
    assert_eq!(numbers.the("atlas_snapshot_created_age_seconds"), 60.0, "the newest counts");
    assert_eq!(numbers.the("atlas_snapshot_verified_age_seconds"), 30.0);
}

#[tokio::test]
async fn nobody_can_make_more_labels_and_nothing_of_anybodys_stands_in_them() {
    let (world, address) = measured().await;
    let ada = world.signed_up("ada").await;
    let habit = ada.keeps("Canary").await;
    ada.get(&format!("/habits/{habit}?canary")).await.is(200);
    let mut seen = BTreeSet::new();
    for round in 0..3 {
        for n in 0..20 {
            let method = ["GET", "POST", "BREW", "PROPFIND"][n % 4].to_owned() + ["", "X", "Y"][round % 3];
            ada.asks(&method, &format!("/canary-{round}/{n}?canary"), &[], b"").await;
            ada.asks(&method, &format!("/habits/canary-{round}-{n}"), &[], b"").await;
        }
        let routes: BTreeSet<&str> = table(true, true).iter().map(|route| route.path).chain(["(none)"]).collect();
        let numbers = numbers(address).await;
        for (name, labels) in numbers.samples.keys() {
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
        seen.insert(numbers.samples.len());
    }
    // The second round brought what the first had not; the third brought nothing.
    assert!(seen.len() <= 2, "{seen:?}");
}

#[tokio::test]
async fn the_numbers_are_on_their_own_listener_and_nowhere_else() {
    let (world, address) = measured().await;
    world.stranger().get("/metrics").await.is(404);
    scraped(address, "GET /").await.is(404);
    scraped(address, "GET /today").await.is(404);
    assert_eq!(scraped(address, "POST /metrics").await.is(405).header("allow"), Some("GET, HEAD"));
    assert!(scraped(address, "HEAD /metrics").await.is(200).body.is_empty());
    assert_eq!(exchange(address, b"nonsense\r\n\r\n").await.unwrap().status, 400);

    let folder = tempfile::tempdir().unwrap();
    let server = Server::start_with(folder.path(), &[], &[("ATLAS_METRICS_LISTEN", "127.0.0.1:0")]);
    let log = || std::fs::read_to_string(folder.path().join("log")).unwrap();
    while !log().contains("metrics can be read") {
        tokio::task::yield_now().await;
    }
    let line = log().lines().find(|line| line.contains("metrics can be read")).unwrap().to_owned();
    let line: serde_json::Value = serde_json::from_str(&line).unwrap();
    let address: SocketAddr = line["address"].as_str().unwrap().parse().unwrap();
    assert_ne!(address.port(), server.port);
    assert_eq!(numbers(address).await.the("atlas_store_writable"), 1.0);
    server.signal("TERM");
    assert_eq!(server.ends().0, Some(0));

    let held = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let variables = [("ATLAS_METRICS_LISTEN", held.local_addr().unwrap().to_string())];
    let variables = variables.each_ref().map(|(name, value)| (*name, value.as_str()));
    let ended = crate::process::run(folder.path(), &["serve", "--listen", "127.0.0.1:0"], &variables);
    assert_eq!(crate::process::code(&ended), 69);
    assert!(crate::process::complaint(&ended).contains("ATLAS_METRICS_LISTEN"));
    drop(held);
}
