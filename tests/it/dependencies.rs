//! The dependencies: source, licenses, unwanted packages and duplicates.
//!
//! Known vulnerabilities need the network: `cargo deny check`, with `deny.toml`.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use toml::Value;

/// Licenses whose only condition for a binary is attribution.
const ALLOWED_LICENSES: [&str; 8] =
    ["MIT", "Apache-2.0", "BSD-3-Clause", "ISC", "Zlib", "Unicode-3.0", "CDLA-Permissive-2.0", "MPL-2.0"];

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

/// Whether an SPDX expression can be satisfied with [`ALLOWED_LICENSES`]. Older packages write `/` for OR.
fn is_allowed(expression: &str) -> bool {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let tokens: Vec<&str> = spaced.split_whitespace().collect();
    let (allowed, rest) = parse_or(&tokens);
    assert!(rest.is_empty(), "{expression}");
    allowed
}

fn parse_or<'a>(tokens: &'a [&'a str]) -> (bool, &'a [&'a str]) {
    let (mut allowed, mut rest) = parse_and(tokens);
    while let ["OR", more @ ..] = rest {
        let (other, after) = parse_and(more);
        (allowed, rest) = (allowed || other, after);
    }
    (allowed, rest)
}

fn parse_and<'a>(tokens: &'a [&'a str]) -> (bool, &'a [&'a str]) {
    let (mut allowed, mut rest) = parse_license(tokens);
    while let ["AND", more @ ..] = rest {
        let (other, after) = parse_license(more);
        (allowed, rest) = (allowed && other, after);
    }
    (allowed, rest)
}

fn parse_license<'a>(tokens: &'a [&'a str]) -> (bool, &'a [&'a str]) {
    match tokens {
        ["(", inside @ ..] => {
            let (allowed, rest) = parse_or(inside);
            (allowed, rest.strip_prefix(&[")"]).unwrap())
        }
        // An exception only relaxes the license.
        [license, "WITH", _, rest @ ..] | [license, rest @ ..] => (ALLOWED_LICENSES.contains(license), rest),
        [] => panic!("a license is missing"),
    }
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
    for (expression, allowed) in [
        ("MIT", true),
        ("GPL-3.0-only", false),
        ("Apache-2.0 OR GPL-2.0-only", true),
        ("MIT AND GPL-2.0-only", false),
        ("(MIT OR GPL-2.0-only) AND ISC", true),
        ("MIT/Apache-2.0", true),
        ("Apache-2.0 WITH LLVM-exception", true),
    ] {
        assert_eq!(is_allowed(expression), allowed, "{expression}");
    }
    let refused: Vec<_> =
        build_dependencies().into_iter().filter(|(_, _, license)| license.is_empty() || !is_allowed(license)).collect();
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
