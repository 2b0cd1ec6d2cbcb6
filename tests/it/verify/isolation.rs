//! The `isolation` item finds everything that staging shares with production, and no other item fails.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::approvals::PRODUCTION;
use super::assert_only_failure;
use super::proxy::ProxyFault;
use super::staging::Staging;
use crate::isolation::copy_folder;
use crate::process::Server;

const TOKEN: &str = "one-token-for-the-operators-of-both";

/// Runs production once in another folder with the variables in `shared`, and copies the data folder that it leaves,
/// including its record for other environments, beside staging.
fn place_production_beside(staging: &Path, shared: &[(&str, &str)]) {
    let folder = tempfile::tempdir().unwrap();
    let all: Vec<_> = PRODUCTION.iter().copied().filter(|(name, _)| *name != "ATLAS_REQUIRE_VERIFIED").collect();
    let server = Server::start_with(folder.path(), &[], &[&all, shared].concat());
    server.signal("TERM");
    assert_eq!(server.wait().0, Some(0));
    copy_folder(&folder.path().join("data/production"), &staging.join("data/production"));
}

fn assert_conflict_found(staging: &Staging, case: &str, key: &str) {
    staging.proxy.set_fault(ProxyFault::None);
    let result = staging.verify();
    assert_only_failure(&result, "isolation", &[]);
    let seen = result.item("isolation")["seen"].as_str().unwrap();
    assert!(seen.starts_with(&format!("{key}: ")), "{case}: {seen}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn conflicts_within_atlas_toml_are_found() {
    let staging = Staging::new().await;
    let toml = staging.folder.path().join("atlas.toml");
    let address = format!("app_url = \"https://localhost:{}\"", staging.proxy.port);
    for (case, line, key) in [
        ("the file", "data_file = \"data/staging/atlas.redb\"", "data_file"),
        ("the file by another path", "data_file = \"data/production/../staging/atlas.redb\"", "data_file"),
        ("the folder", "data_file = \"data/staging/production.redb\"", "data_file"),
        ("the address", &address, "app_url"),
        ("the sender", "mail.from = \"Atlas <atlas@example.com>\"", "mail.from"),
    ] {
        fs::write(&toml, format!("[environment.production]\n{line}\n")).unwrap();
        assert_conflict_found(&staging, case, key);
    }
    fs::write(&toml, "[environment.production]\napp_url = \"https://atlas.example.com\"\n").unwrap();
    staging.proxy.set_fault(ProxyFault::None);
    assert_eq!(staging.verify().exit_code, 0, "different values are no conflict");
    assert_eq!(staging.list_users(), json!([]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn conflicts_between_separately_configured_processes_are_found() {
    let staging = Staging::with_variables(&[("ATLAS_OPERATOR_TOKEN", TOKEN)]).await;
    let folder = staging.folder.path();
    let staging_variable = |name: &str| {
        staging.variables().into_iter().find(|(known, _)| *known == name).map(|(_, value)| value.to_owned()).unwrap()
    };
    let (secret, relay, address) =
        (staging_variable("NEXTAUTH_SECRET"), staging_variable("SMTP_URL"), staging_variable("APP_URL"));
    let authority = folder.join("authority.pem");
    let staging_relay =
        [("RESEND_API_KEY", ""), ("SMTP_URL", relay.as_str()), ("SMTP_CA_FILE", authority.to_str().unwrap())];
    let cases: [(&str, &[(&str, &str)]); 5] = [
        ("secret", &[("NEXTAUTH_SECRET", &secret)]),
        ("mail.resend_api_key", &staging_relay),
        ("operator_token", &[("ATLAS_OPERATOR_TOKEN", TOKEN)]),
        ("app_url", &[("APP_URL", &address)]),
        ("mail.from", &[("RESEND_FROM_EMAIL", "atlas@example.com")]),
    ];
    for (key, shared) in cases {
        place_production_beside(folder, shared);
        assert_conflict_found(&staging, key, key);
        fs::remove_dir_all(folder.join("data/production")).unwrap();
    }
    place_production_beside(folder, &[]);
    staging.proxy.set_fault(ProxyFault::None);
    assert_eq!(staging.verify().exit_code, 0, "different values are no conflict");

    // A data file other than the one recorded in identity.json.
    let path = staging.data_folder().join("identity.json");
    let mut identity: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    identity["fileId"] = json!("0190c7a0-0000-7000-8000-000000000000");
    fs::write(&path, identity.to_string()).unwrap();
    staging.proxy.set_fault(ProxyFault::None);
    let result = staging.verify();
    assert_only_failure(&result, "isolation", &[]);
    assert!(result.item("isolation")["expected"].as_str().unwrap().contains("identity.json"), "{}", result.report);
}
