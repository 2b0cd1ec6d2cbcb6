//! Recovery without a restart after a disk error: the file is reopened for reads at once, and for writes when the disk
//! has room again.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

use crate::app::App;
use crate::app::error::Error;
use crate::domain::environment::files::disk_reserve;
use crate::observe::panics::join_error_reason;

const POLL_INTERVAL: Duration = Duration::from_millis(250);
/// The first pause between two attempts; each later one is twice as long.
const MIN_PAUSE: Duration = Duration::from_secs(1);
const MAX_PAUSE: Duration = Duration::from_mins(1);
/// How much the file must be able to grow before it accepts writes again.
const RESERVE_BYTES: usize = 4 << 20;

/// What the operator must do when the data file is corrupt.
pub fn corruption_alert(app: &App) -> Option<&'static str> {
    app.store.is_corrupt().then_some(
        "The data file is corrupt. Damaged rows aren't shown. Keep a copy of the file, check its disk, and roll back to the newest snapshot (atlas rollback --to).",
    )
}

/// Watches the data file and reopens it after errors. Never returns; stops when dropped.
pub async fn run_disk_recovery(app: &App) {
    let mut pause = MIN_PAUSE;
    loop {
        while !app.store.is_degraded() {
            // The file has committed since it was last opened, so what comes is a new failure.
            if app.store.stats().commits > 0 {
                pause = MIN_PAUSE;
            }
            tokio::time::sleep(POLL_INTERVAL).await;
        }
        tracing::warn!("the data file cannot be written; reopening it");
        let mut logged = String::new();
        while app.store.is_degraded() {
            tokio::time::sleep(pause).await;
            pause = pause.saturating_mul(2).min(MAX_PAUSE);
            match try_reopen(app).await {
                Ok(()) => tracing::info!("the data file can be written again"),
                Err(error) => {
                    let join_error_reason = error.to_string();
                    // The same reason is logged once, however often reopening fails.
                    if join_error_reason != logged {
                        tracing::error!(join_error_reason, "the data file still cannot be written; retrying");
                        logged = join_error_reason;
                    }
                }
            }
        }
    }
}

/// Reopens the data file if it accepts no writes and its disk has room again.
///
/// # Errors
/// [`Error::Unavailable`] when it still can't be written.
pub async fn try_reopen(app: &App) -> Result<(), Error> {
    let store = app.store.clone();
    let reopened = tokio::task::spawn_blocking(move || store.reopen(check_room)).await;
    reopened.map_err(|ended| Error::broken(join_error_reason(&ended)))?.map_err(Error::unavailable)
}

/// Checks that the file could grow by growing another file next to it. Asking the disk for its free space would
/// overlook quotas, file size limits, and disks that have turned read-only.
fn check_room(data_file: &Path) -> io::Result<()> {
    let length = std::fs::metadata(data_file)?.len();
    let trial = disk_reserve(data_file);
    // SECURITY: what a killed server left is removed, not appended to: by now it could be a link to another file.
    let _ = std::fs::remove_file(&trial);
    let grown = (|| {
        let mut file = OpenOptions::new().append(true).create_new(true).mode(0o600).open(&trial)?;
        // The first part is a hole as long as the data file; only what follows takes space.
        file.set_len(length)?;
        file.write_all(&vec![0xa5; RESERVE_BYTES])?;
        File::sync_all(&file)
    })();
    let removed = std::fs::remove_file(&trial);
    grown.and(removed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_room_check_leaves_no_file_behind() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("atlas.redb");
        std::fs::write(&file, b"some bytes").unwrap();
        check_room(&file).unwrap();
        assert_eq!(std::fs::read(&file).unwrap(), b"some bytes");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        assert!(check_room(&folder.path().join("missing/atlas.redb")).is_err());
    }
}
