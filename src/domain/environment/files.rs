//! The names of all files and folders that Atlas keeps beside a data file. They are defined only here.
//!
//! For the data file `data/<environment>/atlas.redb`:
//!
//! | name | what it is | owned by |
//! |---|---|---|
//! | `atlas.redb.pid` | process id of the running server, named in the error of a second process | the store |
//! | `atlas.redb.sock` | control socket of the running server, mode 0600 | `ops::control` |
//! | `atlas.redb.room` | test file that shows whether the disk accepts writes again; removed at once | the use cases |
//! | `atlas.redb.verify` | address of the checklist's temporary user, until it is deleted | `ops::verify` |
//! | `atlas.redb.incoming` | the copy with which a rollback replaces the data file | `ops::rollback` |
//! | `identity.json` | what this environment publishes to the others | `ops::isolation` |
//! | `peers/` | identities of environments on other machines | `ops::isolation` |
//! | `snapshots/` | verified copies with their manifests | the store |
//! | `snapshots/.rehearsal.redb` | copy on which a migration is rehearsed; removed afterwards | `ops::migrations` |
//! | `releases/` | binaries that served this file, with their reports and approvals | the store |
//!
//! A folder belongs to one environment: two data files in one folder would share all of these.

use std::path::{Path, PathBuf};

fn with_suffix(data_file: &Path, suffix: &str) -> PathBuf {
    let mut name = data_file.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

fn in_folder(data_file: &Path, name: &str) -> PathBuf {
    data_file.parent().unwrap_or(Path::new("")).join(name)
}

/// Holds the process id of the server that has the data file open.
pub fn pid_file(data_file: &Path) -> PathBuf {
    with_suffix(data_file, ".pid")
}

/// The socket on which a running server accepts operators' commands.
pub fn control_socket(data_file: &Path) -> PathBuf {
    with_suffix(data_file, ".sock")
}

/// The file written to test whether a full disk has space again.
pub fn disk_reserve(data_file: &Path) -> PathBuf {
    with_suffix(data_file, ".room")
}

/// Names the temporary user of a checklist, so that the server can delete it after a crash.
pub fn probe_file(data_file: &Path) -> PathBuf {
    with_suffix(data_file, ".verify")
}

/// The copy of a snapshot that a rollback renames over the data file.
pub fn incoming_copy(data_file: &Path) -> PathBuf {
    with_suffix(data_file, ".incoming")
}

/// What an environment publishes to the others. `home` is the folder of its data file.
pub fn identity_file(home: &Path) -> PathBuf {
    home.join("identity.json")
}

/// Holds what environments on other machines publish, once it is imported.
pub fn imported_identities(data_file: &Path) -> PathBuf {
    in_folder(data_file, "peers")
}

/// Holds a verified copy and a manifest of each snapshot.
pub fn snapshots_folder(data_file: &Path) -> PathBuf {
    in_folder(data_file, "snapshots")
}

/// Holds a folder for each binary that served the data file, and the link `current`.
pub fn releases_folder(data_file: &Path) -> PathBuf {
    in_folder(data_file, "releases")
}

/// The copy on which a migration is rehearsed before the data file is touched.
pub fn rehearsal_copy(data_file: &Path) -> PathBuf {
    snapshots_folder(data_file).join(".rehearsal.redb")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_files_are_in_the_folder_of_the_data_file() {
        let data_file = Path::new("data/staging/atlas.redb");
        assert_eq!(control_socket(data_file), Path::new("data/staging/atlas.redb.sock"));
        assert_eq!(releases_folder(data_file), Path::new("data/staging/releases"));
        assert_eq!(rehearsal_copy(data_file), Path::new("data/staging/snapshots/.rehearsal.redb"));
        assert_eq!(snapshots_folder(Path::new("atlas.redb")), Path::new("snapshots"));
    }
}
