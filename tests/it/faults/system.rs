//! The real binary when the system says no: to the n-th open, write, sync, rename and so on of a command, once or for ever. Each
//! command is whole or did not happen, says so, and works when the system does; planting seeds adds what is missing.
//!
//! The data file has stories of its own, with a disk that is made up ([`super::calls`]). Here it is everything: manifests, the
//! identity, kept binaries, the folders they stand in. Some places of each kind are tried, every one with `ATLAS_TESTS=long`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::LazyLock;

use atlas::store::schema;
use serde_json::{Value, json};

use super::is_long;
use crate::abuse::room::{FILE, copied, half_done, planted};
use crate::process::{atlas, code, complaint, run, said};

/// From `asm-generic/errno-base.h`, the same on every Linux that Atlas is built for.
const EIO: i32 = 5;
const EMFILE: i32 = 24;
const ENOSPC: i32 = 28;

/// What can be refused, and why.
const KINDS: [(&str, &[i32]); 8] = [
    ("open", &[EIO, EMFILE, ENOSPC]),
    ("make", &[EIO, ENOSPC]),
    ("name", &[EIO, ENOSPC]),
    ("remove", &[EIO]),
    ("sync", &[EIO]),
    ("cut", &[EIO, ENOSPC]),
    ("write", &[EIO, ENOSPC]),
    ("read", &[EIO]),
];

/// How many places of a kind are tried where not all are.
const PLACES: usize = 3;

/// The library that says no. It stays for as long as the tests run.
static NO: LazyLock<PathBuf> = LazyLock::new(|| {
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/faults/system.c");
    let library = tempfile::Builder::new().suffix(".so").tempfile().unwrap().into_temp_path().keep().unwrap();
    let mut compiler = std::process::Command::new("cc");
    let built = compiler.args(["-O1", "-shared", "-fPIC", source, "-ldl", "-o"]).arg(&library).output().unwrap();
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    library
});

/// A refusal.
#[derive(Debug, Clone, Copy)]
struct Fault {
    kind: &'static str,
    at: usize,
    because: i32,
    for_ever: bool,
}

/// Runs a command with a fault, or with none and counting.
fn under(folder: &Path, words: &[&str], fault: Option<Fault>) -> Output {
    let folder = fs::canonicalize(folder).unwrap();
    let mut command = atlas(&folder);
    command.args(words).env("LD_PRELOAD", &*NO).env("NO_IN", &folder);
    match fault {
        Some(fault) => {
            let (at, because) = (fault.at.to_string(), fault.because.to_string());
            command.envs([("NO_TO", fault.kind), ("NO_AT", &at), ("NO_BECAUSE", &because)]);
            command.envs(fault.for_ever.then_some(("NO_EVER", "1")));
        }
        None => {
            command.env("NO_COUNTS", folder.join("counts"));
        }
    }
    command.output().unwrap()
}

/// How often a command makes each kind of call when nothing is refused.
fn counts(folder: &Path) -> Vec<(String, usize)> {
    let told = fs::read_to_string(folder.join("counts")).unwrap();
    let counts = told.lines().map(|line| line.split_once(' ').unwrap());
    counts.map(|(kind, count)| (kind.to_owned(), count.parse().unwrap())).collect()
}

/// What the file holds: its schema and, where this binary reads it, who is there, confirmed, switched off. Nothing when there is
/// no file.
fn held(folder: &Path) -> Value {
    if !folder.join(FILE).exists() {
        return Value::Null;
    }
    let [status, people] = [&["migrate", "status", "--json"][..], &["user", "list", "--json"]].map(|words| {
        let output = run(folder, words, &[]);
        serde_json::from_str::<Value>(&said(&output)).unwrap_or(Value::Null)
    });
    let person = |one: &Value| json!([one["email"], one["emailVerifiedAt"].is_null(), one["disabledAt"].is_null()]);
    let people: Vec<Value> = people["users"].as_array().into_iter().flatten().map(person).collect();
    json!([status["schema"], people])
}

/// The faults to try at a kind of which there are so many calls: every place, reason and duration, or some of each.
fn faults(kind: &'static str, reasons: &[i32], calls: usize) -> Vec<Fault> {
    let of = |at, because, for_ever| Fault { kind, at, because, for_ever };
    if is_long() {
        let places = (1..=calls).flat_map(|at| reasons.iter().map(move |because| (at, *because)));
        return places.flat_map(|(at, because)| [of(at, because, false), of(at, because, true)]).collect();
    }
    let places = PLACES.min(calls);
    let spread = (0..places).map(|n| 1 + n * (calls - 1) / (places - 1).max(1));
    spread.enumerate().map(|(n, at)| of(at, reasons[n % reasons.len()], n % 2 == 1)).collect()
}

/// What is asked of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asked {
    /// That it is whole, or did not happen.
    Whole,
    /// That the next time it adds what is missing.
    Repeated,
}

/// Tries a command under every fault, from a folder as `start` is.
#[allow(clippy::print_stdout, reason = "the figures are there to be read")]
fn survives(start: &Path, words: &[&str], asked: Asked) {
    let (begins, before) = (tempfile::tempdir().unwrap(), held(start));
    copied(start, begins.path());
    let output = under(begins.path(), words, None);
    assert_eq!(code(&output), 0, "{}", complaint(&output));
    let (counts, after) = (counts(begins.path()), held(begins.path()));
    let (mut tried, mut refused) = (0, 0);
    for (kind, reasons) in KINDS {
        let calls = counts.iter().find(|(name, _)| name == kind).map_or(0, |(_, calls)| *calls);
        for fault in faults(kind, reasons, calls) {
            tried += 1;
            refused += usize::from(fails_or_is_whole(start, words, asked, fault, [&before, &after]));
        }
    }
    println!("system: {tried} refusals to `atlas {}`: {refused} said so, the others did no harm", words.join(" "));
    assert!(refused > 0 && tried > KINDS.len(), "{refused} of {tried}");
}

/// Answers whether the command failed.
fn fails_or_is_whole(start: &Path, words: &[&str], asked: Asked, fault: Fault, [before, after]: [&Value; 2]) -> bool {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    copied(start, folder);
    let output = under(folder, words, Some(fault));
    let what = format!("{words:?}, {fault:?}: {:?} {}{}", output.status, said(&output), complaint(&output));
    assert!(!complaint(&output).contains("panicked"), "{what}");
    let found = held(folder);
    let failed = code(&output) != 0;
    if failed {
        assert!([1, 69, 70, 74, 78].contains(&code(&output)) && complaint(&output).starts_with("atlas: "), "{what}");
        assert!(asked == Asked::Repeated || found == *before || found == *after, "{what}: {found:#}");
    } else {
        assert_eq!(found, *after, "{what}");
    }
    // What cannot be removed stays.
    if fault.kind != "remove" {
        assert!(half_done(folder).is_empty(), "{what}: {:?}", half_done(folder));
    }
    // Snapshots are proven by a binary whose schema the file has.
    if found[0] == json!(schema::VERSION) {
        let verified = run(folder, &["snapshot", "verify"], &[]);
        assert_eq!(code(&verified), 0, "{what}: {}", complaint(&verified));
    }
    if failed && (asked == Asked::Repeated || found == *before) {
        let again = run(folder, words, &[]);
        assert_eq!(code(&again), 0, "{what}; then: {}", complaint(&again));
        assert_eq!(held(folder), *after, "{what}");
    }
    failed
}

#[test]
fn a_system_that_says_no_breaks_no_snapshot() {
    survives(planted().0.path(), &["snapshot", "create"], Asked::Whole);
}

#[test]
fn a_system_that_says_no_breaks_no_rollback() {
    let (folder, id) = planted();
    survives(folder.path(), &["rollback", "--to", &id], Asked::Whole);
}

#[test]
fn a_system_that_says_no_breaks_no_way_down_or_up() {
    let (folder, _) = planted();
    survives(folder.path(), &["migrate", "down", "--to", "2"], Asked::Whole);
    assert_eq!(code(&run(folder.path(), &["migrate", "down", "--to", "2"], &[])), 0);
    survives(folder.path(), &["migrate", "up"], Asked::Whole);
}

#[test]
fn a_system_that_says_no_breaks_no_seed_and_no_command_about_people() {
    survives(tempfile::tempdir().unwrap().path(), &["seed"], Asked::Repeated);
    survives(planted().0.path(), &["user", "enable", "ines@example.com"], Asked::Whole);
}
