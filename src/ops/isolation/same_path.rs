//! Whether two paths lead to one file or folder, however they are written.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Component, Path, PathBuf};

/// Whether two paths lead to the same place, through `..`, symbolic links or hard links. Neither has to exist.
pub(super) fn is_same_path(a: &Path, b: &Path) -> bool {
    // A hard link has a different path and the same inode on the same device.
    let inode = |path: &Path| fs::metadata(path).ok().map(|metadata| (metadata.dev(), metadata.ino()));
    let is_same_inode = |a: Option<(u64, u64)>, b| a.is_some() && a == b;
    resolve(a) == resolve(b) || is_same_inode(inode(a), inode(b))
}

/// Whether a path is a folder or leads into it, through `..`, links, or a bind mount of the folder. Neither has to exist.
pub(super) fn is_inside(path: &Path, folder: &Path) -> bool {
    let path = resolve(path);
    path.ancestors().any(|ancestor| is_same_path(ancestor, folder))
}

/// The path without symbolic links and `..`. Parts that don't exist yet are kept as written.
fn resolve(path: &Path) -> PathBuf {
    if let Ok(canonical) = fs::canonicalize(path) {
        return canonical;
    }
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let mut resolved = PathBuf::new();
    for part in absolute.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => drop(resolved.pop()),
            part => resolved.push(part),
        }
        // Like the kernel: a link is followed before the `..` after it.
        if let Ok(canonical) = fs::canonicalize(&resolved) {
            resolved = canonical;
        }
    }
    resolved
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn every_path_to_a_file_is_recognized() {
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
            assert!(is_same_path(&real, &at(path)), "{path}");
        }
        assert!(!is_same_path(&real, &at("data/staging/atlas.redb")));
        // Files that don't exist yet.
        assert!(is_same_path(&at("data/linked/new.redb"), &at("data/staging/../production/new.redb")));
        assert!(is_same_path(&at("none/a/../b.redb"), &at("none/b.redb")));
        assert!(!is_same_path(&at("none/a.redb"), &at("none/b.redb")));
        assert!(is_inside(&at("data/linked/snapshots/new"), &at("data/production")));
        assert!(is_inside(&at("data/production"), &at("data/production")));
        assert!(!is_inside(&at("data/production"), &at("data/production/snapshots")));
        assert!(!is_inside(&at("data/staging"), &at("data/production")));
    }
}
