//! Mutates the inputs in `corpus/`, with the same mutations in every run.

use std::path::Path;

use super::cost::assert_cost;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

/// Byte sequences that tend to break parsers.
const DICTIONARY: &[&[u8]] = &[
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

/// The longest mutated input; longer than any body that a usual route accepts.
const MAX_INPUT_BYTES: usize = 80 * 1024;

#[derive(Debug, Clone)]
enum Mutation {
    Flip { at: usize, bits: u8 },
    Cut { at: usize, length: usize },
    Insert { at: usize, entry: usize },
    Repeat { at: usize, length: usize, times: usize },
    Truncate { at: usize },
}

fn mutation() -> impl Strategy<Value = Mutation> {
    let at = 0..100_000_usize;
    prop_oneof![
        (at.clone(), 1..=255_u8).prop_map(|(at, bits)| Mutation::Flip { at, bits }),
        (at.clone(), 1..40_usize).prop_map(|(at, length)| Mutation::Cut { at, length }),
        (at.clone(), 0..DICTIONARY.len()).prop_map(|(at, entry)| Mutation::Insert { at, entry }),
        (at.clone(), 1..60_usize, prop_oneof![9 => 2..9_usize, 1 => 500..4_000_usize])
            .prop_map(|(at, length, times)| Mutation::Repeat { at, length, times }),
        at.prop_map(|at| Mutation::Truncate { at }),
    ]
}

fn mutate(bytes: &mut Vec<u8>, mutation: &Mutation) {
    let index = |at: usize| if bytes.is_empty() { 0 } else { at % bytes.len() };
    match *mutation {
        Mutation::Flip { at, bits } => {
            let at = index(at);
            if let Some(byte) = bytes.get_mut(at) {
                *byte ^= bits;
            }
        }
        Mutation::Cut { at, length } => {
            let at = index(at);
            bytes.drain(at..(at + length).min(bytes.len()));
        }
        Mutation::Insert { at, entry } => {
            let at = index(at);
            bytes.splice(at..at, DICTIONARY[entry].iter().copied());
        }
        Mutation::Repeat { at, length, times } => {
            let at = index(at);
            let piece = bytes[at..(at + length).min(bytes.len())].repeat(times);
            bytes.splice(at..at, piece);
        }
        Mutation::Truncate { at } => bytes.truncate(index(at)),
    }
    bytes.truncate(MAX_INPUT_BYTES);
}

/// Reads the corpus of a kind as pairs of file name and content, sorted by name.
pub fn read_corpus(kind: &str) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/fuzz/corpus").join(kind);
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut corpus: Vec<_> = files
        .map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), std::fs::read(path).unwrap()))
        .collect();
    corpus.sort();
    corpus
}

/// `ATLAS_TESTS=long` runs a hundred times as many cases.
fn scale_cases(cases: u32) -> u32 {
    let long = std::env::vars_os().any(|(name, value)| name == "ATLAS_TESTS" && value == "long");
    if long { cases * 100 } else { cases }
}

/// Runs `parse` with every input in the corpus of a kind, then with `cases` mutated ones. A failing input is shrunk and
/// printed; add it to the corpus.
pub fn fuzz(kind: &str, cases: u32, parse: impl Fn(&[u8])) {
    let corpus = read_corpus(kind);
    let parse = |input: &[u8]| assert_cost(kind, input, || parse(input));
    for (_, input) in &corpus {
        parse(input);
    }
    let mutated = (0..corpus.len(), proptest::collection::vec(mutation(), 1..8)).prop_map(move |(index, mutations)| {
        let mut bytes = corpus[index].1.clone();
        for mutation in &mutations {
            mutate(&mut bytes, mutation);
        }
        bytes
    });
    let config = Config { cases: scale_cases(cases), failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let outcome = runner.run(&mutated, |input| {
        parse(&input);
        Ok(())
    });
    if let Err(error) = outcome {
        let message: String = error.to_string().chars().take(2_000).collect();
        panic!("{message}");
    }
}
