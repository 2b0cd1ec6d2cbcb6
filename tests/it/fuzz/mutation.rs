//! Inputs nobody thought of: what is saved in `corpus/`, bent. The same ones in every run.

use std::path::Path;

use super::cost::bounded;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

/// Pieces that parsers trip over.
const MORSELS: &[&[u8]] = &[
    b"\0",
    b"\xff\xfe",
    b"\xf0\x28\x8c\x28",
    "\u{202e}".as_bytes(),
    "\u{200b}\u{feff}".as_bytes(),
    "\u{0130}\u{1e9e}".as_bytes(),
    b"%",
    b"%00",
    b"%F0%28",
    b"&",
    b"=",
    b",",
    b";",
    b"\"",
    b"\\u0000",
    b"\\ud800",
    b"{\"a\":",
    b"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
    b"1e999",
    b"-0",
    b"NaN",
    b"18446744073709551616",
    b"-9223372036854775809",
    b"0.1",
    b"null",
    b"2026-02-30",
    b"9999-12-31",
    b"-000001-01-01",
    b"../../../",
    b"//",
    b"\t",
    b"\r\n",
    b"--seam\r\n",
    b"=cmd|' /C calc'!A0",
];

/// Largest input that is made, in bytes: more than any usual body may have.
const LARGEST: usize = 80 * 1024;

#[derive(Debug, Clone)]
enum Edit {
    Flip { at: usize, bits: u8 },
    Cut { at: usize, length: usize },
    Insert { at: usize, morsel: usize },
    Repeat { at: usize, length: usize, times: usize },
    End { at: usize },
}

fn edit() -> impl Strategy<Value = Edit> {
    let at = 0..100_000_usize;
    prop_oneof![
        (at.clone(), 1..=255_u8).prop_map(|(at, bits)| Edit::Flip { at, bits }),
        (at.clone(), 1..40_usize).prop_map(|(at, length)| Edit::Cut { at, length }),
        (at.clone(), 0..MORSELS.len()).prop_map(|(at, morsel)| Edit::Insert { at, morsel }),
        (at.clone(), 1..60_usize, prop_oneof![9 => 2..9_usize, 1 => 500..4_000_usize])
            .prop_map(|(at, length, times)| Edit::Repeat { at, length, times }),
        at.prop_map(|at| Edit::End { at }),
    ]
}

fn bend(bytes: &mut Vec<u8>, edit: &Edit) {
    let place = |at: usize| if bytes.is_empty() { 0 } else { at % bytes.len() };
    match *edit {
        Edit::Flip { at, bits } => {
            let at = place(at);
            if let Some(byte) = bytes.get_mut(at) {
                *byte ^= bits;
            }
        }
        Edit::Cut { at, length } => {
            let at = place(at);
            bytes.drain(at..(at + length).min(bytes.len()));
        }
        Edit::Insert { at, morsel } => {
            let at = place(at);
            bytes.splice(at..at, MORSELS[morsel].iter().copied());
        }
        Edit::Repeat { at, length, times } => {
            let at = place(at);
            let piece = bytes[at..(at + length).min(bytes.len())].repeat(times);
            bytes.splice(at..at, piece);
        }
        Edit::End { at } => bytes.truncate(place(at)),
    }
    bytes.truncate(LARGEST);
}

/// What is saved of a kind, by name.
pub fn saved(kind: &str) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/fuzz/corpus").join(kind);
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut saved: Vec<_> = files
        .map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), std::fs::read(path).unwrap()))
        .collect();
    saved.sort();
    saved
}

/// How often a kind is bent: `usual` times, and a hundred times as often when `ATLAS_TESTS=long`.
fn cases(usual: u32) -> u32 {
    let long = std::env::vars_os().any(|(name, value)| name == "ATLAS_TESTS" && value == "long");
    if long { usual * 100 } else { usual }
}

/// Tries every saved input of a kind as it is, then `usual` bent ones. An input that fails is made small and shown; it
/// belongs into the corpus.
pub fn feed(kind: &str, usual: u32, tries: impl Fn(&[u8])) {
    let saved = saved(kind);
    let tries = |input: &[u8]| bounded(kind, input, || tries(input));
    for (_, input) in &saved {
        tries(input);
    }
    let bent = (0..saved.len(), proptest::collection::vec(edit(), 1..8)).prop_map(move |(which, edits)| {
        let mut bytes = saved[which].1.clone();
        for edit in &edits {
            bend(&mut bytes, edit);
        }
        bytes
    });
    let config = Config { cases: cases(usual), failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let outcome = runner.run(&bent, |input| {
        tries(&input);
        Ok(())
    });
    if let Err(error) = outcome {
        let shown: String = error.to_string().chars().take(2_000).collect();
        panic!("{shown}");
    }
}
