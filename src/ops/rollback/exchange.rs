//! Putting a snapshot in the data file's place, and keeping what was there as the way back.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::plan::Plan;
use super::{Place, hold};
use crate::app::snapshots::{self, Told};
use crate::app::{Error, random};
use crate::domain::Refusal;
use crate::domain::snapshot::{Manifest, SnapshotId};
use crate::store::OpenError;
use crate::store::snapshot::Failure;
use crate::store::snapshots::{Folder, digest, free_bytes, sync};

/// Puts the snapshot in the data file's place and proves what was there, which is the way back from here.
pub(super) fn exchange(place: &Place<'_>, plan: &Plan, snapshot: &Manifest, told: Told<'_>) -> Result<Value, Error> {
    let folder = Folder::beside(place.data_file);
    let incoming = incoming(place, &folder, snapshot, told)?;
    let safety = SnapshotId::mint(place.clock.now(), random()?);
    let swapped = swap(place, &folder, &incoming, &safety, told);
    if swapped.is_err() {
        let _ = fs::remove_file(&incoming);
    }
    swapped?;
    if !folder.copy(&safety).exists() {
        // There was no data file, as on a machine that was set up anew.
        return Ok(Value::Null);
    }
    told("the data file is that of the snapshot");
    let proven = snapshots::verify(&folder, place.environment, place.clock, safety.as_str(), plan.before.clone());
    Ok(match proven {
        Ok(manifest) => {
            let copied = place.elsewhere.map(|elsewhere| elsewhere.copy(&folder, &manifest).is_ok());
            json!({ "id": manifest.id, "bytes": manifest.bytes, "proven": true, "copied": copied })
        }
        // It is kept all the same: it is all there is of what was written since.
        Err(error) => json!({ "id": safety, "proven": false, "why": error.to_string() }),
    })
}

/// A copy of the snapshot beside the data file, on the disk and compared with its manifest.
fn incoming(place: &Place<'_>, folder: &Folder, snapshot: &Manifest, told: Told<'_>) -> Result<PathBuf, Error> {
    let copy = folder.copy(&snapshot.id);
    let mut name = place.data_file.as_os_str().to_owned();
    name.push(".incoming");
    let incoming = PathBuf::from(name);
    let free = free_bytes(folder.path()).map_err(Failure::from)?;
    if free < snapshot.bytes {
        let (needed, free) = (snapshots::size(snapshot.bytes), snapshots::size(free));
        return Err(Refusal::operating(format!("going back needs {needed} and the disk has {free} free")).into());
    }
    told("copying the snapshot");
    let copied = (|| {
        let _ = fs::remove_file(&incoming);
        fs::copy(&copy, &incoming)?;
        fs::File::open(&incoming)?.sync_all()?;
        digest(&incoming)
    })();
    let failed = match copied {
        Ok((digest, _)) if digest == snapshot.digest => return Ok(incoming),
        Ok(_) => {
            Refusal::operating(format!("snapshot {} was changed since it was proven; name another", snapshot.id)).into()
        }
        Err(error) => {
            Error::Unavailable(format!("{} cannot be written: {error}; the data file is as it was", incoming.display()))
        }
    };
    let _ = fs::remove_file(&incoming);
    Err(failed)
}

fn swap(place: &Place<'_>, folder: &Folder, incoming: &Path, safety: &SnapshotId, told: Told<'_>) -> Result<(), Error> {
    let mut arrange = |path: &Path| {
        folder.make()?;
        if path.exists() {
            // The same file under a second name; where that cannot be, a copy.
            fs::hard_link(path, folder.copy(safety)).or_else(|_| fs::copy(path, folder.copy(safety)).map(drop))?;
            sync(folder.path())?;
        }
        told("the data file is kept as the safety snapshot");
        fs::rename(incoming, path)?;
        sync(path.parent().unwrap_or(Path::new(".")))
    };
    let Some(store) = place.store else {
        let _hold = hold(place).map_err(|error| Error::Unavailable(error.to_string()))?;
        return Ok(arrange(place.data_file).map_err(Failure::from)?);
    };
    match store.replace(arrange) {
        // Another binary serves it from now on; this one does not open it.
        Ok(()) | Err(OpenError::Older { .. } | OpenError::Newer { .. }) => Ok(()),
        Err(error) => {
            let undone = store.replace(|path| {
                let was = folder.copy(safety);
                if was.exists() { fs::rename(was, path).and_then(|()| sync(folder.path())) } else { Ok(()) }
            });
            let after = if undone.is_ok() { "the data file is as it was" } else { "the server must be started again" };
            Err(Error::Broken(format!("{error}; {after}")))
        }
    }
}
