//! What Atlas creates in the folders of an environment, by name. Only entries listed here are ever removed with their
//! folder; `store::file::remove` leaves everything else.

use crate::domain::backup::snapshot_id::SnapshotId;

/// An entry that Atlas creates.
#[derive(Debug, Clone, Copy)]
pub enum KnownEntry {
    /// A file, or a socket.
    File,
    /// A symbolic link.
    Link,
    /// A folder with entries of its own.
    Folder(FolderLayout),
}

/// The entries of a folder: what Atlas creates under a name, if anything.
pub type FolderLayout = fn(&str) -> Option<KnownEntry>;

/// The folder of a preview: its record, and the data file with everything beside it.
pub fn preview_entry(name: &str) -> Option<KnownEntry> {
    match name {
        "preview.json" | "identity.json" => Some(KnownEntry::File),
        "snapshots" => Some(KnownEntry::Folder(snapshot_entry)),
        "releases" => Some(KnownEntry::Folder(releases_entry)),
        "peers" => Some(KnownEntry::Folder(peer_entry)),
        _ if is_beside_data_file(name) || is_partial_json(name, &["preview", "identity"]) => Some(KnownEntry::File),
        _ => None,
    }
}

/// The folder of imported identities.
fn peer_entry(name: &str) -> Option<KnownEntry> {
    name.strip_suffix(".json").map(|_| KnownEntry::File)
}

fn is_beside_data_file(name: &str) -> bool {
    let Some(suffix) = name.strip_prefix("atlas.redb") else { return false };
    matches!(suffix, "" | ".pid" | ".sock" | ".room" | ".verify" | ".incoming") || suffix.starts_with(".new-")
}

/// The folder of snapshots: copies, manifests, the mark of the owner, and what was not finished.
pub fn snapshot_entry(name: &str) -> Option<KnownEntry> {
    let is_id = |text: &str| text.parse::<SnapshotId>().is_ok();
    let is_snapshot = [".redb.age", ".redb", ".json"].iter().any(|suffix| name.strip_suffix(suffix).is_some_and(is_id));
    let is_known = is_snapshot || name == "owner.json" || is_unfinished_snapshot(name);
    is_known.then_some(KnownEntry::File)
}

/// Whether this is the name of a copy or a manifest that was not finished.
pub fn is_unfinished_snapshot(name: &str) -> bool {
    let Some(name) = name.strip_prefix('.') else { return false };
    let (id, rest) = name.split_once('.').unwrap_or((name, ""));
    let is_rehearsal = id == "rehearsal" && rest == "redb";
    let is_owner = id == "owner" && rest.starts_with("json.new-");
    let is_of_snapshot = id.parse::<SnapshotId>().is_ok()
        && (rest == "redb" || rest.starts_with("fetched-") || rest.starts_with("json.new-"));
    is_rehearsal || is_owner || is_of_snapshot
}

/// The folder of releases: a folder for each binary, the link to the current one, and the mark of the owner.
pub fn releases_entry(name: &str) -> Option<KnownEntry> {
    match name {
        "current" | ".current" => Some(KnownEntry::Link),
        "owner.json" => Some(KnownEntry::File),
        _ if is_partial_json(name, &["owner"]) => Some(KnownEntry::File),
        _ if is_release_id(name) => Some(KnownEntry::Folder(release_entry)),
        _ => None,
    }
}

/// Whether this is the name of a release's folder: the first twelve digits of its digest.
pub fn is_release_id(name: &str) -> bool {
    name.len() == 12 && name.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

/// The folder of a release: its binary, record, report, and approval.
pub fn release_entry(name: &str) -> Option<KnownEntry> {
    let is_known = matches!(name, "atlas" | ".atlas" | "release.json" | "report.json" | "approval.json")
        || is_partial_json(name, &["release", "report", "approval"]);
    is_known.then_some(KnownEntry::File)
}

/// Whether this is the temporary name under which one of these JSON files is written, such as `.owner.json.new-4711`.
fn is_partial_json(name: &str, stems: &[&str]) -> bool {
    let Some((stem, process)) = name.strip_prefix('.').and_then(|name| name.split_once(".json.new-")) else {
        return false;
    };
    stems.contains(&stem) && process.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    use crate::domain::environment::files;

    #[test]
    fn every_file_beside_a_data_file_is_known() {
        let data_file = Path::new("atlas.redb");
        for path in [
            data_file.to_owned(),
            files::control_socket(data_file),
            files::disk_reserve(data_file),
            files::identity_file(Path::new("")),
            files::incoming_copy(data_file),
            files::pid_file(data_file),
            files::probe_file(data_file),
            files::snapshots_folder(data_file),
            files::releases_folder(data_file),
            files::imported_identities(data_file),
        ] {
            assert!(preview_entry(path.to_str().unwrap()).is_some(), "{}", path.display());
        }
        let rehearsal = files::rehearsal_copy(data_file);
        assert!(snapshot_entry(rehearsal.file_name().unwrap().to_str().unwrap()).is_some());
    }

    #[test]
    fn what_has_another_name_is_not_known() {
        for name in ["notes.txt", "atlas.redb.bak", "atlas.toml", ".x.json.new-1", ".preview.json.new-x", ".."] {
            assert!(preview_entry(name).is_none(), "{name}");
        }
        for name in ["20260212T120000Z-03fa.redb", "20260212T120000Z-03fa.json", ".20260212T120000Z-03fa.fetched-1"] {
            assert!(snapshot_entry(name).is_some(), "{name}");
        }
        for name in ["production.redb", ".other.redb", "20260212T120000Z-03fa", "20260212T120000Z-03fa.tar"] {
            assert!(snapshot_entry(name).is_none(), "{name}");
        }
        assert!(releases_entry("0123456789ab").is_some() && releases_entry("0123456789ax").is_none());
        assert!(release_entry("atlas").is_some() && release_entry("notes").is_none());
    }
}
