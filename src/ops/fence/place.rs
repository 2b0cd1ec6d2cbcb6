//! Whether two paths lead to one place, however they are written.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Component, Path, PathBuf};

/// Whether two paths lead to one file: by `..`, by links of either kind, or by a link in place of a folder.
pub fn is_one(one: &Path, other: &Path) -> bool {
    // A hard link has a path of its own, and the same number on the same device.
    let number = |path: &Path| fs::metadata(path).ok().map(|found| (found.dev(), found.ino()));
    let same = |one: Option<(u64, u64)>, other| one.is_some() && one == other;
    resolved(one) == resolved(other) || same(number(one), number(other))
}

/// The path without links and `..`. What is not there yet is taken as it is written.
fn resolved(path: &Path) -> PathBuf {
    if let Ok(known) = fs::canonicalize(path) {
        return known;
    }
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let mut out = PathBuf::new();
    for part in absolute.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => drop(out.pop()),
            part => out.push(part),
        }
        // As the system does it: a link counts before the `..` behind it.
        if let Ok(known) = fs::canonicalize(&out) {
            out = known;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn one_file_is_known_by_every_path_to_it() {
        let folder = tempfile::tempdir().unwrap();
        let at = |path: &str| folder.path().join(path);
        fs::create_dir_all(at("data/production")).unwrap();
        fs::create_dir_all(at("data/staging")).unwrap();
        fs::write(at("data/production/atlas.redb"), "x").unwrap();
        fs::write(at("data/staging/atlas.redb"), "x").unwrap();
        symlink(at("data/production"), at("data/linked")).unwrap();
        symlink(at("data/production/atlas.redb"), at("link.redb")).unwrap();
        fs::hard_link(at("data/production/atlas.redb"), at("hard.redb")).unwrap();
        let real = at("data/production/atlas.redb");
        for path in ["data/staging/../production/atlas.redb", "data/linked/atlas.redb", "link.redb", "hard.redb"] {
            assert!(is_one(&real, &at(path)), "{path}");
        }
        assert!(!is_one(&real, &at("data/staging/atlas.redb")));
        // Nothing is there yet, and it is one place all the same.
        assert!(is_one(&at("data/linked/new.redb"), &at("data/staging/../production/new.redb")));
        assert!(is_one(&at("none/a/../b.redb"), &at("none/b.redb")));
        assert!(!is_one(&at("none/a.redb"), &at("none/b.redb")));
    }
}
