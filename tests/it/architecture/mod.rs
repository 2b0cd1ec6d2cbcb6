//! The architecture, enforced: imports point down, no cycle inside a layer, libraries stay in their layer, and the
//! glossary's words are used. Each check is shown to fail on an injected fault.

mod source;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use source::{ModulePath, Source, Sources};

/// Bottom to top. Folders of one layer do not use each other, except the pairs named in [`NEIGHBORS`].
const LAYERS: [&[&str]; 5] =
    [&["domain", "formats"], &["config", "store", "mail", "observe", "exchange"], &["app"], &["web", "ops"], &["cli"]];

/// Settings are handed to the folders that act on them.
const NEIGHBORS: [(&str, &str); 2] = [("mail", "config"), ("observe", "config")];

/// Which folders may name a library.
const LIBRARIES: [(&str, &[&str]); 9] = [
    ("zip", &["exchange"]),
    ("age", &["config", "store"]),
    ("redb", &["store"]),
    ("maud", &["web", "mail"]),
    ("warp", &["web"]),
    ("hyper", &["web"]),
    ("multer", &["web"]),
    ("mail_send", &["mail"]),
    ("clap", &["cli"]),
];

/// Words that the glossary has replaced, in no identifier, each with a standard word to use instead.
const BANNED_WORDS: [(&str, &str); 21] = [
    ("ails", "is_degraded"),
    ("complain", "print_error"),
    ("deed", "action"),
    ("desk", "agent"),
    ("elsewhere", "offsite"),
    ("furnish", "initialize"),
    ("heard", "on_progress"),
    ("household", "prefix_64"),
    ("hurried", "skip_cooldowns"),
    ("knock", "probe"),
    ("mint", "generate"),
    ("newborn", "new_file_identity"),
    ("obey", "execute"),
    ("patience", "timeout"),
    ("recency", "change_tracker"),
    ("shelf", "lru"),
    ("somebody", "user"),
    ("story", "test"),
    ("uncount", "undo"),
    ("whoever", "user"),
    ("whom", "subject"),
];

/// Words that are fine in a test, where browsers visit pages and attackers guess, and vague in the product.
const BANNED_IN_SOURCE: [(&str, &str); 14] = [
    ("asked", "requested"),
    ("damage", "corruption"),
    ("door", "service"),
    ("forgive", "reset_attempts"),
    ("guess", "login_attempt"),
    ("letter", "message_body"),
    ("lie", "fault"),
    ("plant", "seed"),
    ("tell", "on_progress"),
    ("tick", "complete"),
    ("told", "progress"),
    ("trouble", "error"),
    ("verdict", "disposition"),
    ("visit", "request"),
];

fn layer(folder: &str) -> usize {
    LAYERS.iter().position(|folders| folders.contains(&folder)).unwrap_or_else(|| panic!("{folder} is in no layer"))
}

fn folder(module: &[String]) -> Option<&str> {
    module.first().map(String::as_str)
}

/// The files inside a layer, without `main.rs` and `lib.rs`.
fn layered(sources: &Sources) -> impl Iterator<Item = &Source> {
    sources.files.iter().filter(|source| source.file.components().count() > 1)
}

/// Every import that points up or sideways.
fn upward_imports(sources: &Sources) -> Vec<String> {
    let mut found = Vec::new();
    for source in layered(sources) {
        let Some(user) = folder(&source.module) else { continue };
        for (module, path) in sources.dependencies(source) {
            let Some(used) = folder(&module) else { continue };
            let is_allowed = user == used || layer(used) < layer(user) || NEIGHBORS.contains(&(user, used));
            if !is_allowed {
                found.push(format!("src/{} uses {path}: {used} is not below {user}", source.file.display()));
            }
        }
    }
    found
}

/// Every cycle of modules: groups in which each module uses each other one, directly or through others.
fn cycles(sources: &Sources) -> Vec<Vec<ModulePath>> {
    let uses: BTreeMap<ModulePath, BTreeSet<ModulePath>> = sources
        .files
        .iter()
        .map(|source| (source.module.clone(), sources.dependencies(source).into_keys().collect()))
        .collect();
    let reachable = |from: &ModulePath| {
        let (mut seen, mut next) = (BTreeSet::new(), vec![from.clone()]);
        while let Some(module) = next.pop() {
            for used in uses.get(&module).into_iter().flatten() {
                if seen.insert(used.clone()) {
                    next.push(used.clone());
                }
            }
        }
        seen
    };
    let reach: BTreeMap<&ModulePath, BTreeSet<ModulePath>> =
        uses.keys().map(|module| (module, reachable(module))).collect();
    let mut found = BTreeSet::new();
    for (module, reached) in &reach {
        let cycle: Vec<ModulePath> = reached
            .iter()
            .filter(|other| reach.get(other).is_some_and(|back| back.contains(*module)))
            .cloned()
            .collect();
        if cycle.len() > 1 {
            found.insert(cycle);
        }
    }
    found.into_iter().collect()
}

/// Public type names that more than one module declares.
fn repeated_types(sources: &Sources) -> Vec<String> {
    let mut places: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for source in &sources.files {
        for name in source.public_types() {
            places.entry(name).or_default().push(source.file.display().to_string());
        }
    }
    places.retain(|name, files| files.len() > 1 && name != "Error" && name != "Result");
    places.into_iter().map(|(name, files)| format!("{name}: {}", files.join(", "))).collect()
}

/// The words of an identifier: `MailHealth` and `mail_health` are `mail` and `health`.
fn words(identifier: &str) -> Vec<String> {
    let mut words = Vec::new();
    for part in identifier.split('_').filter(|part| !part.is_empty()) {
        let is_constant = part.chars().all(|letter| !letter.is_lowercase());
        let mut word = String::new();
        for letter in part.chars() {
            if letter.is_uppercase() && !is_constant && !word.is_empty() {
                words.push(std::mem::take(&mut word));
            }
            word.extend(letter.to_lowercase());
        }
        words.push(word);
    }
    words
}

/// Whether a word is the banned one or a form of it.
fn is_form_of(word: &str, banned: &str) -> bool {
    let stem = banned.strip_suffix('e').unwrap_or(banned);
    word == banned
        || word.strip_prefix(banned).is_some_and(|ending| matches!(ending, "s" | "es" | "ed" | "ing" | "ted" | "er"))
        || word.strip_prefix(stem).is_some_and(|ending| matches!(ending, "es" | "ed" | "ing"))
        || banned.strip_suffix('y').is_some_and(|stem| word == format!("{stem}ies"))
}

fn banned_words<'a>(identifiers: impl IntoIterator<Item = &'a String>, banned: &[(&str, &str)]) -> Vec<String> {
    let mut found = Vec::new();
    for identifier in identifiers {
        for word in words(identifier) {
            if let Some((banned, standard)) = banned.iter().find(|(banned, _)| is_form_of(&word, banned)) {
                found.push(format!("{identifier} holds “{banned}”; the glossary says {standard}"));
            }
        }
    }
    found
}

/// Whether a library requires the name: a trait of serde, or a field of zxcvbn's estimate.
fn is_name_of_library(name: &str) -> bool {
    name == "guesses"
        || name
            .strip_prefix("visit_")
            .is_some_and(|kind| ["bool", "f64", "i64", "map", "seq", "str", "u64", "unit"].contains(&kind))
}

fn assert_none(found: &[String]) {
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

#[test]
fn no_import_points_up() {
    assert_none(&upward_imports(&Sources::read()));
}

#[test]
fn no_cycle_inside_a_layer() {
    let names = |cycle: &Vec<ModulePath>| cycle.iter().map(|module| module.join("::")).collect::<Vec<_>>().join(", ");
    assert_none(&cycles(&Sources::read()).iter().map(names).collect::<Vec<_>>());
}

#[test]
fn no_public_type_name_is_used_twice() {
    assert_none(&repeated_types(&Sources::read()));
}

#[test]
fn no_identifier_uses_a_replaced_word() {
    let mut found = Vec::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for top in ["src", "tests", "benches"] {
        for path in rust_files(&root.join(top)) {
            // The list itself names them.
            if path.ends_with("tests/it/architecture/mod.rs") {
                continue;
            }
            let text = fs::read_to_string(&path).unwrap();
            let mut identifiers = source::identifiers(&text);
            identifiers.retain(|name| !is_name_of_library(name));
            let shown = path.strip_prefix(root).unwrap().display();
            let mut why = banned_words(&identifiers, &BANNED_WORDS);
            if top == "src" {
                why.extend(banned_words(&identifiers, &BANNED_IN_SOURCE));
            }
            found.extend(why.into_iter().map(|why| format!("{shown}: {why}")));
        }
    }
    assert_none(&found);
}

#[test]
fn each_library_stays_in_its_folders() {
    let mut found = Vec::new();
    for source in layered(&Sources::read()) {
        for (library, folders) in LIBRARIES {
            let is_named = source.first_segments().contains(library);
            if is_named && !folders.contains(&folder(&source.module).unwrap_or_default()) {
                found.push(format!("src/{} names {library}", source.file.display()));
            }
        }
    }
    assert_none(&found);
}

#[test]
fn the_storage_engine_knows_nothing_of_the_domain() {
    let sources = Sources::read();
    let mut found = Vec::new();
    for source in
        sources.files.iter().filter(|source| source.module.starts_with(&["store".to_owned(), "engine".to_owned()]))
    {
        for (module, path) in sources.dependencies(source) {
            if !module.starts_with(&["store".to_owned(), "engine".to_owned()]) {
                found.push(format!("src/{} uses {path}", source.file.display()));
            }
        }
    }
    assert_none(&found);
}

#[test]
fn only_the_configuration_reads_the_process_environment() {
    for source in layered(&Sources::read()) {
        let text = &source.text;
        let reads = text.contains("env::var(") || text.contains("env::vars") || text.contains("env::var_os");
        assert!(!reads || folder(&source.module) == Some("config"), "src/{}", source.file.display());
    }
}

#[test]
fn every_file_opens_by_saying_what_it_is_for() {
    for source in &Sources::read().files {
        let first = source.text.lines().next().and_then(|line| line.strip_prefix("//!")).unwrap_or_default();
        assert!(first.split_whitespace().count() > 2, "src/{}", source.file.display());
    }
}

#[test]
fn an_injected_upward_import_is_found() {
    let injected = |text| {
        upward_imports(&Sources::from_files(&[("domain/rule.rs", text), ("store/table.rs", "pub struct Table;")]))
    };
    assert_eq!(injected("use crate::store::table::Table;").len(), 1);
    assert_eq!(injected("fn read() { let _ = crate::store::table::Table; }").len(), 1);
    assert_eq!(injected("fn page() { html! { (crate::store::table::Table) } }").len(), 1, "inside a macro");
    assert_eq!(injected("// use crate::store::table::Table;"), Vec::<String>::new());
    let sideways = [("mail/relay.rs", "use crate::store::table::Table;"), ("store/table.rs", "pub struct Table;")];
    assert_eq!(upward_imports(&Sources::from_files(&sideways)).len(), 1);
    let down = [("store/table.rs", "use crate::domain::rule::Rule;"), ("domain/rule.rs", "pub struct Rule;")];
    assert_eq!(upward_imports(&Sources::from_files(&down)), Vec::<String>::new());
}

#[test]
fn an_injected_cycle_is_found_also_through_a_re_export() {
    let injected = [
        ("app/mod.rs", "mod one; mod two; pub use two::Two;"),
        ("app/one.rs", "use crate::app::Two; pub struct One(Two);"),
        ("app/two.rs", "use super::one; pub struct Two; fn two(_: one::One) {}"),
    ];
    assert_eq!(cycles(&Sources::from_files(&injected)).len(), 1);
    let sound = [injected[0], injected[1], ("app/two.rs", "pub struct Two;")];
    assert!(cycles(&Sources::from_files(&sound)).is_empty());
}

#[test]
fn an_injected_doubled_type_is_found() {
    let injected = [("app/one.rs", "pub struct Plan;"), ("app/two.rs", "pub(crate) enum Plan {} pub struct Error;")];
    assert_eq!(repeated_types(&Sources::from_files(&injected)), ["Plan: app/one.rs, app/two.rs"]);
    let private = [injected[0], ("app/two.rs", "enum Plan {}")];
    assert!(repeated_types(&Sources::from_files(&private)).is_empty());
}

#[test]
fn an_injected_word_is_found_in_every_form_and_spelling() {
    let identifiers = |text: &str| source::identifiers(text);
    for text in ["struct HelpDesk;", "fn desk_of() {}", "const DESK: u8 = 1;", "let desks = 1;", "fn f(stories: u8) {}"]
    {
        assert_eq!(banned_words(&identifiers(text), &BANNED_WORDS).len(), 1, "{text}");
    }
    for text in ["// the desk\n", "const A: &str = \"desk\";", "struct Desktop;", "fn client() {}", "fn supplies() {}"]
    {
        assert_eq!(banned_words(&identifiers(text), &BANNED_WORDS), Vec::<String>::new(), "{text}");
    }
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    source::collect(folder, &mut files);
    files
}
