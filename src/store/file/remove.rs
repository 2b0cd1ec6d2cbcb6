//! Removing folders: only what Atlas created, never through a link, and never across a mount.
//!
//! SECURITY: every step starts at an open folder and goes to one of its own entries, so renaming a folder or replacing it
//! by a link meanwhile leads nowhere else. A mount point is refused even if it is a bind of a folder on the same disk, which
//! the device number would not reveal.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, CWD, Dir, FileType, Mode, OFlags, ResolveFlags, fsync, openat, openat2, statat, unlinkat};
use rustix::io::Errno;

use crate::domain::environment::layout::{FolderLayout, KnownEntry};

/// What is found under a name inside a folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FolderState {
    /// A folder of the same mount.
    Folder,
    MountPoint,
    /// A link or a file.
    NotAFolder,
    Missing,
}

/// What is under the single name `name` in the folder `root`.
///
/// # Errors
/// An I/O error of `root`, or of the folder.
pub fn inspect_folder(root: &Path, name: &str) -> io::Result<FolderState> {
    match open_folder(open_root(root)?, name) {
        Ok(_) => Ok(FolderState::Folder),
        Err(Errno::XDEV) => Ok(FolderState::MountPoint),
        Err(Errno::NOTDIR | Errno::LOOP) => Ok(FolderState::NotAFolder),
        Err(Errno::NOENT) => Ok(FolderState::Missing),
        Err(error) => Err(error.into()),
    }
}

/// Opens a folder by its path, following links.
fn open_root(path: &Path) -> io::Result<OwnedFd> {
    Ok(openat(CWD, path, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?)
}

/// Opens a folder inside another one. Kernels before Linux 5.6 don't know this call, so nothing is removed there.
fn open_folder(parent: impl AsFd, name: &str) -> Result<OwnedFd, Errno> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    openat2(
        parent,
        name,
        flags,
        Mode::empty(),
        ResolveFlags::BENEATH | ResolveFlags::NO_XDEV | ResolveFlags::NO_SYMLINKS,
    )
}

/// Removes what Atlas created in the folder `name` inside `root`, and the folder itself if nothing else is in it. Returns the
/// paths of everything that was left: links, mount points, and entries that `layout` does not know.
///
/// # Errors
/// An I/O error; some entries may have been removed.
pub fn remove_known(root: &Path, name: &str, layout: FolderLayout) -> io::Result<Vec<PathBuf>> {
    let parent = open_root(root)?;
    let mut left = Vec::new();
    remove_folder(parent.as_fd(), name, &root.join(name), layout, &mut left)?;
    fsync(&parent)?;
    Ok(left)
}

fn remove_folder(
    parent: BorrowedFd<'_>,
    name: &str,
    path: &Path,
    layout: FolderLayout,
    left: &mut Vec<PathBuf>,
) -> io::Result<()> {
    let folder = match open_folder(parent, name) {
        Ok(folder) => folder,
        Err(Errno::XDEV) => {
            left.push(path.to_owned());
            return Ok(());
        }
        Err(error) => return Err(error.into()),
    };
    let left_before = left.len();
    // Listed before anything is removed: a folder that changes while it is read may show entries twice or not at all.
    let entries = Dir::read_from(&folder)?.collect::<Result<Vec<_>, Errno>>()?;
    for entry in entries {
        let name = entry.file_name();
        if name != c"." && name != c".." {
            remove_entry(folder.as_fd(), &name.to_string_lossy(), path, layout, left)?;
        }
    }
    if left.len() > left_before {
        return Ok(());
    }
    match unlinkat(parent, name, AtFlags::REMOVEDIR) {
        // A file was created meanwhile.
        Err(Errno::NOTEMPTY | Errno::BUSY) => left.push(path.to_owned()),
        removed => removed?,
    }
    Ok(())
}

fn remove_entry(
    folder: BorrowedFd<'_>,
    name: &str,
    path: &Path,
    layout: FolderLayout,
    left: &mut Vec<PathBuf>,
) -> io::Result<()> {
    let path = path.join(name);
    let Some(known) = layout(name) else {
        left.push(path);
        return Ok(());
    };
    let found = match statat(folder, name, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(found) => FileType::from_raw_mode(found.st_mode),
        Err(Errno::NOENT) => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    match (known, found) {
        (KnownEntry::Folder(layout), FileType::Directory) => remove_folder(folder, name, &path, layout, left)?,
        (KnownEntry::File, FileType::RegularFile | FileType::Socket) | (KnownEntry::Link, FileType::Symlink) => {
            match unlinkat(folder, name, AtFlags::empty()) {
                // Another file is mounted over it.
                Err(Errno::BUSY) => left.push(path),
                removed => removed?,
            }
        }
        _ => left.push(path),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::symlink;

    use crate::domain::environment::layout::preview_entry;

    #[test]
    fn a_folder_with_nothing_else_in_it_is_removed() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("x");
        fs::create_dir_all(folder.join("releases/0123456789ab")).unwrap();
        fs::write(folder.join("releases/0123456789ab/atlas"), "binary").unwrap();
        symlink("0123456789ab/atlas", folder.join("releases/current")).unwrap();
        fs::create_dir(folder.join("snapshots")).unwrap();
        for name in ["atlas.redb", "preview.json", "snapshots/20260212T120000Z-03fa.redb"] {
            fs::write(folder.join(name), "x").unwrap();
        }
        assert!(remove_known(root.path(), "x", preview_entry).unwrap().is_empty());
        assert!(!folder.exists());
    }

    #[test]
    fn what_atlas_did_not_create_stays_and_is_named() {
        let root = tempfile::tempdir().unwrap();
        let (folder, outside) = (root.path().join("x"), root.path().join("outside"));
        fs::create_dir_all(folder.join("releases/0123456789ab")).unwrap();
        fs::create_dir_all(&outside).unwrap();
        fs::write(outside.join("20260212T120000Z-03fa.redb"), "data").unwrap();
        symlink(&outside, folder.join("snapshots")).unwrap();
        symlink(outside.join("20260212T120000Z-03fa.redb"), folder.join("atlas.redb")).unwrap();
        for name in ["notes.txt", "releases/0123456789ab/notes.txt", "preview.json"] {
            fs::write(folder.join(name), "x").unwrap();
        }
        let mut left = remove_known(root.path(), "x", preview_entry).unwrap();
        left.sort();
        let expected = ["atlas.redb", "notes.txt", "releases/0123456789ab/notes.txt", "snapshots"];
        assert_eq!(left, expected.map(|name| folder.join(name)));
        assert!(outside.join("20260212T120000Z-03fa.redb").exists() && !folder.join("preview.json").exists());
    }

    #[test]
    fn a_link_and_a_path_that_leads_out_are_not_opened() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir_all(root.path().join("outside")).unwrap();
        fs::create_dir_all(root.path().join("root")).unwrap();
        symlink("../outside", root.path().join("root/link")).unwrap();
        for name in ["link", "../outside", "/", "."] {
            let removed = remove_known(&root.path().join("root"), name, preview_entry);
            let is_left = removed.as_ref().map_or(true, |left| !left.is_empty());
            assert!(is_left || name == ".", "{name}: {removed:?}");
        }
        assert!(root.path().join("outside").exists() && root.path().join("root/link").is_symlink());
    }
}
