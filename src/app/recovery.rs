//! Coming back without a restart after the disk refused something: reads at once, writes when there is room again.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::App;
use crate::observe::panics::why;

/// How often it is looked whether the file works.
const LOOK: Duration = Duration::from_millis(250);
/// The first pause between two tries; each is twice as long as the one before.
const SHORTEST: Duration = Duration::from_secs(1);
/// The longest pause between two tries.
const LONGEST: Duration = Duration::from_mins(1);
/// How much the file must be able to grow before it takes writes again, in bytes.
const ROOM: usize = 4 << 20;

/// What somebody has to see to when the data file is damaged.
pub fn alert(app: &App) -> Option<&'static str> {
    app.store.is_damaged().then_some(
        "The data file is damaged: something in it is not as it was written. Nothing of that is shown. Keep a copy of the file, look at its disk, and go back to the newest snapshot (atlas rollback --to).",
    )
}

/// Watches the data file for as long as the server runs. Ends only by being dropped.
pub async fn keep_recovering(app: &App) {
    let mut pause = SHORTEST;
    loop {
        while !app.store.ails() {
            tokio::time::sleep(LOOK).await;
        }
        // A file that took something since it was opened was well in between.
        if app.store.stats().commits > 0 {
            pause = SHORTEST;
        }
        tracing::warn!("the data file takes no writes; it is opened again, and takes them when the disk does");
        let mut told = String::new();
        while app.store.ails() {
            tokio::time::sleep(pause).await;
            pause = pause.saturating_mul(2).min(LONGEST);
            match tried(app).await {
                Ok(()) => tracing::info!("the data file takes writes again"),
                // The same reason is told once, however often it is tried.
                Err(why) if why == told => {}
                Err(why) => {
                    tracing::error!(why, "the data file takes no writes yet; it is tried again and again");
                    told = why;
                }
            }
        }
    }
}

async fn tried(app: &App) -> Result<(), String> {
    let store = app.store.clone();
    let recovered = tokio::task::spawn_blocking(move || store.recover(has_room)).await;
    recovered.map_err(|ended| why(&ended).to_owned())?.map_err(|error| error.to_string())
}

/// Finds out whether the file could grow, by making another one beside it that does. Asking the disk how much is free would
/// overlook quotas, limits on the size of files, and disks that have turned read-only.
fn has_room(data_file: &Path) -> io::Result<()> {
    let length = std::fs::metadata(data_file)?.len();
    let trial = trial_beside(data_file);
    let grown = (|| {
        let mut file = OpenOptions::new().append(true).create(true).mode(0o600).open(&trial)?;
        // No more than a hole, as long as the data file; only what comes after it takes room.
        file.set_len(length)?;
        file.write_all(&vec![0xa5; ROOM])?;
        File::sync_all(&file)
    })();
    let removed = std::fs::remove_file(&trial);
    grown.and(removed)
}

fn trial_beside(data_file: &Path) -> PathBuf {
    let mut name = data_file.as_os_str().to_owned();
    name.push(".room");
    PathBuf::from(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finding_out_whether_there_is_room_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("atlas.redb");
        std::fs::write(&file, b"some bytes").unwrap();
        has_room(&file).unwrap();
        assert_eq!(std::fs::read(&file).unwrap(), b"some bytes");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        assert!(has_room(&folder.path().join("gone/atlas.redb")).is_err());
    }
}
