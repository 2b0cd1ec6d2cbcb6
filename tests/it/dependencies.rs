//! What comes along with Atlas: from where, under which licence, and nothing twice that should be there once.
//!
//! Whether one of them is known to be faulty only the network can say: `cargo deny check`, with `deny.toml`.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use toml::Value;

/// Licences that ask for no more than to be named.
const LICENCES: [&str; 8] =
    ["MIT", "Apache-2.0", "BSD-3-Clause", "ISC", "Zlib", "Unicode-3.0", "CDLA-Permissive-2.0", "MPL-2.0"];

/// Whoever would bring a second way of doing what the first one does: TLS, HTTP, asynchronous work, allocation.
const UNWANTED: [&str; 12] = [
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

/// What there must be in one version only, lest two of them disagree about the same connection or the same value.
const ONCE: [&str; 12] = [
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

/// Name, version and licence of all that is built into the binary, or runs while it is built.
fn built_in() -> BTreeSet<(String, String, String)> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let words =
        ["tree", "--locked", "--edges", "normal,build", "--prefix", "none", "--no-dedupe", "--format", "{p}|{l}"];
    let tree = Command::new(cargo).args(words).current_dir(env!("CARGO_MANIFEST_DIR")).output().unwrap();
    assert!(tree.status.success(), "{}", String::from_utf8_lossy(&tree.stderr));
    let tree = String::from_utf8(tree.stdout).unwrap();
    let lines = tree.lines().map(|line| {
        let (package, licence) = line.split_once('|').unwrap();
        let mut words = package.split(' ');
        (words.next().unwrap().to_owned(), words.next().unwrap().to_owned(), licence.to_owned())
    });
    lines.collect()
}

/// Whether an SPDX expression can be met with licences of the list. `/` is how older packages write OR.
fn is_met(expression: &str) -> bool {
    let spread = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let words: Vec<&str> = spread.split_whitespace().collect();
    let (met, rest) = either(&words);
    assert!(rest.is_empty(), "{expression}");
    met
}

fn either<'a>(words: &'a [&'a str]) -> (bool, &'a [&'a str]) {
    let (mut met, mut rest) = all(words);
    while let ["OR", more @ ..] = rest {
        let (other, after) = all(more);
        (met, rest) = (met || other, after);
    }
    (met, rest)
}

fn all<'a>(words: &'a [&'a str]) -> (bool, &'a [&'a str]) {
    let (mut met, mut rest) = one(words);
    while let ["AND", more @ ..] = rest {
        let (other, after) = one(more);
        (met, rest) = (met && other, after);
    }
    (met, rest)
}

fn one<'a>(words: &'a [&'a str]) -> (bool, &'a [&'a str]) {
    match words {
        ["(", inside @ ..] => {
            let (met, rest) = either(inside);
            (met, rest.strip_prefix(&[")"]).unwrap())
        }
        // An exception only takes something back from what the licence asks.
        [licence, "WITH", _, rest @ ..] | [licence, rest @ ..] => (LICENCES.contains(licence), rest),
        [] => panic!("a licence is missing"),
    }
}

#[test]
fn everything_comes_from_the_one_registry_by_name_version_and_digest() {
    let lock = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.lock")).unwrap();
    let lock: Value = toml::from_str(&lock).unwrap();
    let packages = lock["package"].as_array().unwrap();
    let own = |package: &&Value| package["name"].as_str() == Some("atlas");
    let others: Vec<&Value> = packages.iter().filter(|package| !own(package)).collect();
    assert_eq!((packages.len(), others.len() > 100), (others.len() + 1, true));
    let sources: BTreeSet<Option<&str>> = others.iter().map(|one| one.get("source").and_then(Value::as_str)).collect();
    assert_eq!(sources.len(), 1, "{sources:?}");
    assert!(sources.iter().all(|source| source.is_some_and(|source| source.starts_with("registry+"))), "{sources:?}");
    for package in others {
        assert_eq!(package["checksum"].as_str().map(str::len), Some(64), "{package}");
    }
}

#[test]
fn every_licence_asks_for_no_more_than_to_be_named() {
    for (expression, met) in [
        ("MIT", true),
        ("GPL-3.0-only", false),
        ("Apache-2.0 OR GPL-2.0-only", true),
        ("MIT AND GPL-2.0-only", false),
        ("(MIT OR GPL-2.0-only) AND ISC", true),
        ("MIT/Apache-2.0", true),
        ("Apache-2.0 WITH LLVM-exception", true),
    ] {
        assert_eq!(is_met(expression), met, "{expression}");
    }
    let refused: Vec<_> =
        built_in().into_iter().filter(|(_, _, licence)| licence.is_empty() || !is_met(licence)).collect();
    assert!(refused.is_empty(), "{refused:#?}");
}

#[test]
fn there_is_one_way_of_tls_and_of_http_and_what_must_agree_is_there_once() {
    let mut versions: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (name, version, _) in built_in() {
        versions.entry(name).or_default().insert(version);
    }
    for name in UNWANTED {
        assert!(!versions.contains_key(name), "{name} comes along");
    }
    for name in ONCE {
        assert_eq!(versions.get(name).map(BTreeSet::len), Some(1), "{name}: {:?}", versions.get(name));
    }
}
