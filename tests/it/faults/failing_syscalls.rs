//! The real binary while system calls fail: the n-th open, write, sync, rename and so on of a command, once or
//! persistently. Each command either completes or changes nothing, reports the failure, and works when it is repeated
//! without the fault. `atlas seed` completes what is missing when it is repeated.
//!
//! [`super::failing_calls`] tests the data file alone, on a simulated disk. These tests cover every file: manifests,
//! the identity, kept binaries and their folders. A normal run samples some calls of each kind; `ATLAS_TESTS=long`
//! covers all.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::LazyLock;

use atlas::store::tables::schema;
use serde_json::{Value, json};

use super::long_tests_enabled;
use crate::abuse::disk_space::{DATA_FILE, copy_folder, seeded_folder_with_snapshot, temporary_files};
use crate::process::{atlas_command, exit_code, run, stderr, stdout};

/// From `asm-generic/errno-base.h`, the same on every Linux that Atlas is built for.
const EPERM: i32 = 1;
const EINVAL: i32 = 22;
const EIO: i32 = 5;
const EMFILE: i32 = 24;
const ENOSPC: i32 = 28;

/// The system calls that can fail, and their `errno` values.
const CALLS: [(&str, &[i32]); 8] = [
    ("open", &[EIO, EMFILE, ENOSPC]),
    ("mkdir", &[EIO, ENOSPC]),
    ("rename", &[EIO, ENOSPC]),
    ("unlink", &[EIO]),
    ("sync", &[EIO]),
    ("truncate", &[EIO, ENOSPC]),
    ("write", &[EIO, ENOSPC]),
    ("read", &[EIO]),
];

/// How many calls of a kind a normal run samples.
const SAMPLES_PER_CALL: usize = 3;

/// The preloaded library that makes calls fail. Compiled once per test process.
pub static FAULT_LIBRARY: LazyLock<PathBuf> = LazyLock::new(|| {
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/faults/failing_syscalls.c");
    let library = tempfile::Builder::new().suffix(".so").tempfile().unwrap().into_temp_path().keep().unwrap();
    let mut compiler = std::process::Command::new("cc");
    let built = compiler.args(["-O1", "-shared", "-fPIC", source, "-ldl", "-o"]).arg(&library).output().unwrap();
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    library
});

#[derive(Debug, Clone, Copy)]
struct SyscallFault {
    call: &'static str,
    /// One-based, among the calls of this kind.
    nth: usize,
    errno: i32,
    /// Every later call of this kind fails as well.
    persistent: bool,
}

/// Runs a command with a fault, or without one to count its calls.
fn run_with_fault(folder: &Path, args: &[&str], fault: Option<SyscallFault>) -> Output {
    let folder = fs::canonicalize(folder).unwrap();
    let mut command = atlas_command(&folder);
    command.args(args).env("LD_PRELOAD", &*FAULT_LIBRARY).env("FAULT_DIR", &folder);
    match fault {
        Some(fault) => {
            let (nth, errno) = (fault.nth.to_string(), fault.errno.to_string());
            command.envs([("FAULT_CALL", fault.call), ("FAULT_NTH", &nth), ("FAULT_ERRNO", &errno)]);
            command.envs(fault.persistent.then_some(("FAULT_PERSISTENT", "1")));
        }
        None => {
            command.env("FAULT_COUNTS", folder.join("counts"));
        }
    }
    command.output().unwrap()
}

/// Reads how often the last command made each kind of call.
fn read_call_counts(folder: &Path) -> Vec<(String, usize)> {
    let text = fs::read_to_string(folder.join("counts")).unwrap();
    let counts = text.lines().map(|line| line.split_once(' ').unwrap());
    counts.map(|(call, count)| (call.to_owned(), count.parse().unwrap())).collect()
}

/// Summarizes the data file: its schema and, if this binary can read it, each user with whether they are verified and
/// disabled. Null if there is no file.
fn summarize(folder: &Path) -> Value {
    if !folder.join(DATA_FILE).exists() {
        return Value::Null;
    }
    let [status, users] = [&["migrate", "status", "--json"][..], &["user", "list", "--json"]].map(|args| {
        let output = run(folder, args, &[]);
        serde_json::from_str::<Value>(&stdout(&output)).unwrap_or(Value::Null)
    });
    let summary =
        |user: &Value| json!([user["email"], user["emailVerifiedAt"].is_null(), user["disabledAt"].is_null()]);
    let users: Vec<Value> = users["users"].as_array().into_iter().flatten().map(summary).collect();
    json!([status["schema"], users])
}

/// Returns the faults to try for a kind of call that is made `call_count` times: every combination, or a sample.
fn faults(call: &'static str, errnos: &[i32], call_count: usize) -> Vec<SyscallFault> {
    let fault = |nth, errno, persistent| SyscallFault { call, nth, errno, persistent };
    if long_tests_enabled() {
        let all = (1..=call_count).flat_map(|nth| errnos.iter().map(move |errno| (nth, *errno)));
        return all.flat_map(|(nth, errno)| [fault(nth, errno, false), fault(nth, errno, true)]).collect();
    }
    let samples = SAMPLES_PER_CALL.min(call_count);
    let spread = (0..samples).map(|n| 1 + n * (call_count - 1) / (samples - 1).max(1));
    spread.enumerate().map(|(n, nth)| fault(nth, errnos[n % errnos.len()], n % 2 == 1)).collect()
}

/// What a command guarantees when it fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Guarantee {
    /// The command completes or changes nothing.
    Atomic,
    /// Repeating the command completes what is missing.
    Resumable,
}

/// Runs a command with every fault, each time in a fresh copy of the folder `start`.
#[allow(clippy::print_stdout, reason = "prints the number of faults tried")]
fn run_with_every_fault(start: &Path, args: &[&str], guarantee: Guarantee) {
    let (folder, before) = (tempfile::tempdir().unwrap(), summarize(start));
    copy_folder(start, folder.path());
    let output = run_with_fault(folder.path(), args, None);
    assert_eq!(exit_code(&output), 0, "{}", stderr(&output));
    let (counts, after) = (read_call_counts(folder.path()), summarize(folder.path()));
    let (mut tried, mut failed) = (0, 0);
    for (call, errnos) in CALLS {
        let call_count = counts.iter().find(|(name, _)| name == call).map_or(0, |(_, count)| *count);
        for fault in faults(call, errnos, call_count) {
            tried += 1;
            failed += usize::from(fails_or_completes(start, args, guarantee, fault, [&before, &after]));
        }
    }
    println!(
        "system calls: {tried} faults in `atlas {}`: {failed} made it fail, the others did no harm",
        args.join(" ")
    );
    assert!(failed > 0 && tried > CALLS.len(), "{failed} of {tried}");
}

/// Returns whether the command failed.
fn fails_or_completes(
    start: &Path,
    args: &[&str],
    guarantee: Guarantee,
    fault: SyscallFault,
    [before, after]: [&Value; 2],
) -> bool {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    copy_folder(start, folder);
    let output = run_with_fault(folder, args, Some(fault));
    let what = format!("{args:?}, {fault:?}: {:?} {}{}", output.status, stdout(&output), stderr(&output));
    assert!(!stderr(&output).contains("panicked"), "{what}");
    let found = summarize(folder);
    let failed = exit_code(&output) != 0;
    if failed {
        assert!([1, 69, 70, 74, 78].contains(&exit_code(&output)) && stderr(&output).starts_with("atlas: "), "{what}");
        assert!(guarantee == Guarantee::Resumable || found == *before || found == *after, "{what}: {found:#}");
    } else {
        assert_eq!(found, *after, "{what}");
    }
    // A file that cannot be removed stays.
    if fault.call != "unlink" {
        assert!(temporary_files(folder).is_empty(), "{what}: {:?}", temporary_files(folder));
    }
    // A binary can verify snapshots only while the file has its schema.
    if found[0] == json!(schema::VERSION) {
        let verified = run(folder, &["snapshot", "verify"], &[]);
        assert_eq!(exit_code(&verified), 0, "{what}: {}", stderr(&verified));
    }
    if failed && (guarantee == Guarantee::Resumable || found == *before) {
        let retry = run(folder, args, &[]);
        assert_eq!(exit_code(&retry), 0, "{what}; then: {}", stderr(&retry));
        assert_eq!(summarize(folder), *after, "{what}");
    }
    failed
}

#[test]
fn failing_system_calls_break_no_snapshot() {
    run_with_every_fault(seeded_folder_with_snapshot().0.path(), &["snapshot", "create"], Guarantee::Atomic);
}

#[test]
fn failing_system_calls_break_no_rollback() {
    let (folder, id) = seeded_folder_with_snapshot();
    run_with_every_fault(folder.path(), &["rollback", "--to", &id], Guarantee::Atomic);
}

#[test]
fn failing_system_calls_break_no_migration() {
    let (folder, _) = seeded_folder_with_snapshot();
    run_with_every_fault(folder.path(), &["migrate", "down", "--to", "2"], Guarantee::Atomic);
    assert_eq!(exit_code(&run(folder.path(), &["migrate", "down", "--to", "2"], &[])), 0);
    run_with_every_fault(folder.path(), &["migrate", "up"], Guarantee::Atomic);
}

#[test]
fn failing_system_calls_break_no_seeding_and_no_user_command() {
    run_with_every_fault(tempfile::tempdir().unwrap().path(), &["seed"], Guarantee::Resumable);
    run_with_every_fault(
        seeded_folder_with_snapshot().0.path(),
        &["user", "enable", "ines@example.com"],
        Guarantee::Atomic,
    );
}

#[test]
fn disks_without_hard_links_permissions_or_folder_syncs_hold_data_and_copies() {
    for (call, errno) in [("rights", EPERM), ("folder-sync", EINVAL)] {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("second")).unwrap();
        fs::write(folder.path().join("atlas.toml"), "[environment.development.snapshots]\ncopy_to = \"second\"\n")
            .unwrap();
        let fault = SyscallFault { call, nth: 1, errno, persistent: true };
        let run_on_disk = |args: &[&str]| -> Value {
            let output = run_with_fault(folder.path(), &[args, &["--json"]].concat(), Some(fault));
            assert_eq!(exit_code(&output), 0, "{call}, {args:?}: {}{}", stdout(&output), stderr(&output));
            serde_json::from_str(&stdout(&output)).unwrap()
        };
        run_on_disk(&["seed"]);
        let snapshot = run_on_disk(&["snapshot", "create"]);
        assert_eq!(snapshot["copied"], true, "{snapshot}");
        run_on_disk(&["user", "disable", "ines@example.com"]);
        let rolled_back = run_on_disk(&["rollback", "--to", snapshot["id"].as_str().unwrap()]);
        assert_eq!(rolled_back["safety"]["proven"], true, "{rolled_back}");
        run_on_disk(&["migrate", "down", "--to", "2"]);
        run_on_disk(&["migrate", "up"]);
        assert_eq!(run_on_disk(&["snapshot", "verify"])["proven"].as_array().unwrap().len(), 4);
        assert_eq!(temporary_files(folder.path()), Vec::<PathBuf>::new());
    }
}
