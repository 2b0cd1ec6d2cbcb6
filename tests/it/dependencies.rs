//! The dependencies: source, licenses, unwanted packages and duplicates.
//!
//! Known vulnerabilities need the network: `cargo deny check`, with `deny.toml`.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use spdx::{Expression, LicenseReq, Licensee, ParseMode};
use toml::Value;

/// Packages that would add a second implementation of TLS, HTTP, async I/O or allocation.
const UNWANTED_PACKAGES: [&str; 12] = [
    "openssl",
    "openssl-sys",
    "native-tls",
    "schannel",
    "aws-lc-rs",
    "aws-lc-sys",
    "reqwest",
    "curl",
    "isahc",
    "async-std",
    "smol",
    "jemalloc-sys",
];

/// Packages that must exist in one version only, because values of one version don't fit the other.
const SINGLE_VERSION_PACKAGES: [&str; 12] = [
    "http",
    "http-body",
    "hyper",
    "h2",
    "tokio",
    "rustls",
    "rustls-webpki",
    "ring",
    "redb",
    "serde",
    "serde_json",
    "jiff",
];

/// Name, version and license of every package that is part of the binary or of its build.
fn build_dependencies() -> BTreeSet<(String, String, String)> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let args =
        ["tree", "--locked", "--edges", "normal,build", "--prefix", "none", "--no-dedupe", "--format", "{p}|{l}"];
    let tree = Command::new(cargo).args(args).current_dir(env!("CARGO_MANIFEST_DIR")).output().unwrap();
    assert!(tree.status.success(), "{}", String::from_utf8_lossy(&tree.stderr));
    let tree = String::from_utf8(tree.stdout).unwrap();
    let lines = tree.lines().map(|line| {
        let (package, license) = line.split_once('|').unwrap();
        let mut fields = package.split(' ');
        (fields.next().unwrap().to_owned(), fields.next().unwrap().to_owned(), license.to_owned())
    });
    lines.collect()
}

/// The licenses that `deny.toml` allows: their only condition for a binary is attribution.
fn allowed_licenses() -> Vec<Licensee> {
    let settings = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/deny.toml")).unwrap();
    let settings: Value = toml::from_str(&settings).unwrap();
    let names = settings["licenses"]["allow"].as_array().unwrap();
    names.iter().map(|name| Licensee::parse(name.as_str().unwrap()).unwrap()).collect()
}

/// Whether an SPDX expression can be satisfied with `allowed`. Older packages write `/` for OR.
fn is_allowed(expression: &str, allowed: &[Licensee]) -> bool {
    let parsed = Expression::parse_mode(expression, ParseMode::LAX).unwrap_or_else(|error| panic!("{error}"));
    parsed.evaluate(|required| allowed.iter().any(|licensee| licensee.satisfies(&without_exception(required))))
}

/// An exception only relaxes the license.
fn without_exception(required: &LicenseReq) -> LicenseReq {
    LicenseReq { addition: None, ..required.clone() }
}

#[test]
fn every_dependency_comes_from_the_registry_with_a_checksum() {
    let lock = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.lock")).unwrap();
    let lock: Value = toml::from_str(&lock).unwrap();
    let packages = lock["package"].as_array().unwrap();
    let is_atlas = |package: &&Value| package["name"].as_str() == Some("atlas");
    let others: Vec<&Value> = packages.iter().filter(|package| !is_atlas(package)).collect();
    assert_eq!((packages.len(), others.len() > 100), (others.len() + 1, true));
    let sources: BTreeSet<Option<&str>> =
        others.iter().map(|package| package.get("source").and_then(Value::as_str)).collect();
    assert_eq!(sources.len(), 1, "{sources:?}");
    assert!(sources.iter().all(|source| source.is_some_and(|source| source.starts_with("registry+"))), "{sources:?}");
    for package in others {
        assert_eq!(package["checksum"].as_str().map(str::len), Some(64), "{package}");
    }
}

#[test]
fn every_license_is_allowed() {
    let licenses = allowed_licenses();
    for (expression, allowed) in [
        ("MIT", true),
        ("GPL-3.0-only", false),
        ("Apache-2.0 OR GPL-2.0-only", true),
        ("MIT AND GPL-2.0-only", false),
        ("(MIT OR GPL-2.0-only) AND ISC", true),
        ("MIT/Apache-2.0", true),
        ("Apache-2.0 WITH LLVM-exception", true),
    ] {
        assert_eq!(is_allowed(expression, &licenses), allowed, "{expression}");
    }
    let refused: Vec<_> = build_dependencies()
        .into_iter()
        .filter(|(_, _, license)| license.is_empty() || !is_allowed(license, &licenses))
        .collect();
    assert!(refused.is_empty(), "{refused:#?}");
}

#[test]
fn no_unwanted_package_is_used_and_core_packages_exist_once() {
    let mut versions: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (name, version, _) in build_dependencies() {
        versions.entry(name).or_default().insert(version);
    }
    for name in UNWANTED_PACKAGES {
        assert!(!versions.contains_key(name), "{name} is a dependency");
    }
    for name in SINGLE_VERSION_PACKAGES {
        assert_eq!(versions.get(name).map(BTreeSet::len), Some(1), "{name}: {:?}", versions.get(name));
    }
}
