//! The plan has teeth: no import points up, and each library stays in its rooms.

use std::fs;
use std::path::{Path, PathBuf};

/// Bottom to top. Rooms of one floor do not know each other, except where a pair is named below.
const FLOORS: [&[&str]; 5] =
    [&["domain"], &["config", "store", "pages", "mail", "observe"], &["app"], &["web", "ops"], &["cli"]];

/// Settings are handed to the rooms that act on them.
const NEIGHBOURS: [(&str, &str); 2] = [("mail", "config"), ("observe", "config")];

/// Which rooms may name a library.
const LIBRARIES: [(&str, &[&str]); 8] = [
    ("age", &["config", "store"]),
    ("redb", &["store"]),
    ("maud", &["pages", "web"]),
    ("warp", &["web"]),
    ("hyper", &["web"]),
    ("multer", &["web"]),
    ("mail_send", &["mail"]),
    ("clap", &["cli"]),
];

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(sources(&path));
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            files.push(path);
        }
    }
    files
}

/// Every file inside a room, with the room's name.
fn rooms() -> Vec<(String, PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let files = sources(&root);
    let named = files.into_iter().filter_map(|path| {
        let inside = path.strip_prefix(&root).unwrap().to_owned();
        let room = inside.iter().next().unwrap().to_str().unwrap().to_owned();
        let text = fs::read_to_string(&path).unwrap();
        (inside.components().count() > 1).then_some((room, inside, text))
    });
    named.collect()
}

fn floor(room: &str) -> usize {
    FLOORS.iter().position(|rooms| rooms.contains(&room)).unwrap_or_else(|| panic!("{room} is on no floor"))
}

/// The rooms a source file names after `crate::`, also inside braces.
fn imports(text: &str) -> Vec<String> {
    let code = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
    let word = |text: &str| text.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect::<String>();
    let mut rooms = Vec::new();
    for rest in code.split("crate::").skip(1) {
        match rest.strip_prefix('{') {
            Some(list) => {
                let list = &list[..list.find("};").unwrap_or(list.len())];
                rooms.extend(list.split(',').map(|item| word(item.trim())));
            }
            None => rooms.push(word(rest)),
        }
    }
    rooms.retain(|room| FLOORS.iter().any(|rooms| rooms.contains(&room.as_str())));
    rooms
}

/// Why `room` may not know `other`, if it may not.
fn objection(room: &str, other: &str) -> Option<String> {
    let fine = room == other || floor(other) < floor(room) || NEIGHBOURS.contains(&(room, other));
    (!fine).then(|| format!("{room} knows {other}, which is not below it"))
}

#[test]
fn no_import_points_up() {
    let mut objections = Vec::new();
    for (room, path, text) in rooms() {
        for other in imports(&text) {
            objections.extend(objection(&room, &other).map(|why| format!("src/{}: {why}", path.display())));
        }
    }
    assert!(objections.is_empty(), "{}", objections.join("\n"));
}

#[test]
fn an_import_that_points_up_would_be_seen() {
    assert_eq!(imports("use crate::{app, web::Site};\nlet x = crate::store::Store;"), ["app", "web", "store"]);
    assert_eq!(imports("// use crate::web;\n"), Vec::<String>::new());
    assert!(objection("domain", "store").is_some());
    assert!(objection("store", "pages").is_some());
    assert!(objection("web", "ops").is_some());
    assert!(objection("web", "app").is_none());
}

#[test]
fn each_library_stays_in_its_rooms() {
    let mut objections = Vec::new();
    for (room, path, text) in rooms() {
        for (library, allowed) in LIBRARIES {
            let named = text.lines().any(|line| {
                let line = line.trim_start();
                !line.starts_with("//")
                    && (line.starts_with(&format!("use {library}::")) || line.contains(&format!(" {library}::")))
            });
            if named && !allowed.contains(&room.as_str()) {
                objections.push(format!("src/{} names {library}", path.display()));
            }
        }
    }
    assert!(objections.is_empty(), "{}", objections.join("\n"));
}

#[test]
fn only_the_configuration_reads_the_process_environment() {
    for (room, path, text) in rooms() {
        let reads = text.contains("env::var(") || text.contains("env::vars") || text.contains("env::var_os");
        assert!(!reads || room == "config", "src/{}", path.display());
    }
}

#[test]
fn every_file_opens_by_saying_what_it_is_for() {
    for (_, path, text) in rooms() {
        assert!(text.starts_with("//!"), "src/{}", path.display());
    }
}
