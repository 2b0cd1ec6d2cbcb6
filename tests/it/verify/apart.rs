//! `isolation`: whatever staging shares with production is found by it, and by nothing else.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::approved::PRODUCTION;
use super::exactly;
use super::proxy::Lie;
use super::staging::Staging;
use crate::fence::copy;
use crate::process::Server;

const TOKEN: &str = "one-token-for-the-operators-of-both";

/// Production as a process of its own has left it beside staging: its folder, with what it tells the others.
fn production_is_beside(staging: &Path, shares: &[(&str, &str)]) {
    let folder = tempfile::tempdir().unwrap();
    let all: Vec<_> = PRODUCTION.iter().copied().filter(|(name, _)| *name != "ATLAS_REQUIRE_VERIFIED").collect();
    let server = Server::start_with(folder.path(), &[], &[&all, shares].concat());
    server.signal("TERM");
    assert_eq!(server.ends().0, Some(0));
    copy(&folder.path().join("data/production"), &staging.join("data/production"));
}

fn finds(staging: &Staging, what: &str, key: &str) {
    staging.proxy.lies(Lie::No);
    let checked = staging.verifies();
    exactly(&checked, "isolation", &[]);
    let seen = checked.item("isolation")["seen"].as_str().unwrap();
    assert!(seen.starts_with(&format!("{key}: ")), "{what}: {seen}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_shared_in_atlas_toml_is_found() {
    let staging = Staging::new().await;
    let toml = staging.folder.path().join("atlas.toml");
    let address = format!("app_url = \"https://localhost:{}\"", staging.proxy.port);
    for (what, line, key) in [
        ("the file", "data_file = \"data/staging/atlas.redb\"", "data_file"),
        ("the file by another way", "data_file = \"data/production/../staging/atlas.redb\"", "data_file"),
        ("the folder", "data_file = \"data/staging/production.redb\"", "data_file"),
        ("the address", &address, "app_url"),
        ("the sender", "mail.from = \"Atlas <atlas@example.com>\"", "mail.from"),
    ] {
        fs::write(&toml, format!("[environment.production]\n{line}\n")).unwrap();
        finds(&staging, what, key);
    }
    fs::write(&toml, "[environment.production]\napp_url = \"https://atlas.example.com\"\n").unwrap();
    staging.proxy.lies(Lie::No);
    assert_eq!(staging.verifies().exit, 0, "what differs is fine");
    assert_eq!(staging.people(), json!([]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_processes_share_that_know_nothing_of_each_other_is_found() {
    let staging = Staging::with(&[("ATLAS_OPERATOR_TOKEN", TOKEN)]).await;
    let folder = staging.folder.path();
    let of_staging = |name: &str| {
        staging.variables().into_iter().find(|(known, _)| *known == name).map(|(_, value)| value.to_owned()).unwrap()
    };
    let (secret, relay, address) = (of_staging("NEXTAUTH_SECRET"), of_staging("SMTP_URL"), of_staging("APP_URL"));
    let authority = folder.join("authority.pem");
    let own_relay =
        [("RESEND_API_KEY", ""), ("SMTP_URL", relay.as_str()), ("SMTP_CA_FILE", authority.to_str().unwrap())];
    let shared: [(&str, &[(&str, &str)]); 5] = [
        ("secret", &[("NEXTAUTH_SECRET", &secret)]),
        ("mail.resend_api_key", &own_relay),
        ("operator_token", &[("ATLAS_OPERATOR_TOKEN", TOKEN)]),
        ("app_url", &[("APP_URL", &address)]),
        ("mail.from", &[("RESEND_FROM_EMAIL", "atlas@example.com")]),
    ];
    for (key, shares) in shared {
        production_is_beside(folder, shares);
        finds(&staging, key, key);
        fs::remove_dir_all(folder.join("data/production")).unwrap();
    }
    production_is_beside(folder, &[]);
    staging.proxy.lies(Lie::No);
    assert_eq!(staging.verifies().exit, 0, "what differs is fine");

    // Another file than the one that lives here.
    let path = staging.home().join("identity.json");
    let mut identity: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    identity["fileId"] = json!("0190c7a0-0000-7000-8000-000000000000");
    fs::write(&path, identity.to_string()).unwrap();
    staging.proxy.lies(Lie::No);
    let checked = staging.verifies();
    exactly(&checked, "isolation", &[]);
    assert!(checked.item("isolation")["expected"].as_str().unwrap().contains("identity.json"), "{}", checked.report);
}
